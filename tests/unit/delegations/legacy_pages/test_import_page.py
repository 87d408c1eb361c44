"""A saved page of the former site becomes facts and an article."""

import json
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.utils import timezone
from django.utils.html import strip_tags

from delegations.exports import popolo
from delegations.importer import ImportRefusedError
from delegations.legacy_pages.facts import import_block
from delegations.models import (
    AssemblyPost,
    Chamber,
    Link,
    Observation,
    Parliament,
    Person,
    Representative,
    SeatQuota,
    Source,
)
from news.legacy_page import import_page, read
from news.models import Article

from ....support import factories
from ....support.legacy_pages import DAY, ENVOY, KYRGYZ, block_of, page_of, words

pytestmark = pytest.mark.django_db


SEATS = {
    "belarus-house-of-representatives": 7,
    "belarus-council-of-the-republic": 4,
    "kazakhstan-mazhilis": 8,
    "kazakhstan-senate": 8,
    "kyrgyzstan-supreme-council": 7,
    "russia-state-duma": 10,
    "russia-federation-council": 12,
    "tajikistan-national-assembly": 6,
    "tajikistan-assembly-of-representatives": 6,
}


def with_seats(page: bytes, seats: int) -> bytes:
    """The page with another number of Kyrgyz seats."""
    changed = page.replace(b"consists of 7 deputies.", f"consists of {seats} deputies.".encode())
    assert changed != page or seats == 7
    return changed


# The page itself


def test_seed_page_into_an_empty_database_gives_the_facts_of_the_fixture(seed_page: bytes):
    report = import_page(seed_page)
    assert report.saved
    assert not report.warnings
    assert {row.chamber.slug: row.seats for row in SeatQuota.objects.all()} == SEATS
    assert SeatQuota.objects.aggregate(total=Sum("seats"))["total"] == 68
    imported = facts()
    numbers = {model: model.objects.count() for model in (Parliament, Chamber, Representative, AssemblyPost, Link)}
    assert numbers == {Parliament: 5, Chamber: 9, Representative: 4, AssemblyPost: 2, Link: 3}
    article = Article.objects.get()
    for model in (AssemblyPost, Representative, Link, SeatQuota, Person, Chamber, Parliament):
        model.objects.all().delete()
    Source.objects.all().delete()
    article.delete()
    call_command("loaddata", "seed", verbosity=0)
    assert imported == facts()


def facts() -> dict:
    """All facts of the directory, without public ids."""
    return {
        "parliaments": list(
            Parliament.objects.order_by("slug").values_list(
                "slug", "name_en", "name_ru", "short_name_en", "short_name_ru", "country", "order"
            )
        ),
        "chambers": list(
            Chamber.objects.order_by("slug").values_list(
                "slug", "parliament__slug", "name_en", "name_ru", "kind", "members_called", "order"
            )
        ),
        "quotas": list(
            SeatQuota.objects.order_by("chamber__slug").values_list("chamber__slug", "seats", "start", "end")
        ),
        "links": sorted(
            (row.chamber.slug if row.chamber else row.parliament.slug, row.url, row.language, row.start)
            for row in Link.objects.all()
        ),
        "representatives": sorted(
            (row.parliament.slug, row.person.name_en, row.start) for row in Representative.objects.all()
        ),
        "posts": sorted((row.person.name_en, row.role, row.start) for row in AssemblyPost.objects.all()),
        "sources": sorted(
            {
                (source.title_en, source.title_ru, source.url)
                for row in SeatQuota.objects.all()
                for source in row.sources.all()
            }
        ),
    }


def test_article_keeps_its_paragraphs_verbatim(seed_page: bytes):
    import_page(seed_page)
    article = Article.objects.get()
    assert article.title.startswith("Russia suggested exploring possible cooperation")
    assert article.state == "published"
    assert timezone.localtime(article.published_at).isoformat() == "2020-05-26T00:00:00+03:00"
    lines = seed_page.decode().split("\n")
    paragraphs = [line for line in lines[15:] if line]
    assert len(paragraphs) == 19
    assert article.body.split("\n") == [f"<p>{paragraph}</p>" for paragraph in paragraphs]


def test_second_import_changes_nothing(seed_page: bytes):
    import_page(seed_page)
    report = import_page(seed_page)
    assert report.saved
    assert not report.changes
    assert not report.warnings


def test_import_after_the_seed_differs_in_the_body_of_the_article_only(seed_page: bytes):
    call_command("loaddata", "seed", verbosity=0)
    before = facts()
    text = Article.objects.get().body
    report = import_page(seed_page)
    assert not report.changes
    assert [note.kind for note in report.warnings] == ["articles"]
    assert facts() == before
    assert Article.objects.get().body == text


