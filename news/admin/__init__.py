"""Admin of the news: articles, addresses of the former site, pictures, stories and topics."""

from . import articles, legacy_addresses, pictures, stories

__all__ = ["articles", "legacy_addresses", "pictures", "stories"]
