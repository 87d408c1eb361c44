"""Feed generators for Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1."""

import json
import re
from datetime import UTC, datetime
from typing import Any, TextIO

from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, SyndicationFeed
from django.utils.xmlutils import SimplerXMLGenerator

EPOCH = datetime.fromtimestamp(0, UTC)
# Characters that XML 1.0 forbids, even as references: control characters except tab and line ends, surrogates,
# noncharacters. Django rejects control characters only.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """``text`` without the characters that XML forbids."""
    return _UNPRINTABLE.sub("", str(text))


class StableFeedMixin(SyndicationFeed):
    """Mixin that removes unprintable characters, and gives an empty feed a constant date.

    Django dates an empty feed with the present time, which would change its ETag at every request.
    """

    title: str
    media_type: str

    def __init__(self, title: str, link: str, description: str | None, **fields: Any):
        super().__init__(printable(title), link, description and printable(description), **fields)

    def add_item(  # type: ignore[override]  # Django passes the other fields by name
        self, title: str, link: str, description: str, **fields: Any
    ) -> None:
        if summary := fields.get("summary"):
            fields["summary"] = printable(summary)
        fields["categories"] = [printable(name) for name in fields.get("categories") or ()]
        super().add_item(printable(title), link, description and printable(description), **fields)

    def latest_post_date(self) -> datetime:
        return super().latest_post_date() if self.items else EPOCH


class AtomFeed(StableFeedMixin, Atom1Feed):
    """Atom feed; an item with a ``summary`` has its ``description`` as content."""

    title, media_type = "Atom", "application/atom+xml"

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        if "summary" not in item:
            super().add_item_elements(handler, item)
            return
        super().add_item_elements(handler, {**item, "description": None})
        handler.addQuickElement("summary", item["summary"])
        handler.addQuickElement("content", item["description"], {"type": "html"})


class RssFeed(StableFeedMixin, Rss201rev2Feed):
    title, media_type = "RSS", "application/rss+xml"


class JsonFeed(StableFeedMixin):
    """JSON feed (https://www.jsonfeed.org/version/1.1/).

    The feed accepts a ``next_url``, an item further fields in ``extra``.
    """

    title, media_type = "JSON", "application/feed+json"
    content_type = f"{media_type}; charset=utf-8"

    def write(self, outfile: TextIO, encoding: str) -> None:
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.feed["title"],
            "description": self.feed["subtitle"] or self.feed["description"],
            "language": self.feed["language"],
            "home_page_url": self.feed["link"],
            "feed_url": self.feed["feed_url"],
            "next_url": self.feed.get("next_url"),
            "authors": [{"name": name}] if (name := self.feed["author_name"]) else [],
        }
        outfile.write(
            json.dumps({**_without_empty(feed), "items": list(map(self._item, self.items))}, ensure_ascii=False)
        )

    def _item(self, item: dict[str, Any]) -> dict[str, Any]:
        changed = item["updateddate"] or item["pubdate"]
        entry = {
            "id": item["unique_id"],
            "url": item["link"],
            "title": item["title"],
            "summary": item.get("summary"),
            "content_html": item["description"],
            "image": item.get("image"),
            "date_published": item["pubdate"].isoformat() if item["pubdate"] else None,
            "date_modified": changed.isoformat() if changed else None,
            "language": item.get("language"),
            "tags": list(item["categories"]),
        }
        return {**_without_empty(entry), **item.get("extra", {})}


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


# By extension of the URL.
FORMATS = {"atom": AtomFeed, "rss": RssFeed, "json": JsonFeed}
