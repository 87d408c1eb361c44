"""Admin pages of the directory."""

from . import confirmations, facts, parliaments, people, proposals, sources

__all__ = ["confirmations", "facts", "parliaments", "people", "proposals", "sources"]
