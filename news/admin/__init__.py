"""Admin pages of the news."""

from . import articles

__all__ = ["articles"]
