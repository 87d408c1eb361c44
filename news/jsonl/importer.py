"""Import of articles: lines are validated, compared with the record, and saved."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.images import get_image_dimensions
from django.db import models, transaction
from django.utils.translation import gettext as _

from cspa import audit
from cspa.i18n import translated_columns
from cspa.media.images import clean_photo
from cspa.richtext import pictures as shown_pictures
from delegations.importer.records import RowError
from delegations.importer.row_diff import Action
from delegations.models import Source

from ..models import Article, Picture, Story, Topic
from .comparison import changed_keys
from .lookups import Lookups
from .media_files import MediaFolder, checked_pdf
from .reader import ArticleRow, SeenKeys
from .report import ArchiveReport
from .schema import COLUMNS, PICTURE, SOURCE, TOPIC
from .serializer import line, picture_record, source_record, topic_record
from .writer import ArticleWriter

# Columns that a line may leave open.
_OPEN = ("slug", "state", "text_changed")


@dataclass
class ArticleImporter:
    """Imports the articles of one file by chunks of lines, so that memory does not grow with the file."""

    folder: MediaFolder
    seen: SeenKeys
    update: bool
    dry_run: bool
    # Whether a text that loses something is a conflict.
    strict: bool
    # Whether new articles become drafts, and others keep their state.
    as_drafts: bool
    # Where a text stands, by the number of its line and of a line in it.
    place: Callable[[int, int], int | str]
    # Called while PostgreSQL takes in an article.
    between_articles: Callable[[], Any]
    report: ArchiveReport = field(default_factory=ArchiveReport.empty)

    @property
    def saving(self) -> bool:
        """Whether rows are written. The first conflict ends this, since the import saves all or nothing."""
        return not self.dry_run and not self.report.conflicts

    @property
    def new_articles(self) -> int:
        return self.report.counts[Action.ADDED]["articles"]

    def process_chunk(self, rows: list[ArticleRow]) -> None:
        rows = self.accepted(rows, self.validate)
        self.lookups = Lookups(rows)
        self.new_rows: dict[type[models.Model], list] = {model: [] for model in (Story, Topic, Source, Picture)}
        rows = self.accepted(rows, self.match)
        rows = self.accepted([row for row in rows if self.needs_saving(row)], self.create_missing)
        # Article.clean() reads the alternative texts from the database, so a dry run stores the pictures, too.
        with transaction.atomic() if self.new_rows[Picture] else nullcontext():
            self.save_pictures()
            rows = self.accepted(rows, self.populate)
            self.warn_missing_pictures(rows)
            if self.new_rows[Picture] and not self.saving:
                transaction.set_rollback(True)
        for row in rows:
            action = Action.ADDED if row.new else Action.CHANGED
            self.report.count(action, "articles", row.number, row.label, row.changed)
        if self.saving:
            ArticleWriter(self.lookups, self.between_articles).save(rows, self.new_rows)
        audit.flush()

    def accepted(self, rows: list[ArticleRow], step: Callable[[ArticleRow], None]) -> list[ArticleRow]:
        """Run ``step`` for each row; return the rows for which it raises no RowError."""
        good = []
        for row in rows:
            try:
                step(row)
                good.append(row)
            except RowError as error:
                self.report.conflict(row.number, str(error))
        return good

    # Steps before the lookups

    def validate(self, row: ArticleRow) -> None:
        """Check that the line could be read, and that no earlier line has its ids or addresses."""
        if row.error:
            raise row.error
        if row.lost:
            self.report_losses(row)
        self.require_unique(row, "id", row.values["id"], shown=row.label if "id" in row.made else "")
        self.require_unique(row, "story", *row.key)
        if "slug" in row.made and self.seen.find(_key("address", *row.address)):
            row.lengthen_slug()
        for address in (row.address, *row.former_addresses):
            self.require_unique(row, "address", *address)
        for legacy in dict.fromkeys(row.values["legacy_addresses"]):
            self.require_unique(row, "legacy address", legacy)
        for attachment in row.values["attachments"]:
            self.require_unique(row, "attachment", attachment["id"])

    def report_losses(self, row: ArticleRow) -> None:
        """Name what the text loses. Raises RowError where that is a conflict."""
        message = _("The text loses elements that texts may not hold: %(elements)s")
        lost = {name: f"{name} ({number})" for name, (number, _first) in row.lost.items()}
        for name, (number, first) in row.lost.items():
            self.report.not_kept[name] = self.report.not_kept.get(name, 0) + number
            if not self.strict:
                self.report.warn(self.place(row.number, first), message % {"elements": lost[name]}, "articles")
        if self.strict:
            raise RowError(message % {"elements": ", ".join(lost.values())})

    def require_unique(self, row: ArticleRow, *parts: Any, shown: str = "") -> None:
        key = _key(*parts)
        if earlier := self.seen.add(key, row.number):
            message = _("This stands on line %(line)d already: %(what)s")
            raise RowError(message % {"line": earlier[0], "what": shown or key})

    # Steps that compare with the record

    def match(self, row: ArticleRow) -> None:
        """Find the article on record, and check that all that the line refers to is on record or described."""
        values, lookups = row.values, self.lookups
        row.article = lookups.articles.get(values["id"]) or lookups.translations.get(row.key)
        row.new = row.article is None
        self.use_recorded(row)
        if row.article and (row.article.story.uid, row.article.language) != row.key:
            raise RowError(_("On record this article belongs to another story, or is in another language."))
        own = row.article and row.article.pk
        uid = str(row.article.uid if row.article else values["id"])
        for address in (row.address, *row.former_addresses):
            if lookups.owners.get(address, own) != own:
                raise RowError(
                    _("On record this address is another article's: %(address)s")
                    % {"address": "{} {} {}".format(*address)}
                )
            if lookups.retired.get(address, uid) != uid:
                raise RowError(
                    _("Another article had this address, and readers still follow it: %(address)s")
                    % {"address": "{} {} {}".format(*address)}
                )
        for legacy in values["legacy_addresses"]:
            if lookups.legacy_owners.get(legacy, own) != own:
                raise RowError(_("On record this address is another article's: %(address)s") % {"address": legacy})
        self.require_known("people", row.people, lookups.people)
        self.require_known("delegations", values["delegations"], lookups.parliaments)
        self.use_present_ids(values)
        for topic in values["topics"]:
            if topic["slug"] in lookups.retired_topics:
                raise RowError(_("Another topic had this address: %(slug)s") % {"slug": topic["slug"]})
            self.require_same(row, "topics", topic["slug"], TOPIC.without_defaults(topic), topic_record)
        for source in values["sources"]:
            self.require_same(row, "sources", source["id"], SOURCE.without_defaults(source), source_record)
        for picture in row.pictures:
            self.require_same(row, "pictures", picture["id"], PICTURE.without_defaults(picture), picture_record)
        for attachment in values["attachments"]:
            stored = lookups.attachments.get(attachment["id"])
            if stored and stored.article_id != own:
                raise RowError(_("On record this document is another article's: %(title)s") % {"title": stored.title})

    def use_recorded(self, row: ArticleRow) -> None:
        """Let the article on record say what the line leaves open. A new one avoids the addresses of others."""
        if self.as_drafts:
            row.values["state"] = row.article.state if row.article else Article.State.DRAFT.value
        if row.article:
            recorded = {"story": row.article.story.uid, **{key: getattr(row.article, COLUMNS[key]) for key in _OPEN}}
            row.values |= {key: value for key, value in recorded.items() if key in row.made}
        elif "slug" in row.made and (row.address in self.lookups.owners or row.address in self.lookups.retired):
            row.lengthen_slug()

    def require_known(self, key: str, named: list, known: Mapping) -> None:
        if missing := sorted({name for name in named if name not in known}):
            raise RowError(
                _("“%(name)s”: not on record: %(keys)s. Import the directory first (import_delegations).")
                % {"name": key, "keys": ", ".join(map(str, missing[:20]))}
            )

    def use_present_ids(self, values: dict[str, Any]) -> None:
        """Replace former ids of people and former slugs of parliaments."""
        people, parliaments = self.lookups.people, self.lookups.parliaments
        values["people"] = sorted({people[number].public_id for number in values["people"]})
        values["delegations"] = sorted({parliaments[slug].slug for slug in values["delegations"]})
        for quotation in values["quotations"] or []:
            quotation["person"] = quotation["person"] and people[quotation["person"]].public_id

    def require_same(
        self, row: ArticleRow, kind: str, key: Any, described: Mapping[str, Any], serialize: Callable
    ) -> None:
        """Check that all lines describe a shared row alike. A row on record that differs stays, with a warning."""
        text = line(described)
        earlier = self.seen.add(f"{kind} {key}", row.number, text)
        if earlier and earlier[1] != text:
            raise RowError(
                _("Line %(line)d says otherwise of this: %(what)s") % {"line": earlier[0], "what": f"{kind} {key}"}
            )
        stored = getattr(self.lookups, kind).get(key)
        if stored and not earlier and serialize(stored) != described:
            self.report.warn(row.number, _("The record says otherwise, and stays: %(row)s") % {"row": stored}, kind)

    def needs_saving(self, row: ArticleRow) -> bool:
        """Return whether the article is new, or differs and is to be replaced."""
        if row.new:
            return True
        row.changed = changed_keys(row)
        if row.changed and self.update:
            return True
        self.report.count(Action.UNCHANGED, "articles", row.number, row.label)
        if row.changed:
            self.report.warn(
                row.number,
                _("On record the article differs, and stays (--update replaces it): %(title)s (%(keys)s)")
                % {"title": row.label, "keys": ", ".join(row.changed)},
                "articles",
            )
        return False

    # Steps that build rows

    def create_missing(self, row: ArticleRow) -> None:
        """Build the topics, sources and pictures that are not on record, and fetch the files of documents."""
        for topic in row.values["topics"]:
            if topic["slug"] not in self.lookups.topics:
                self.add_new(row, "topics", topic["slug"], Topic(**topic))
        for source in row.values["sources"]:
            if source["id"] not in self.lookups.sources:
                values = {"uid" if key == "id" else key: value for key, value in source.items()}
                self.add_new(row, "sources", source["id"], Source(**values))
        for picture in row.pictures:
            if picture["id"] not in self.lookups.pictures:
                self.add_new(row, "pictures", picture["id"], self.build_picture(picture))
        for attachment in row.values["attachments"]:
            if attachment["id"] not in self.lookups.attachments:
                attachment["size"] = self.folder.fetch(attachment["path"], checked_pdf, self.saving).size
                self.report.count(Action.ADDED, "attachments", row.number, attachment["title"])

    def add_new(self, row: ArticleRow, kind: str, key: Any, new: models.Model) -> None:
        getattr(self.lookups, kind)[key] = new
        self.new_rows[type(new)].append(new)
        # A dry run saves no row, so later chunks build it again: count it once.
        if not self.seen.add(f"new {kind} {key}", row.number):
            self.report.count(Action.ADDED, kind, row.number, str(new))

    def build_picture(self, described: Mapping[str, Any]) -> Picture:
        path, (x, y) = described["path"], described["focus"]
        if path in self.lookups.files:
            raise RowError(_("On record this file is another picture's: %(path)s") % {"path": path})
        width, height = get_image_dimensions(self.folder.fetch(path, clean_photo, self.saving))
        picture = self.lookups.files[path] = Picture(
            uid=described["id"],
            file=path,
            width=width,
            height=height,
            decorative=described["decorative"],
            focus_x=x,
            focus_y=y,
            **{column: described[column] for name in ("alt", "credit") for column in translated_columns(name)},
        )
        return picture

    def save_pictures(self) -> None:
        if self.saving:
            for picture in self.new_rows[Picture]:
                self.folder.save_picture(picture)
        else:
            Picture.objects.bulk_create(self.new_rows[Picture])

    def populate(self, row: ArticleRow) -> None:
        """Give the article the values of the line. A published article needs its alternative texts."""
        values = row.values
        if row.new:
            row.article = Article(uid=values["id"], story=self.story(values["story"]), language=values["language"])
        for key, column in COLUMNS.items():
            setattr(row.article, column, values[key])
        row.article.picture = values["picture"] and self.lookups.pictures[values["picture"]["id"]]
        try:
            row.article.clean()
        except ValidationError as error:
            raise RowError(" ".join(error.messages)) from error

    def story(self, uid: Any) -> Story:
        if uid not in self.lookups.stories:
            self.lookups.stories[uid] = Story(uid=uid)
            self.new_rows[Story].append(self.lookups.stories[uid])
        return self.lookups.stories[uid]

    def warn_missing_pictures(self, rows: list[ArticleRow]) -> None:
        """Warn of pictures in texts that are neither on record nor described."""
        known = Picture.objects.within([row.article for row in rows])
        for row in rows:
            for address in dict(shown_pictures(row.article.body)):
                if address not in known:
                    message = _("The text shows a picture that is neither on record nor on this line: %(address)s")
                    self.report.warn(row.number, message % {"address": address}, "pictures")


def _key(*parts: Any) -> str:
    return " ".join(map(str, parts))
