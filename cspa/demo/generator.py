"""Generator of demo data: a fictional Assembly for an empty database.

The rows depend on size and seed only, not on the clock. All public ids have a common prefix, which tells demo rows
from real ones.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import batched, zip_longest
from random import Random
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction
from slugify import slugify

from cspa.models import ChangeSet
from delegations.dates import FOUNDED, Precision
from delegations.models import (
    AssemblyPost,
    Body,
    Chamber,
    Confirmation,
    Delegate,
    Link,
    Parliament,
    Participation,
    Period,
    Person,
    Representative,
    SeatQuota,
    Source,
)
from news.models import Article, Quotation, Story, Topic

from .vocabulary import WOMEN, Names, Writer

type Progress = Callable[[str, int, int | None], None]

# Day of the latest news.
LAST_DAY = date(2026, 6, 30)
# Start of each convocation after the first.
CONVOCATIONS = [date(year, 11, 16) for year in (2010, 2014, 2018, 2022)]
# Stories or rows in one INSERT.
BATCH = 500
# People who succeed each other on a seat; the remaining people occur in the news only.
PER_SEAT = 8
FIRST_ID = UUID("de30de30-0000-4000-8000-000000000000")
LAST_ID = UUID("de30de30-ffff-4fff-bfff-ffffffffffff")

# Country code, name in both languages, status, seats of each chamber.
PARLIAMENTS = [
    ("AM", "Armenia", "Армения", Participation.Status.MEMBER, [12]),
    ("BY", "Belarus", "Беларусь", Participation.Status.MEMBER, [10, 6]),
    ("KZ", "Kazakhstan", "Казахстан", Participation.Status.MEMBER, [12, 7]),
    ("KG", "Kyrgyzstan", "Кыргызстан", Participation.Status.MEMBER, [12]),
    ("RU", "Russia", "Россия", Participation.Status.MEMBER, [18, 12]),
    ("TJ", "Tajikistan", "Таджикистан", Participation.Status.MEMBER, [10, 6]),
    ("AF", "Afghanistan", "Афганистан", Participation.Status.OBSERVER, [5]),
    ("RS", "Serbia", "Сербия", Participation.Status.OBSERVER, [6]),
    ("MN", "Mongolia", "Монголия", Participation.Status.PARTNER, [4]),
    ("UZ", "Uzbekistan", "Узбекистан", Participation.Status.PARTNER, [5, 3]),
]
CHAMBERS = [
    (Chamber.Kind.LOWER, "House of Representatives", "Палата представителей"),
    (Chamber.Kind.UPPER, "Senate", "Сенат"),
]
SINGLE_CHAMBER = (Chamber.Kind.SINGLE, "Supreme Assembly", "Верховное собрание")
ASSEMBLY = ("Example Parliamentary Assembly", "Примерная парламентская ассамблея")
COMMISSIONS = [
    ("Commission on Law", "Комиссия по вопросам права"),
    ("Commission on Security", "Комиссия по вопросам безопасности"),
    ("Commission on the Economy", "Комиссия по экономическим вопросам"),
]
TOPICS = [
    ("Law-making", "Законотворчество"),
    ("Elections", "Выборы"),
    ("Peacekeeping", "Миротворчество"),
    ("Borders", "Границы"),
    ("Information security", "Информационная безопасность"),
    ("Migration", "Миграция"),
    ("Education", "Образование"),
    ("Health", "Здравоохранение"),
    ("Environment", "Окружающая среда"),
    ("Youth", "Молодёжь"),
    ("Culture", "Культура"),
    ("Economy", "Экономика"),
]
PLACES = [
    *({"en": "Minsk", "ru": "Минск"}, {"en": "Yerevan", "ru": "Ереван"}, {"en": "Moscow", "ru": "Москва"}),
    *({"en": "Astana", "ru": "Астана"}, {"en": "Bishkek", "ru": "Бишкек"}, {"en": "Dushanbe", "ru": "Душанбе"}),
]
# Languages of each four stories in turn.
LANGUAGES = [("en", "ru"), ("en",), ("en", "ru"), ("ru",)]
FUNCTIONS = {"en": ("member of the Assembly", "expert"), "ru": ("член Ассамблеи", "эксперт")}
REASON = {"en": "The meeting was cancelled.", "ru": "Заседание отменено."}


class DemoDataError(Exception):
    """The database holds rows other than demo data; it is unchanged."""


@dataclass(frozen=True)
class Size:
    """Numbers of demo articles and people, and the seed."""

    articles: int
    people: int
    seed: int

    def __str__(self) -> str:
        return f"Made-up data: {self.articles} articles, {self.people} people, seed {self.seed}"

    @classmethod
    def on_record(cls) -> "Size | None":
        """Size of the demo data in the database; None if it has none."""
        mark = Source.objects.filter(uid=FIRST_ID).first()
        return mark and cls(*map(int, re.findall("[0-9]+", mark.title_en)))


def fill(size: Size, progress: Progress = lambda *_: None) -> bool:
    """Fill the database with demo data of ``size``; return False if it holds exactly these already.

    Demo data of another size are replaced. Raise DemoDataError if the database holds other rows.
    """
    with transaction.atomic():
        before = Size.on_record()
        if others := _other_data(before):
            raise DemoDataError(
                f"Made-up data go into an empty database, or one that holds nothing else. This one holds others: "
                f"{', '.join(others)}."
            )
        if before == size:
            return False
        if before:
            _empty()
        rng = Random(size.seed)  # noqa: S311  demo data, no secrets
        directory = _Directory(rng, size.people, progress)
        _News(rng, directory).write(size.articles, progress)
        Source.objects.bulk_create([Source(uid=FIRST_ID, title_en=str(size))])
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return True


def demo_models() -> list[type[models.Model]]:
    """Models of the directory, the news and the links, whose tables must hold demo data only."""
    return [model for label in ("delegations", "links", "news") for model in apps.get_app_config(label).get_models()]


def _other_data(size: Size | None) -> list[str]:
    """Names of the models with rows other than demo data of ``size``; change sets count as well."""
    own_rows = (
        {
            Person: models.Q(public_id__lte=size.people),
            Parliament: models.Q(country__in=[country for country, *_ in PARLIAMENTS]),
            Chamber: models.Q(parliament__country__in=[country for country, *_ in PARLIAMENTS]),
            Topic: models.Q(slug__in=[slugify(english) for english, _ in TOPICS]),
            Quotation: models.Q(article__uid__range=(FIRST_ID, LAST_ID)),
        }
        if size
        else {}
    )
    found = []
    for model in [*demo_models(), ChangeSet]:
        rows = model.objects.all()
        if size and hasattr(model, "uid"):
            rows = rows.exclude(uid__range=(FIRST_ID, LAST_ID))
        elif model in own_rows:
            rows = rows.exclude(own_rows[model])
        if rows.exists():
            found.append(str(model._meta.verbose_name_plural))
    return found


def _empty() -> None:
    tables = set()
    for model in demo_models():
        tables |= {model._meta.db_table, *(field.m2m_db_table() for field in model._meta.local_many_to_many)}
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), sorted(tables), reset_sequences=True))


def _uid(rng: Random) -> UUID:
    return UUID(int=FIRST_ID.int | UUID(int=rng.getrandbits(96), version=4).int)


def _save(rows: Iterable[models.Model]) -> list[models.Model]:
    """Save rows of one model in batches; return them with their keys."""
    saved = []
    for batch in batched(rows, BATCH):
        saved += type(batch[0]).objects.bulk_create(batch)
    return saved


def _save_relations(field: models.Manager, pairs: Iterable[tuple[models.Model, models.Model]]) -> None:
    """Save ``pairs`` of related rows of a many-to-many field such as Article.topics."""
    through, own, other = field.through, field.field.m2m_field_name(), field.field.m2m_reverse_field_name()
    _save(through(**{f"{own}_id": row.pk, f"{other}_id": connected.pk}) for row, connected in pairs)


class _Directory:
    """Demo data of the directory: parliaments, and people who succeed each other on their seats."""

    def __init__(self, rng: Random, people: int, progress: Progress):
        self.rng = rng
        self.rests_on: dict[type[Period], list[tuple[Period, Source]]] = {}
        self.parliaments = _save(
            Parliament(
                slug=slugify(english),
                name_en=f"Parliament of {english}",
                name_ru=f"Парламент: {russian}",
                short_name_en=english,
                short_name_ru=russian,
                country=country,
                order=order,
            )
            for order, (country, english, russian, *_) in enumerate(PARLIAMENTS, 1)
        )
        chambers = _save(self._chambers())
        seats = [number for *_, numbers in PARLIAMENTS for number in numbers]
        self.sources = {chamber: self._sources(chamber) for chamber in chambers}
        documents = {chamber.parliament: self.sources[chamber] for chamber in reversed(chambers)}
        statuses = [status for *_, status, _seats in PARLIAMENTS]
        self._save_dated(
            (
                Participation(uid=_uid(rng), parliament=parliament, status=status, start=FOUNDED),
                documents[parliament],
            )
            for parliament, status in zip(self.parliaments, statuses, strict=True)
        )
        self._save_dated(
            (SeatQuota(uid=_uid(rng), chamber=chamber, seats=number, start=FOUNDED), self.sources[chamber])
            for chamber, number in zip(chambers, seats, strict=True)
        )
        self._save_dated(
            (Link(uid=_uid(rng), parliament=row, url=f"https://{row.slug}.example.org/", language="en"), sources)
            for row, sources in documents.items()
        )
        _save(self._confirmations(documents))
        progress("people", 0, people)
        self.people = _save(self._people(people))
        # Spread the people evenly over the seats.
        lines = [(chamber, seat) for chamber, number in zip(chambers, seats, strict=True) for seat in range(number)]
        delegates = self.people[: len(lines) * PER_SEAT]
        members = {line: delegates[place :: len(lines)] for place, line in enumerate(lines)}
        self.members = {parliament: [] for parliament in self.parliaments}
        for (chamber, _seat), people_of_seat in members.items():
            self.members[chamber.parliament] += people_of_seat
        self._save_dated(
            (mandate, self.sources[chamber])
            for (chamber, seat), people_of_seat in members.items()
            for mandate in self._mandates(chamber, seat, people_of_seat)
        )
        self._save_dated(
            (Representative(uid=_uid(rng), parliament=parliament, **period), documents[parliament])
            for parliament, members_of_it in self.members.items()
            for period in self._succession(members_of_it[: len(CONVOCATIONS) + 1])
        )
        first = documents[self.parliaments[0]]
        self.bodies = list(self._bodies())
        self._save_dated((body, first) for body in self.bodies)
        self._save_dated((post, first) for post in self._posts())
        self.experts = set(self.people[len(delegates) :])
        for place, parliament in enumerate(self.parliaments):
            self.members[parliament] += self.people[len(delegates) + place :: len(self.parliaments)]
        for model, pairs in self.rests_on.items():
            _save_relations(model.sources, pairs)

    def _chambers(self) -> Iterator[Chamber]:
        for parliament, (*_, seats) in zip(self.parliaments, PARLIAMENTS, strict=True):
            houses = CHAMBERS if len(seats) == 2 else [SINGLE_CHAMBER]
            for order, (kind, english, russian) in enumerate(houses, 1):
                yield Chamber(
                    parliament=parliament,
                    slug=f"{parliament.slug}-{slugify(english)}",
                    name_en=english,
                    name_ru=russian,
                    kind=kind,
                    order=order,
                )

    def _sources(self, chamber: Chamber) -> list[Source]:
        """Save a document of the chamber for each convocation."""
        parliament = chamber.parliament
        return _save(
            Source(
                uid=_uid(self.rng),
                title_en=f"Decree No. {number} on the delegation: {chamber.name_en}, {parliament.short_name_en}",
                title_ru=f"Постановление № {number} о делегации: {chamber.name_ru}, {parliament.short_name_ru}",
                url=f"https://{parliament.slug}.example.org/decrees/{chamber.order}-{number}",
                date=day,
            )
            for number, day in enumerate([FOUNDED, *CONVOCATIONS], 1)
        )

    def _confirmations(self, sources: dict[Parliament, list[Source]]) -> Iterator[Confirmation]:
        for parliament, documents in sources.items():
            for source in documents[1:]:
                yield Confirmation(
                    uid=_uid(self.rng),
                    parliament=parliament,
                    date=source.date,
                    confirmed_by_en="Secretariat",
                    confirmed_by_ru="Секретариат",
                    source=source,
                )

    def _people(self, number: int) -> Iterator[Person]:
        names = Names(self.rng)
        for public_id in range(1, number + 1):
            given, family = names.draw()
            yield Person(
                public_id=public_id,
                name_en=f"{given[0]} {family[0]}",
                name_ru=f"{given[1]} {family[1]}",
                given_name_en=given[0],
                given_name_ru=given[1],
                family_name_en=family[0],
                family_name_ru=family[1],
                gender=Person.Gender.FEMALE if given[0] in WOMEN else Person.Gender.MALE,
            )

    def _succession(self, people: list[Person]) -> Iterator[dict[str, Any]]:
        """Periods of ``people`` who succeed each other from the founding on; the last period is open."""
        more = max(0, len(people) - 1 - len(CONVOCATIONS))
        between = self.rng.sample(range(30, (LAST_DAY - FOUNDED).days), more)
        days = {FOUNDED + timedelta(days=number) for number in between}.union(CONVOCATIONS)
        starts = [FOUNDED, *sorted(days)][: len(people)]
        for person, start, end in zip_longest(people[: len(starts)], starts, starts[1:]):
            yield {"person": person, "start": start, "end": end}

    def _mandates(self, chamber: Chamber, seat: int, members: list[Person]) -> Iterator[Delegate]:
        role = (Delegate.Role.HEAD, Delegate.Role.DEPUTY_HEAD)[seat] if seat < 2 else Delegate.Role.DELEGATE
        # Every fourth member returns for a second period.
        holders = [*members, *members[: len(members) - 1 : 4]]
        for place, period in enumerate(self._succession(holders)):
            mandate = Delegate(uid=_uid(self.rng), chamber=chamber, role=role, **period)
            if place < len(members) and self.rng.random() < 0.1:
                mandate.start_precision = Precision.MONTH
            yield mandate

    def _posts(self) -> Iterator[AssemblyPost]:
        """Posts of the first people: chair and executive secretary of the Assembly, and chairs of commissions."""
        assembly, *commissions = self.bodies
        Role = AssemblyPost.Role  # noqa: N806
        posts = [(assembly, Role.CHAIR), (assembly, Role.EXECUTIVE_SECRETARY)]
        posts += [(commission, Role.CHAIR) for commission in commissions]
        for place, (body, role) in enumerate(posts):
            for period in self._succession(self.people[place :: len(posts)][: len(CONVOCATIONS) + 1]):
                yield AssemblyPost(uid=_uid(self.rng), body=body, role=role, **period)

    def _bodies(self) -> Iterator[Body]:
        kind, (english, russian) = Body.Kind.ASSEMBLY, ASSEMBLY
        yield Body(uid=_uid(self.rng), kind=kind, slug=kind, name_en=english, name_ru=russian, start=FOUNDED)
        for order, (english, russian) in enumerate(COMMISSIONS, 1):
            yield Body(
                uid=_uid(self.rng),
                kind=Body.Kind.COMMISSION,
                slug=slugify(english),
                name_en=english,
                name_ru=russian,
                order=order,
                start=FOUNDED,
            )

    def _save_dated(self, rows: Iterable[tuple[Period, list[Source]]]) -> None:
        """Save rows of one model; the source of each is the latest document at its start."""
        rows = list(rows)
        for row, documents in zip(_save(row for row, _documents in rows), (some for _row, some in rows), strict=True):
            source = [one for one in documents if one.date <= (row.start or FOUNDED)] or documents
            self.rests_on.setdefault(type(row), []).append((row, source[-1]))


class _News:
    """Demo news from the founding on, in chronological order of the keys."""

    def __init__(self, rng: Random, directory: _Directory):
        self.rng = rng
        self.directory = directory
        self.writers = {"en": Writer("en", rng), "ru": Writer("ru", rng)}
        self.topics = _save(
            Topic(slug=slugify(english), name_en=english, name_ru=russian) for english, russian in TOPICS
        )

    def write(self, number: int, progress: Progress) -> None:
        """Save ``number`` articles with their topics, parliaments and people, in batches."""
        # Each four stories have six articles, by LANGUAGES.
        cycles, rest = divmod(number, 6)
        stories = 4 * cycles + (bisect_left([2, 3, 5], rest) + 1 if rest else 0)
        days = (LAST_DAY - FOUNDED).days
        left = number
        for numbers in batched(range(stories), BATCH):
            articles, connected = [], []
            for place, story in zip(numbers, _save(Story(uid=_uid(self.rng)) for _ in numbers), strict=True):
                day = FOUNDED + timedelta(days=days * place // stories)
                minutes = self.rng.randrange(6 * 60, 18 * 60)
                moment = datetime.combine(day, time(), UTC) + timedelta(minutes=minutes)
                subjects = self._subjects()
                speaker = self.rng.choice(subjects["people"] or [None]) if self.rng.random() < 0.4 else None
                for language in LANGUAGES[place % 4][:left]:
                    articles.append(self._article(language, story, place, moment, speaker))
                    connected.append(subjects)
                    left -= 1
            saved = Article.objects.bulk_create(articles)
            for name in ("topics", "parliaments", "people"):
                pairs = zip(saved, connected, strict=True)
                _save_relations(
                    getattr(Article, name), ((row, other) for row, subjects in pairs for other in subjects[name])
                )
            progress("articles", number - left, number)

    def _subjects(self) -> dict[str, list[models.Model]]:
        """Topics, parliaments and people of a story; some people occur much more often than others."""
        rng = self.rng
        parliaments = rng.sample(self.directory.parliaments, rng.choice((0, 1, 1, 1, 2, 3)))
        people = []
        for parliament in parliaments:
            members = self.directory.members[parliament]
            people += {members[int(len(members) * rng.random() ** 3)] for _ in range(rng.randrange(3)) if members}
        # The iteration order of a set does not depend on the seed.
        people.sort(key=lambda person: person.public_id)
        return {"topics": rng.sample(self.topics, rng.randint(1, 3)), "parliaments": parliaments, "people": people}

    def _article(self, language: str, story: Story, place: int, moment: datetime, speaker: Person | None) -> Article:
        writer, rng = self.writers[language], self.rng
        title = writer.title()
        chance = rng.random()
        state = Article.State.PUBLISHED
        if chance < 0.01:
            state = (Article.State.DRAFT, Article.State.REVIEW, Article.State.WITHDRAWN)[place % 3]
        return Article(
            uid=_uid(rng),
            story=story,
            language=language,
            title=title,
            slug=f"{slugify(title, max_length=100)}-{place}",
            dateline=PLACES[place % len(PLACES)][language],
            summary=writer.sentences(1, 2),
            body=self._body(language, speaker),
            state=state,
            published_at=moment,
            text_changed_at=moment,
            withdrawal_reason=REASON[language] if state == Article.State.WITHDRAWN else "",
        )

    def _body(self, language: str, speaker: Person | None) -> str:
        """Body of 1,000 to 4,000 characters with headings, and with a quotation of ``speaker`` if given."""
        writer, rng = self.writers[language], self.rng
        length = rng.randint(1000, 3800)
        parts = []
        while length > 0:
            if len(parts) % 4 == 3:
                parts.append(f"<h2>{writer.title()}</h2>")
            parts.append(f"<p>{writer.sentences(2, 5)}</p>")
            length -= len(parts[-1])
        if speaker:
            name = {"en": speaker.name_en, "ru": speaker.name_ru}[language]
            function = FUNCTIONS[language][speaker in self.directory.experts]
            quotation = f"<p>{writer.sentences(1, 2)}</p><p>— {name}, {function}</p>"
            parts.insert(1, f"<blockquote>{quotation}</blockquote>")
        return "".join(parts)
