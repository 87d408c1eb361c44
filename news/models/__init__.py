"""News: articles in one language each, joined by a story; what they quote, show and attach."""

from .articles import (
    EARLIEST,
    LATEST,
    TEXTS,
    Article,
    ArticleQuerySet,
    Correction,
    FormerAddress,
    Story,
    Topic,
    Translation,
)
from .attachments import Attachment
from .pictures import Picture
from .quotations import Quotation

__all__ = [
    "EARLIEST",
    "LATEST",
    "TEXTS",
    "Article",
    "ArticleQuerySet",
    "Attachment",
    "Correction",
    "FormerAddress",
    "Picture",
    "Quotation",
    "Story",
    "Topic",
    "Translation",
]
