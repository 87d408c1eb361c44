"""Admin pages of the directory."""

from . import parliaments

__all__ = ["parliaments"]
