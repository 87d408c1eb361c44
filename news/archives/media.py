"""Pictures and documents of posts, out of a folder with the uploads of the former site.

A file is found by its path, never by its name alone. The folder is the root of the former site, or
wp-content or uploads in it, or that of saved pages.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.utils.html import escape
from django.utils.translation import gettext as _
from slugify import slugify
from translated_fields import to_attribute

from cspa.i18n import single_line
from cspa.media.images import clean_photo
from cspa.media.pdf import check_pdf
from cspa.richtext import PICTURES, pictures, sanitise

from ..models import Attachment, Picture
from .markup import Edit, Image, Link, Markup, changed
from .posts import Post, Upload

# The size that WordPress adds to the name of a smaller copy.
_SIZE = re.compile(r"-\d+x\d+(?=\.[A-Za-z]+$)")
_DOCUMENT = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|odp|rtf|zip|rar|7z|csv|txt)$", re.IGNORECASE)
_ALT = Picture._meta.get_field("alt_en").max_length
_TITLE = Attachment._meta.get_field("title").max_length

# Host and path of a file on the former site.
type Place = tuple[str, str]


@dataclass(frozen=True)
class Missing:
    """What does not come along. ``element`` is "" for the lead picture, ``line`` counts from 0 in the text."""

    element: str
    line: int
    message: str
    # Whether readers lose it; else it only lacks words.
    is_lost: bool = True


@dataclass
class Brought:
    """The text of a post with what it shows."""

    body: str
    picture: dict[str, Any] | None = None
    pictures: dict[str, dict[str, Any]] = field(default_factory=dict)
    attachments: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    # Where each picture first stands.
    lines: dict[str, int] = field(default_factory=dict)


class Media:
    """The files of a folder. ``files`` are those that lines name, by their paths there."""

    def __init__(self, folder: Path, library: Iterable[Upload] = ()):
        self.folder = folder.resolve()
        self.files: dict[str, Path] = {}
        self._by_number: dict[str, Upload] = {}
        self._by_place: dict[Place, Upload] = {}
        for upload in library:
            self._by_number[upload.number] = upload
            self._by_place[_place(upload.address)] = upload
        self._hosts = {host for host, _path in self._by_place}
        # What is wrong with a file; empty: nothing.
        self._problems: dict[tuple[Path, Any], str] = {}
        self._pictures: dict[Path, dict[str, Any]] = {}

    def bring(self, post: Post, language: str, uid: UUID) -> Brought:
        """The text of ``post`` with its pictures and documents as the article ``uid`` in ``language`` shows them."""
        markup = Markup(post.body)
        brought = Brought(post.body)
        edits = [
            *(self._image(image, post, language, markup, brought) for image in markup.images),
            *(self._link(link, post, language, uid, brought) for link in markup.links),
        ]
        brought.body = changed(post.body, filter(None, edits))
        self._check_shown(brought)
        if post.thumbnail:
            self._lead(post, language, brought)
        return brought

    def _image(self, image: Image, post: Post, language: str, markup: Markup, brought: Brought) -> Edit | None:
        source = image.attributes.get("src", "")
        place, file, problem = self._found(source, post, clean_photo)
        if file is None:
            brought.missing.append(Missing("img", image.line - 1, problem))
            return None
        upload = self._by_place.get(place)
        alt = single_line(image.attributes.get("alt", "")) or (single_line(upload.alt) if upload else "")
        if not alt:
            message = _("The picture has no alternative text: %(address)s") % {"address": source}
            brought.missing.append(Missing("img", image.line - 1, message, is_lost=False))
        picture = self._picture(place, file, alt, language)
        address = settings.MEDIA_URL + picture["path"]
        brought.pictures[address] = picture
        brought.lines.setdefault(address, image.line - 1)
        return markup.shown(image, address, alt)

    def _link(self, link: Link, post: Post, language: str, uid: UUID, brought: Brought) -> Edit | None:
        source = link.attributes.get("href", "")
        place = _place(source, post)
        if place[0] not in self._hosts_of(post) or not _DOCUMENT.search(place[1]):
            return None
        place, file, problem = self._found(source, post, check_pdf)
        if file is None:
            brought.missing.append(Missing("a", link.line - 1, problem))
            return None
        whole = uuid5(NAMESPACE_URL, "https://{}{}".format(*place))
        stem = PurePosixPath(place[1]).stem
        path = f"attachments/{slugify(stem, max_length=60) or 'document'}-{whole.hex[:16]}.pdf"
        upload = self._by_place.get(place)
        title = single_line("".join(link.words)) or (upload.title if upload else "") or stem
        self.files[path] = file
        record = {"id": str(uuid5(uid, path)), "path": path, "title": title[:_TITLE], "language": language}
        brought.attachments.setdefault(path, record)
        return Edit(link.start, link.end, f'<a href="{escape(settings.MEDIA_URL + path)}">')

    def _lead(self, post: Post, language: str, brought: Brought) -> None:
        upload = self._by_number.get(post.thumbnail)
        if upload is None:
            message = _("The lead picture is not in the media library of the file: %(number)s")
            brought.missing.append(Missing("", 0, message % {"number": post.thumbnail}))
            return
        place, file, problem = self._found(upload.address, post, clean_photo)
        if file is None:
            brought.missing.append(Missing("", 0, problem))
            return
        brought.picture = self._picture(place, file, single_line(upload.alt), language)
        if not brought.picture.get(to_attribute("alt", language)):
            message = _("The lead picture has no alternative text: %(address)s") % {"address": upload.address}
            brought.missing.append(Missing("", 0, message, is_lost=False))

    def _check_shown(self, brought: Brought) -> None:
        """Name the pictures that stand where a text may show none."""
        try:
            shown = {address for address, _alt in pictures(sanitise(brought.body))}
        except ValidationError:
            # The import refuses the text.
            return
        for address in [each for each in brought.pictures if each not in shown]:
            message = _("The picture stands where a text can show none: %(address)s")
            path = brought.pictures.pop(address)["path"]
            brought.missing.append(
                Missing("img", brought.lines[address], message % {"address": self.files[path].name})
            )

    def _picture(self, place: Place, file: Path, alt: str, language: str) -> dict[str, Any]:
        """The picture as each line describes it: with the words of the first."""
        if file not in self._pictures:
            uid = uuid5(NAMESPACE_URL, "https://{}{}".format(*place))
            path = f"{PICTURES}{uid.hex}.jpg"
            words = {to_attribute("alt", language): alt[:_ALT]} if alt else {}
            self._pictures[file] = {"id": str(uid), "path": path, **words}
            self.files[path] = file
        return self._pictures[file]

    def _found(self, address: str, post: Post, check: Any) -> tuple[Place, Path | None, str]:
        """The place of ``address``, its file, and why there is none that can be taken."""
        host, path = place = _place(address, post)
        file = None
        if host in self._hosts_of(post):
            original = _SIZE.sub("", path)
            if original != path and place not in self._by_place and (file := self._file(original, post.root)):
                place = (host, original)
            else:
                file = self._file(path, post.root)
        if file is None:
            return place, None, _("This file is not in the folder of the media: %(address)s") % {"address": address}
        if (file, check) not in self._problems:
            self._problems[file, check] = _problem(file, check)
        problem = self._problems[file, check]
        return place, None if problem else file, f"{problem} {address}" if problem else ""

    def _hosts_of(self, post: Post) -> set[str]:
        return self._hosts | {host for address in (post.address, *post.others) if (host := _place(address)[0])}

    def _file(self, path: str, root: str) -> Path | None:
        parts, above = path.strip("/").split("/"), root.strip("/").split("/")
        starts = [0]
        if parts[: len(above)] == above:
            starts.append(len(above))
        if "wp-content" in parts:
            first = parts.index("wp-content")
            starts += [first, first + 1, first + 2]
        for start in starts:
            # File systems write composed letters in one way or the other.
            for form in ("NFC", "NFD"):
                name = unicodedata.normalize(form, "/".join(parts[start:]))
                try:
                    file = (self.folder / name).resolve()
                    if name and file.is_relative_to(self.folder) and file.is_file():
                        return file
                except (OSError, ValueError):
                    return None
        return None


def _place(address: str, post: Post | None = None) -> Place:
    """Host and decoded path of ``address``, with empty texts for what is no address."""
    bases = [each for each in (post.address, *post.others) if each.startswith("http")] if post else []
    try:
        url = urlsplit(urljoin(bases[0], address.strip()) if bases else address.strip())
        return (url.hostname or "").removeprefix("www."), unquote(url.path)
    except ValueError:
        return "", ""


def _problem(file: Path, check: Any) -> str:
    with File(file.open("rb")) as content:
        try:
            check(content)
        except ValidationError as error:
            return " ".join(error.messages)
    return ""
