"""Admin pages of the directory."""

from . import accounts, confirmations, facts, parliaments, people, proposals, sources

__all__ = ["accounts", "confirmations", "facts", "parliaments", "people", "proposals", "sources"]
