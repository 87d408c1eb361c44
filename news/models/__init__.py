"""Models of the news: articles, stories, topics, pictures, quotations, attachments and corrections."""

from .articles import (
    EARLIEST,
    LATEST,
    TEXTS,
    Article,
    ArticleQuerySet,
    Translation,
)
from .attachments import Attachment
from .corrections import Correction
from .former_addresses import FormerAddress
from .legacy_addresses import LegacyAddress
from .pictures import Picture
from .quotations import Quotation
from .stories import Story
from .topics import Topic

__all__ = [
    "EARLIEST",
    "LATEST",
    "TEXTS",
    "Article",
    "ArticleQuerySet",
    "Attachment",
    "Correction",
    "FormerAddress",
    "LegacyAddress",
    "Picture",
    "Quotation",
    "Story",
    "Topic",
    "Translation",
]
