"""Lines become articles: who is who, what differs, what is missing, and all of it saved."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.images import get_image_dimensions
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from cspa import audit, versions
from cspa.db.bulk_copy import copy
from cspa.db.computed_fields import DerivedQuerySet
from cspa.i18n import columns
from cspa.media.images import clean_photo
from cspa.richtext import pictures as shown_in
from cspa.richtext import quotations
from delegations.importer.records import RowError
from delegations.importer.row_diff import Action
from delegations.models import Source

from ..models import Article, Attachment, Correction, FormerAddress, Picture, Quotation, Story, Topic
from .lookups import Known
from .media_files import Files, checked_pdf
from .reader import Address, Row, Said
from .report import ArchiveReport
from .schema import ARTICLE, COLUMNS, PICTURE, SOURCE, TOPIC
from .serializer import chosen, line, picture_record, record, source_record, topic_record

# What a line says of other rows that are on record does not make the article another one.
_IDENTITIES = {"topics": "slug", "sources": "id"}
# Who it is; and the pictures of a text, which follow from the text.
_NOT_COMPARED = {"id", "story", "language", "pictures"}
#: The relations of an article by the keys of a line.
_RELATIONS = {"topics": "topics", "delegations": "parliaments", "people": "people", "sources": "sources"}


class Import:
    """The articles of one file, some lines at a time; memory does not grow with the file.

    ``meanwhile`` is what to do while the database takes an article.
    """

    def __init__(self, files: Files, said: Said, update: bool, dry_run: bool, meanwhile: Callable[[], Any]):
        self.files = files
        self.said = said
        self.update = update
        self.dry_run = dry_run
        self.meanwhile = meanwhile
        self.report = ArchiveReport.empty()

    @property
    def saving(self) -> bool:
        """Whether anything is to be written: nothing is any more after the first conflict."""
        return not self.dry_run and not self.report.conflicts

    @property
    def new_articles(self) -> int:
        """How many articles have been added so far."""
        return self.report.counts[Action.ADDED]["articles"]

    def take(self, rows: list[Row]) -> None:
        """Compare and save some lines that are read."""
        rows = self.each(rows, self.look)
        self.known = Known(rows)
        self.new: dict[type[models.Model], list] = {model: [] for model in (Story, Topic, Source, Picture)}
        rows = self.each(rows, self.find)
        rows = self.each([row for row in rows if self.is_to_be_saved(row)], self.bring)
        # Whether a picture has its alternative text is asked of the database, even where nothing is saved.
        with transaction.atomic() if self.new[Picture] else nullcontext():
            self.save_pictures()
            rows = self.each(rows, self.fill)
            self.look_for_pictures(rows)
            if self.new[Picture] and not self.saving:
                transaction.set_rollback(True)
        for row in rows:
            self.report.count(
                Action.ADDED if row.new else Action.CHANGED, "articles", row.number, row.label, row.changed
            )
        if self.saving:
            self.save(rows)
        audit.flush()

    def each(self, rows: list[Row], do: Callable[[Row], None]) -> list[Row]:
        """Those of ``rows`` in which ``do`` finds no problem."""
        good = []
        for row in rows:
            try:
                do(row)
                good.append(row)
            except RowError as error:
                self.report.conflict(row.number, str(error))
        return good

    # Lines among each other

    def look(self, row: Row) -> None:
        """It is well read; no two lines may be one article or have one address."""
        if row.problem:
            raise row.problem
        self.once(row, "id", row.values["id"])
        self.once(row, "story", *row.key)
        for address in (row.address, *row.former_addresses):
            self.once(row, "address", *address)
        for attachment in row.values["attachments"]:
            self.once(row, "attachment", attachment["id"])

    def once(self, row: Row, *what: Any) -> None:
        what = " ".join(map(str, what))
        if before := self.said.before(what, row.number):
            raise RowError(_("This stands on line %(line)d already: %(what)s") % {"line": before[0], "what": what})

    def describe(self, row: Row, kind: str, key: Any, described: Mapping[str, Any], of: Callable) -> None:
        """What lines say of a row that several articles may name is said alike; what the record says of it stays."""
        words = line(described)
        before = self.said.before(f"{kind} {key}", row.number, words)
        if before and before[1] != words:
            raise RowError(
                _("Line %(line)d says otherwise of this: %(what)s") % {"line": before[0], "what": f"{kind} {key}"}
            )
        there = getattr(self.known, kind).get(key)
        if there and not before and of(there) != described:
            self.report.warn(row.number, _("The record says otherwise, and stays: %(row)s") % {"row": there}, kind)

    # Lines and the record

    def find(self, row: Row) -> None:
        """Which article on record it is; what it names must be there, or be described."""
        values, known = row.values, self.known
        row.article = known.articles.get(values["id"]) or known.translations.get(row.key)
        row.new = row.article is None
        if row.article and (row.article.story.uid, row.article.language) != row.key:
            raise RowError(_("On record this article belongs to another story, or is in another language."))
        own = row.article and row.article.pk
        for address in (row.address, *row.former_addresses):
            if known.owners.get(address, own) != own:
                raise RowError(
                    _("On record this address is another article's: %(address)s")
                    % {"address": "{} {} {}".format(*address)}
                )
        self.meet("people", row.people, known.people)
        self.meet("delegations", values["delegations"], known.parliaments)
        # As they are called today.
        values["people"] = sorted({known.people[number].public_id for number in values["people"]})
        values["delegations"] = sorted({known.parliaments[slug].slug for slug in values["delegations"]})
        for quotation in values["quotations"] or []:
            quotation["person"] = quotation["person"] and known.people[quotation["person"]].public_id
        for topic in values["topics"]:
            self.describe(row, "topics", topic["slug"], TOPIC.written(topic), topic_record)
        for source in values["sources"]:
            self.describe(row, "sources", source["id"], SOURCE.written(source), source_record)
        for picture in row.pictures:
            self.describe(row, "pictures", picture["id"], PICTURE.written(picture), picture_record)
        for attachment in values["attachments"]:
            there = known.attachments.get(attachment["id"])
            if there and there.article_id != own:
                raise RowError(_("On record this document is another article's: %(title)s") % {"title": there.title})

    def meet(self, key: str, named: list, known: Mapping) -> None:
        if missing := sorted({name for name in named if name not in known}):
            raise RowError(
                _("“%(name)s”: not on record: %(keys)s. Import the directory first (import_delegations).")
                % {"name": key, "keys": ", ".join(map(str, missing[:20]))}
            )

    def is_to_be_saved(self, row: Row) -> bool:
        """Whether the article is new, or differs and is to be replaced."""
        if row.new:
            return True
        theirs = {name: key.empty for name, key in ARTICLE.items()} | record(row.article, {})
        row.changed = [name for name in ARTICLE if self.differs(row, name, theirs[name])]
        if row.changed and self.update:
            return True
        self.report.count(Action.UNCHANGED, "articles", row.number, row.label)
        if row.changed:
            self.report.warn(
                row.number,
                _("On record the article differs, and stays (--update replaces it): %(title)s (%(keys)s)")
                % {"title": row.label, "keys": ", ".join(row.changed)},
            )
        return False

    def differs(self, row: Row, name: str, theirs: Any) -> bool:
        """Whether the line says otherwise under the key ``name`` than the record."""
        ours = row.values[name]
        if name in _NOT_COMPARED:
            return False
        if name == "quotations":
            return ours is not None and chosen(ours) != (theirs or [])
        if name == "former_addresses":  # those on record redirect for ever
            there = {(each["language"], each["date"], each["slug"]) for each in theirs}
            return not there.issuperset(set(row.former_addresses) - {_address(row.article)})
        if name == "corrections":
            ours, theirs = ([(each["date"], each["text"]) for each in rows] for rows in (ours, theirs))
        elif name in _IDENTITIES:
            ours, theirs = ({each[_IDENTITIES[name]] for each in rows} for rows in (ours, theirs))
        elif name == "attachments":
            ours, theirs = (
                {each["id"]: (each["title"], each["language"]) for each in rows} for rows in (ours, theirs)
            )
        elif name == "picture":
            ours, theirs = (picture and picture["id"] for picture in (ours, theirs))
        return ours != theirs

    # What an article brings along

    def bring(self, row: Row) -> None:
        """Make what is not on record: topics, sources, pictures, and the files of documents."""
        for topic in row.values["topics"]:
            if topic["slug"] not in self.known.topics:
                self.add(row, "topics", topic["slug"], Topic(**topic))
        for source in row.values["sources"]:
            if source["id"] not in self.known.sources:
                described = {"uid" if key == "id" else key: value for key, value in source.items()}
                self.add(row, "sources", source["id"], Source(**described))
        for picture in row.pictures:
            if picture["id"] not in self.known.pictures:
                self.add(row, "pictures", picture["id"], self.picture(picture))
        for attachment in row.values["attachments"]:
            if attachment["id"] not in self.known.attachments:
                attachment["size"] = self.files.take(attachment["path"], checked_pdf, self.saving).size
                self.report.count(Action.ADDED, "attachments", row.number, attachment["title"])

    def add(self, row: Row, kind: str, key: Any, made: models.Model) -> None:
        getattr(self.known, kind)[key] = made
        self.new[type(made)].append(made)
        if not self.said.before(f"new {kind} {key}", row.number):  # a dry run makes it again for the next lines
            self.report.count(Action.ADDED, kind, row.number, str(made))

    def picture(self, described: Mapping[str, Any]) -> Picture:
        """A picture that is not on record; its row is not saved yet."""
        path, (x, y) = described["path"], described["focus"]
        if path in self.known.files:
            raise RowError(_("On record this file is another picture's: %(path)s") % {"path": path})
        width, height = get_image_dimensions(self.files.take(path, clean_photo, self.saving))
        picture = self.known.files[path] = Picture(
            uid=described["id"],
            file=path,
            width=width,
            height=height,
            decorative=described["decorative"],
            focus_x=x,
            focus_y=y,
            **{column: described[column] for name in ("alt", "credit") for column in columns(name)},
        )
        return picture

    def save_pictures(self) -> None:
        if self.saving:
            for picture in self.new[Picture]:
                self.files.save(picture)
        else:
            Picture.objects.bulk_create(self.new[Picture])

    def fill(self, row: Row) -> None:
        """Make the article what the line says; a published one needs its alternative texts."""
        values = row.values
        if row.new:
            row.article = Article(uid=values["id"], story=self.story(values["story"]), language=values["language"])
        for key, column in COLUMNS.items():
            setattr(row.article, column, values[key])
        row.article.picture = values["picture"] and self.known.pictures[values["picture"]["id"]]
        try:
            row.article.clean()
        except ValidationError as error:
            raise RowError(" ".join(error.messages)) from error

    def story(self, uid: Any) -> Story:
        if uid not in self.known.stories:
            self.known.stories[uid] = Story(uid=uid)
            self.new[Story].append(self.known.stories[uid])
        return self.known.stories[uid]

    def look_for_pictures(self, rows: list[Row]) -> None:
        """Warn of pictures that a text shows and nobody has."""
        known = Picture.objects.within([row.article for row in rows])
        for row in rows:
            for address in dict(shown_in(row.article.body)):
                if address not in known:
                    words = _("The text shows a picture that is neither on record nor on this line: %(address)s")
                    self.report.warn(row.number, words % {"address": address}, "pictures")

    # Saving

    def save(self, rows: list[Row]) -> None:
        """Write what is new in a constant number of queries; what changes one by one, which leaves a revision."""
        for model in (Story, Topic, Source):
            self.create(model, self.new[model])
        new = [row for row in rows if row.new]
        insert([row.article for row in new], self.meanwhile)
        audit.mark_created(Article, [row.article.pk for row in new])
        self.quote(new)
        for key, relation in _RELATIONS.items():
            field = Article._meta.get_field(relation)
            names = (f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id")
            if pairs := [(row.article.pk, other.pk) for row in new for other in self.related(row, key)]:
                copy(field.remote_field.through, names, pairs)
        self.create(
            FormerAddress,
            (FormerAddress(article=row.article, **each) for row in new for each in row.values["former_addresses"]),
        )
        if new:
            versions.written()  # which COPY does not say by itself
        for row in rows:
            if not row.new:
                self.replace(row)
        self.create(
            Correction,
            (
                Correction(article=row.article, date=each["date"], text=each["text"], recorded_at=each["recorded"])
                for row in rows
                if row.new or "corrections" in row.changed
                for each in row.values["corrections"]
            ),
        )
        self.create(
            Attachment,
            (
                Attachment(
                    article=row.article,
                    uid=each["id"],
                    file=each["path"],
                    title=each["title"],
                    language=each["language"],
                    size=each["size"],
                )
                for row in rows
                for each in row.values["attachments"]
                if "size" in each
            ),
        )

    def create(self, model: type[models.Model], rows: Iterable[models.Model]) -> None:
        audit.mark_created(model, [row.pk for row in model.objects.bulk_create(rows)])

    def related(self, row: Row, key: str) -> list[models.Model]:
        """The rows that a line names under ``key``, each once."""
        known = getattr(self.known, _RELATIONS[key])
        names = [each[_IDENTITIES[key]] if key in _IDENTITIES else each for each in row.values[key]]
        return [known[name] for name in dict.fromkeys(names)]

    def quote(self, new: list[Row]) -> None:
        """Quotations as the lines say; where they say nothing, as the texts and the directory do."""
        said = []
        for row in new:
            if row.values["quotations"] is not None:
                for place, (words, _caption) in enumerate(quotations(row.article.body)):
                    said.append(Quotation(article=row.article, place=place, words=words))
                    self.choose(row, said[-1])
        Quotation.objects.bulk_create(said)
        Quotation.objects.follow([row.article for row in new])

    def choose(self, row: Row, quotation: Quotation) -> None:
        """Give ``quotation`` what the line says of it."""
        said = next((each for each in row.values["quotations"] if each["place"] == quotation.place), {})
        quotation.person = self.known.people[said["person"]] if said.get("person") else None
        quotation.function = said.get("function", "")
        quotation.original_language = said.get("original_language", "")

    def replace(self, row: Row) -> None:
        """Make the article on record what the line says."""
        article, values = row.article, row.values
        article.save()
        # save() has told when the text changed; the line knows better.
        Article.objects.filter(pk=article.pk).update(text_changed_at=values["text_changed"])
        for key, relation in _RELATIONS.items():
            if key in row.changed:
                getattr(article, relation).set(self.related(row, key))
        if "corrections" in row.changed:
            article.corrections.all().delete()
        if values["quotations"] is not None:
            said = list(Quotation.objects.filter(article=article))
            for quotation in said:
                self.choose(row, quotation)
            Quotation.objects.bulk_update(said, ["person", "function", "original_language"])
        for each in values["former_addresses"]:
            FormerAddress.objects.get_or_create(**each, defaults={"article": article})
        if "attachments" in row.changed:
            stay = [each["id"] for each in values["attachments"]]
            Attachment.objects.filter(article=article).exclude(uid__in=stay).delete()
            audit.snapshot_before(Attachment, Attachment.objects.filter(article=article).values_list("pk", flat=True))
            for each in values["attachments"]:
                Attachment.objects.filter(uid=each["id"]).update(title=each["title"], language=each["language"])


def insert(articles: list[Article], meanwhile: Callable[[], Any]) -> None:
    """Save new articles. PostgreSQL takes in one while the next is made ready, and ``meanwhile()`` is done.

    Not by Article.objects, which would ask the directory who is quoted: the lines say it.
    """
    if not articles or connection.vendor != "postgresql":
        DerivedQuerySet(Article).bulk_create(articles)
        return
    with connection.cursor() as cursor:
        keys = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        cursor.execute(keys, [connection.ops.quote_name(Article._meta.db_table), len(articles)])
        for article, (article.pk,) in zip(articles, cursor.fetchall(), strict=True):
            article.story = article.story  # which has its key by now
            article._state.adding, article._state.db = False, connection.alias
    names = [field.attname for field in Article._meta.concrete_fields]

    def rows() -> Iterator[list[Any]]:
        for article in articles:
            article.derive()
            yield [getattr(article, name) for name in names]
            meanwhile()

    copy(Article, names, rows())


def _address(article: Article) -> Address:
    return article.language, article.date, article.slug
