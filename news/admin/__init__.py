"""Admin pages of the news."""

from . import articles, pictures, stories

__all__ = ["articles", "pictures", "stories"]