def test_update_replaces_the_text(seed_page: bytes):
    call_command("loaddata", "seed", verbosity=0)
    report = import_page(seed_page, update=True)
    assert report.counts["changed"]["articles"] == 1
    article = Article.objects.get()
    assert "It is clear that there is a demand for the CSTO potential" in article.body
    assert article.summary
    assert article.topics.count() == 5


def test_withdrawn_article_stays_withdrawn(seed_page: bytes):
    import_page(seed_page)
    Article.objects.update(state="withdrawn")
    report = import_page(with_seats(seed_page, 7).replace(b"said the head", b"told us the head"), update=True)
    assert Article.objects.get().state == "withdrawn"
    assert "not published" in words(report)


def test_dated_page_ends_the_undated_quota_on_its_day(seed_page: bytes):
    call_command("loaddata", "seed", verbosity=0)
    import_page(with_seats(seed_page, 6), date(2021, 1, 1))
    quotas = SeatQuota.objects.filter(chamber__slug="kyrgyzstan-supreme-council").order_by("seats")
    # The page tells that the fact held on its day, not since when.
    assert [(row.seats, str(row.starts), row.end) for row in quotas] == [
        (6, "by 2021-01-01", None),
        (7, "None", date(2021, 1, 1)),
    ]
    assert Representative.objects.count() == 4
    assert Link.objects.filter(end=None).count() == 3
    assert AssemblyPost.objects.filter(end=None).count() == 2


def test_second_article_with_the_same_slug_gets_a_number():
    import_page(page_of(title="A meeting in Minsk"))
    import_page(page_of(title="A meeting, in Minsk!"))
    assert sorted(Article.objects.values_list("slug", flat=True)) == ["a-meeting-in-minsk", "a-meeting-in-minsk-2"]


def test_markup_in_a_page_is_imported_as_text():
    import_page(page_of(text="1 < 2 & <script>alert(1)</script> “quoted” «quoted» 'so'"))
    article = Article.objects.get()
    assert "<script" not in article.body
    assert "“quoted” «quoted» 'so'" in article.body
    assert strip_tags(article.body.replace("&lt;", "(")).startswith("1 ( 2 &amp; (script&gt;")


@pytest.mark.parametrize("ending", [b"\r\n", b"\r", b"\n\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_endings_and_byte_order_mark_are_accepted(ending: bytes, mark: bytes):
    import_page(mark + page_of(KYRGYZ.format(7)).replace(b"\n", ending))
    assert SeatQuota.objects.get().seats == 7
    assert Article.objects.get().body == "<p>They met.</p>"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"A text\nof no kind",
        "Заголовок".encode("cp1251"),
        "Title\n26 May 2020\nTitle\nText".encode("utf-16"),
        b"Title\n26 May 2020\nAnother\nText",
        b"Title\n26 May 2020\nTitle",
        b"Title\n30 February 2020\nTitle\nText",
        b"Title\n26 May 0020\nTitle\nText",
        b"Title\n26 mai 2020\nTitle\nText",
        b"Ti\0tle\n26 May 2020\nTi\0tle\nText",
        b"T" * 251 + b"\n26 May 2020\n" + b"T" * 251 + b"\nText",
        b"T\n26 May 2020\nT\n" + b"word " * 60_000,
    ],
)
def test_file_that_is_no_such_page_is_refused_with_a_message(data: bytes):
    with pytest.raises(ImportRefusedError, match=r"\w{4}"):
        read(data)


# Lines of the block


@pytest.mark.parametrize(
    "line",
    [
        "Delegation of the Parliament of the Republic of Kazakhstan to the CSTO PA consists of 8 deputies.",
        "Delegation of the Supreme Council of the Kyrgyz Republic to the CSTO PA consists of seven deputies.",
        "Delegation of the Supreme Council of the Kyrgyz Republic to the CSTO PA consists of 0 deputies.",
        "Delegation of the Supreme Council of the Kyrgyz Republic to the CSTO PA consists of 1000 deputies.",
        "Delegation of the Supreme Council of the Kyrgyz Republic to the CSTO PA consists of 7 deputies and others.",
        "Delegation of the Knesset to the CSTO PA consists of 7 deputies.",
        "Plenipotentiary representative of the Knesset: Somebody",
        "Website of the Knesset: https://knesset.gov.il/",
        "Anything else",
    ],
)
def test_unparsable_line_is_skipped_and_listed_with_its_number(line: str):
    report = import_block(block_of("Delegation", line), None)
    assert report.saved
    assert any(note.location == 2 for note in report.warnings)
    assert not Parliament.objects.exists()
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    "line",
    [
        "Delegation of the Parliament of Kazakhstan to the CSTO Parliamentary Assembly consists of "
        "8 deputies from the Mazhilis and 8 members of the Senate of the Parliament of Kazakhstan",
        "delegation of  the Parliament of the Republic of Kazakhstan to the CSTO PA consists of "
        "8 members of the Senate, and 8 deputies of the Mazhilis of the Republic of Kazakhstan.",
    ],
)
def test_variants_of_a_quota_line_are_parsed(line: str):
    report = import_block(block_of(line), None)
    assert not report.warnings
    assert {row.chamber.slug: row.seats for row in SeatQuota.objects.all()} == {
        "kazakhstan-mazhilis": 8,
        "kazakhstan-senate": 8,
    }


