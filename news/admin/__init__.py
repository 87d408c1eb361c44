"""Admin of the news: articles, pictures, stories and topics."""

from . import articles, pictures, stories

__all__ = ["articles", "pictures", "stories"]
