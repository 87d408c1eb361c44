"""Articles as JSON Lines: files of lines, and the commands that read and write them."""

import io
import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import time_machine
from django.core.management import CommandError, call_command

from cspa.models import ChangeSet, RetiredAddress, RowChange
from delegations.models import Source
from news.models import Article, Attachment, Correction, FormerAddress, Picture, Quotation, Story, Topic

from ..support import factories

# The models are in the order in which their rows can be deleted. The last one forgets that there were any.
NEWS = (Attachment, Article, Story, Topic, Picture, Source, RetiredAddress)
SPOKEN = "<blockquote><p>{words}</p><p>— {who}</p></blockquote>"


def exported(*options: str) -> str:
    output = io.StringIO()
    call_command("export_articles", *options, stdout=output)
    return output.getvalue()


def imported(file: Path, *options: str) -> dict:
    """Import ``file``. Returns the report as JSON, with ``error`` if the command failed."""
    output, error = io.StringIO(), None
    try:
        call_command("import_articles", str(file), "--json", *options, stdout=output)
    except CommandError as refused:
        error = str(refused) if refused.returncode == 1 else None
    return {**json.loads(output.getvalue()), "error": error}


def words(notes: list[dict]) -> list[str]:
    return [note["message"] for note in notes]


def by_id(text: str) -> dict[str, dict]:
    return {values["id"]: values for values in map(json.loads, text.split("\n")[:-1])}


def a_line(**changes) -> dict:
    """A line with the required keys and ``changes``. The value ... removes a key."""
    number = uuid4().hex[:8]
    values = {
        "id": str(uuid4()),
        "story": str(uuid4()),
        "language": "en",
        "title": f"The Assembly discusses {number}",
        "slug": f"item-{number}",
        "summary": "What was said.",
        "body": "<p>Text.</p>",
        "state": "published",
        "published": "2020-05-26T12:00:00+03:00",
        "text_changed": "2020-05-26T09:00:00+00:00",
        **changes,
    }
    return {key: value for key, value in values.items() if value is not ...}


def to_file(tmp_path: Path, *values: dict | str | bytes) -> Path:
    file = tmp_path / "articles.jsonl"
    texts = [json.dumps(value) if isinstance(value, dict) else value for value in values]
    file.write_bytes(b"".join((text if isinstance(text, bytes) else text.encode()) + b"\n" for text in texts))
    return file


def counts() -> dict[str, int]:
    models = [*NEWS, Quotation, Correction, FormerAddress, ChangeSet, RowChange]
    through = [Article._meta.get_field(name).remote_field.through for name in ("topics", "people", "sources")]
    return {model.__name__: model.objects.count() for model in [*models, *through]}


def stored(media: Path) -> set[str]:
    return {path.relative_to(media).as_posix() for path in media.rglob("*") if path.is_file()}


def forget_everything(media: Path) -> None:
    """Delete the news and keep the directory."""
    ChangeSet.objects.all().delete()
    for model in NEWS:
        model.objects.all().delete()
    shutil.rmtree(media, ignore_errors=True)


def a_rich_archive() -> None:
    """Articles in both languages and every state, with everything that an article can have."""
    speaker, other = factories.PersonFactory(name_en="Viktor Kogut", name_ru="Виктор Когут"), factories.PersonFactory()
    belarus, armenia = factories.ParliamentFactory(slug="belarus"), factories.ParliamentFactory(slug="armenia")
    topics = [factories.TopicFactory(slug="security"), factories.TopicFactory(slug="law", name_ru="")]
    sources = [
        factories.SourceFactory(date=date(1900, 1, 1), title_ru=""),
        factories.SourceFactory(url="", date=None),
        # This source comes first, so that it is the older one after an import.
        factories.SourceFactory(),
    ]
    lead = factories.PictureFactory(focus_x=0, focus_y=100)
    shown = factories.PictureFactory(decorative=True, alt_en="", alt_ru="", credit_en="", credit_ru="")
    lead_too = f'<figure><img src="{lead.address}" alt="Hands"><figcaption>A &amp; “B”</figcaption></figure>'
    body = (
        '<p>«Ё»\u2028<a href="https://example.org/?a=1&amp;b=2">link</a></p>'
        f'<figure><img src="{shown.address}" alt=""></figure>{lead_too}'
        + SPOKEN.format(words="We agreed.", who="Viktor Kogut, Secretary")
        + SPOKEN.format(words="We did not.", who="Somebody")
        + SPOKEN.format(words="We agreed.", who="Viktor Kogut")
    )
    with time_machine.travel(datetime(2020, 5, 20, 8, 30, 15, 123456, tzinfo=UTC), tick=False):
        english = factories.ArticleFactory(
            slug="first",
            dateline="Minsk",
            body=body,
            picture=lead,
            topics=topics,
            parliaments=[belarus, armenia],
            people=[other, speaker],
            sources=[sources[2], sources[0]],
            # The local day is the 26th in the Assembly's time zone.
            published_at=datetime(2020, 5, 25, 21, 30, 0, 1, tzinfo=UTC),
        )
        russian = factories.ArticleFactory(
            story=english.story,
            language="ru",
            title="Заголовок",
            slug="",
            body=SPOKEN.format(words="Да.", who="Виктор Когут"),
            sources=sources,
        )
    quoted = Quotation.objects.filter(article=english)
    assert [row.person_id for row in quoted] == [speaker.pk, None, speaker.pk]
    # These values are chosen by hand and differ from the text.
    quoted.filter(place=0).update(person=None, function="")
    quoted.filter(place=1).update(person=other, function="Chair", original_language="ru")
    Quotation.objects.filter(article=russian).update(person=None)
    english.title = "Another title, which the translation does not have"
    english.slug = "second"
    english.published_at += timedelta(days=1)
    english.save()
    Correction.objects.bulk_create(
        Correction(article=english, date=day, text=text)
        for day, text in [(date(2020, 6, 2), "B"), (date(2020, 6, 1), "A"), (date(2020, 6, 2), "C")]
    )
    for number in (1, 2):
        factories.AttachmentFactory(article=english, title=f"Statement {number}", language="ru")
    factories.ArticleFactory(state="draft", summary="", picture=shown, topics=topics[:1])
    factories.ArticleFactory(state="review", published_at=datetime(1900, 1, 2, tzinfo=UTC))
    factories.ArticleFactory(state="withdrawn", withdrawal_reason="The meeting was cancelled.")
    factories.ArticleFactory(published_at=datetime(2100, 12, 30, tzinfo=UTC), language="ru")


def on_record() -> Article:
    return factories.ArticleFactory(slug="taken", published_at=datetime(2020, 5, 26, 9, tzinfo=UTC))