def test_parliament_is_created_from_the_table_of_members():
    import_block(
        block_of(
            "Delegation of the National Assembly of the Republic of Armenia to the CSTO PA consists of 5 deputies.",
            "Website of the National Assembly of the Republic of Armenia: http://www.parliament.am/",
        ),
        None,
    )
    parliament = Parliament.objects.get()
    assert (parliament.slug, parliament.country.code, parliament.name_ru) == (
        "armenia",
        "AM",
        "Национальное собрание Республики Армения",
    )
    assert Link.objects.get().chamber.kind == "single"


@pytest.mark.parametrize("name", ["", "12", "Ivan Petrov, Pavel Ivanov", "Ivan and Pavel", "to be named: soon"])
def test_invalid_name_does_not_end_a_representative(name: str):
    import_block(block_of(KYRGYZ.format(7), ENVOY.format("Shabdanbek Alishev")), None)
    report = import_block(block_of(KYRGYZ.format(7), ENVOY.format(name)), DAY)
    assert report.warnings
    assert Representative.objects.get().end is None


def test_unknown_post_is_listed():
    line = "Plenipotentiary Representative of the Supreme Council of the Kyrgyz Republic, poet: Shabdanbek Alishev"
    report = import_block(block_of(KYRGYZ.format(7), line), None)
    assert "poet" in words(report)
    assert Representative.objects.exists()
    assert not AssemblyPost.objects.exists()


def test_person_on_record_is_reused():
    parliament = factories.ParliamentFactory(
        slug="kyrgyzstan", country="KG", name_en="Supreme Council of the Kyrgyz Republic"
    )
    known = factories.RepresentativeFactory(parliament=parliament, person__name_en="Shabdanbek Alishev", start=None)
    factories.PersonFactory(name_en="Shabdanbek Alishev")
    import_block(block_of(KYRGYZ.format(7), ENVOY.format("Shabdanbek Alishev")), DAY)
    assert Representative.objects.get() == known
    assert Person.objects.count() == 2


def test_withdrawn_name_stays_withdrawn_after_import():
    person = factories.PersonFactory(name_en="Shabdanbek Alishev", withdrawn=True, withdrawal_reason_en="asked for it")
    import_block(block_of(KYRGYZ.format(7), ENVOY.format("Shabdanbek Alishev")), DAY)
    assert Representative.objects.get().person == person
    assert Person.objects.count() == 1
    assert "Alishev" not in "".join(popolo.chunks())


# The command


def run(*args) -> str:
    out = StringIO()
    call_command("import_page", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_command_imports_several_pages_all_or_none(tmp_path: Path):
    for name, seats in (("one", 7), ("two", 7)):
        (tmp_path / name).write_bytes(page_of(KYRGYZ.format(seats), title=name))
    (tmp_path / "three").write_bytes(page_of(KYRGYZ.format(6), title="three"))
    with pytest.raises(CommandError):
        run(*(tmp_path / name for name in ("one", "two", "three")), "--as-of", "2020-05-26")
    assert not Parliament.objects.exists()
    assert not Article.objects.exists()
    report = json.loads(run(tmp_path / "one", tmp_path / "two", "--as-of", "2020-05-26", "--json"))
    assert (report["added"]["articles"], report["added"]["quotas"], report["saved"]) == (2, 1, True)
    assert [page["saved"] for page in report["files"]] == [True, True]
    assert Observation.objects.count() == 1


def test_command_shows_the_difference_and_saves_nothing_in_a_dry_run(tmp_path: Path):
    (tmp_path / "page").write_bytes(page_of(KYRGYZ.format(7)))
    out = run(tmp_path / "page", "--dry-run")
    assert "+ quotas: Supreme Council" in out
    assert "+ articles: 2020-05-26 A meeting in Minsk" in out
    assert "dry run" in out
    assert not Parliament.objects.exists()
    assert not Article.objects.exists()


@pytest.mark.parametrize("name", ["missing", "folder", "none"])
def test_command_refuses_an_invalid_page_with_a_message(tmp_path: Path, name: str):
    (tmp_path / "folder").mkdir()
    (tmp_path / "none").write_text("nothing of the kind")
    with pytest.raises(CommandError, match="nothing was saved"):
        run(tmp_path / name)
