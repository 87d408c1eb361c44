"""The directory as Popolo: what clients read, and export and import without loss."""

import json
import re
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st
from popolo_data.importer import Popolo

from cspa.models import RetiredAddress
from delegations.exports import popolo
from delegations.importer import ImportOptions, import_file
from delegations.models import (
    AssemblyPost,
    Body,
    Chamber,
    Confirmation,
    Delegate,
    FormerPublicId,
    FormerSlug,
    Identifier,
    Link,
    Parliament,
    Participation,
    Person,
    PersonName,
    Representative,
    SeatQuota,
    Source,
)

from ....support import factories
from ....support.counting import assert_same_cost, cost, up_to
from ....support.generated import examples

pytestmark = pytest.mark.django_db

DATE = re.compile("[0-9]{4}(-[0-9]{2}){0,2}")
# In the order in which their rows can be deleted.
MODELS = [
    Confirmation,
    Delegate,
    Representative,
    AssemblyPost,
    Body,
    SeatQuota,
    Participation,
    Link,
    Identifier,
    FormerPublicId,
    PersonName,
    Person,
    Chamber,
    FormerSlug,
    Parliament,
]


def export(**about):
    return "".join(popolo.chunks(**about))


def empty():
    """Delete all rows of the directory."""
    Body.objects.update(parent=None)
    for model in (*MODELS, RetiredAddress):
        model._base_manager.all().delete()
    for source in Source.objects.all():
        # Articles may still use the source.
        if not source.facts():
            source.delete()


def comes_back(text):
    """Whether ``text``, imported into an empty database, is exported as the same bytes."""
    empty()
    report = import_file(text.encode(), "popolo")
    assert report.saved, [str(note) for note in report.conflicts]
    return export() == text


@pytest.fixture
def belarus():
    """A parliament with everything that can be recorded."""
    source = factories.SourceFactory(url="https://example.org/decree", date=date(2019, 5, 1))
    other = factories.SourceFactory(url="", date=None, accessed=date(2026, 11, 30))
    parliament = factories.ParliamentFactory(slug="belarus", country="BY", order=0)
    FormerSlug.objects.create(parliament=parliament, slug="byelorussia")
    factories.ParticipationFactory(parliament=parliament, starts="2006", sources=[source])
    house = factories.ChamberFactory(parliament=parliament, slug="belarus-house", imported_id="house", kind="")
    factories.SeatQuotaFactory(chamber=house, starts="2010", ends="2019-05", seats=6, sources=[source, other])
    factories.SeatQuotaFactory(chamber=house, starts="2019-05", seats=7)
    factories.LinkFactory(parliament=parliament, url="https://example.org/parliament", language="ru")
    factories.LinkFactory(chamber=house, url="https://example.org/house", starts="2015")
    kogut = factories.PersonFactory(patronymic_ru="Викторович", gender="male", sort_name_en="Kogut")
    Identifier.objects.create(person=kogut, scheme="wikidata", identifier="Q1")
    FormerPublicId.objects.create(person=kogut, public_id=kogut.public_id + 100)
    factories.PersonNameFactory(person=kogut, starts="2001-05", ends="2015", note_ru="при рождении", sources=[other])
    factories.PersonNameFactory(person=kogut, name_en="", name_ru="Віктар", ends=None)
    factories.DelegateFactory(
        person=kogut,
        chamber=house,
        role="head",
        starts="2015-03",
        ends="2019-05-26",
        political_group_en="=Labour",
        constituency_ru="Минск",
        sources=[source],
    )
    factories.DelegateFactory(person=kogut, chamber=house, starts="2019-05-26", ended=True)
    factories.RepresentativeFactory(person=kogut, parliament=parliament, starts="by 2019-06-10")
    council = factories.BodyFactory(
        kind="council", slug="council", name_ru="Совет", telephone="+7 812 326", starts="by 2019-01-01"
    )
    law = factories.BodyFactory(
        slug="law", name_en="Law", parent=council, description_en="=Laws", sources=[source], ends="2024"
    )
    factories.AssemblyPostFactory(person=kogut, role="chair", body=law, starts="2020", acting=True)
    factories.AssemblyPostFactory(
        person=kogut, role="member", body=council, parliament=parliament, office_ru="Председатель", starts="2019"
    )
    gone = factories.PersonFactory(withdrawn=True, withdrawal_reason_en="At the person's own request.")
    Identifier.objects.create(person=gone, scheme="wikidata", identifier="Q2")
    factories.DelegateFactory(person=gone, chamber=house, starts="2019-07")
    factories.ConfirmationFactory(parliament=parliament, source=other, date=date(2019, 8, 1))
    return parliament


def test_full_record_is_exported_identically_after_import(belarus):
    text = export()
    assert len(text) > 5_000
    assert comes_back(text)
    house = Chamber.objects.get()
    assert (house.kind, house.imported_id, house.parliament.order) == ("", "house", 0)
    assert FormerSlug.objects.get().slug == "byelorussia"
    assert Delegate.objects.get(role="head").sources.count() == 1


def test_seed_is_exported_identically_after_import():
    call_command("loaddata", "seed", verbosity=0)
    text = export()
    assert Parliament.objects.count() == 5
    assert comes_back(text)


@pytest.mark.parametrize(
    ("name", "country", "people"), [("burundi.json", "BI", 227), ("zimbabwe-senate.json", "ZW", 67)]
)
def test_file_of_a_publisher_is_imported_once_and_exported_identically(sample_data, name, country, people):
    data = (sample_data / "popolo" / name).read_bytes()
    first = import_file(data, "popolo", ImportOptions(country=country, skip_invalid=True))
    assert (first.saved, first.counts["added"]["people"]) == (True, people)
    assert first.counts["added"]["delegates"] == people
    again = import_file(data, "popolo", ImportOptions(country=country, skip_invalid=True))
    assert not again.changes
    assert again.counts["unchanged"]["delegates"] == people
    assert not SeatQuota.objects.exists()
    assert comes_back(export())


def test_document_does_not_depend_on_the_language(belarus):
    with override("ru"):
        russian = export()
    assert russian == export()


def test_document_is_read_by_an_independent_client(belarus):
    client = Popolo(json.loads(export()))
    person = client.persons[0]
    assert person.name.startswith("Viktor Kogut")
    assert person.wikidata == "Q1"
    present, spelling, former, former_ru = person.other_names
    assert [other["lang"] for other in person.other_names] == ["ru", "ru", "en", "ru"]
    assert (former["start_date"], former["end_date"]) == (former_ru["start_date"], former_ru["end_date"])
    assert former["end_date"] == "2015"
    assert not {"start_date", "end_date"} & (present.keys() | spelling.keys())
    mandate = person.memberships.get(role="head")
    assert (mandate.organization_id, mandate.on_behalf_of_id) == ("belarus", "belarus-house")
    assert str(mandate.start_date) == "2015-03"
    assert mandate.on_behalf_of.name.startswith("House")
    service = person.memberships.get(role="representative")
    assert service.post.organization_id == "belarus"
    seats = [post.data["seats"] for post in client.posts if post.data["role"] == "seat"]
    assert sorted(seats) == [6, 7]


def test_dates_and_ids_conform_to_popolo(belarus):
    document = popolo.document()
    dates = re.findall(r'"(?:start|end)_date": "([^"]*)"', "".join(popolo.texts_of(document.items())))
    assert len(dates) > 8
    assert all(DATE.fullmatch(found) for found in dates)
    organizations = {row["id"] for row in document["organizations"]}
    posts = {row["id"] for row in document["posts"]}
    persons = {row["id"] for row in document["persons"]}
    for row in document["memberships"]:
        assert row["person_id"] in persons
        assert {row["organization_id"], row.get("on_behalf_of_id", "belarus")} <= organizations
        assert row.get("post_id") in {None, *posts}
    for row in document["posts"]:
        assert row["label"]
        assert row["role"]
        assert row["organization_id"] in organizations


def test_withdrawn_person_has_id_and_reason_only(belarus):
    gone = Person.objects.get(withdrawn=True)
    assert gone.name_en not in export()
    record = next(row for row in popolo.document()["persons"] if row["id"] == str(gone.public_id))
    assert record == {
        "id": str(gone.public_id),
        "withdrawn": True,
        "withdrawal_reason_en": "At the person's own request.",
    }


def test_chamber_with_the_slug_of_a_parliament_has_an_id_of_its_own(belarus):
    factories.ChamberFactory(parliament=belarus, slug="belarus")
    ids = [row["id"] for row in popolo.document()["organizations"]]
    assert len(ids) == len(set(ids))
    assert comes_back(export())


def test_export_of_a_day_has_the_facts_of_that_day(belarus):
    roles = {row["role"] for row in popolo.document(date(2018, 1, 1))["memberships"]}
    assert roles == {"head"}
    after = popolo.document(date(2021, 1, 1))
    assert {row["role"] for row in after["memberships"]} == {"delegate", "representative", "chair", "member"}
    assert [post["seats"] for post in after["posts"] if post["role"] == "seat"] == [7]
    assert after["meta"]["on"] == "2021-01-01"
    assert [row["classification"] for row in popolo.document(date(2005, 1, 1))["organizations"]] == [
        "assembly",
        "council",
        "commission",
    ]


def test_export_of_one_delegation_excludes_others(belarus):
    other = factories.DelegateFactory(starts="2019")
    factories.AssemblyPostFactory(body=factories.BodyFactory())
    document = popolo.document(parliament=belarus)
    assert [row["slug"] for row in document["organizations"] if "slug" in row] == [
        "council",
        "law",
        "belarus",
        "belarus-house",
    ]
    assert str(other.person.public_id) not in {row["id"] for row in document["persons"]}
    assert {row["person_id"] for row in document["memberships"]} == {row["id"] for row in document["persons"]}


def test_posts_of_a_former_export_find_or_make_their_bodies():
    """Former exports had five posts, all of the Assembly itself, which had no record of its own."""
    person = factories.PersonFactory()
    law = factories.BodyFactory(slug="on-law", name_en="Law", name_ru="Право")
    document = popolo.document()
    document["memberships"] = [
        {
            "id": f"00000000-0000-4000-8000-00000000000{number}",
            "person_id": str(person.public_id),
            "organization_id": "org:assembly",
            "role": role,
            **commission,
        }
        for number, (role, commission) in enumerate(
            [
                ("chair", {}),
                ("council_member", {}),
                ("deputy_executive_secretary", {}),
                ("commission_chair", {"commission_ru": "Право"}),
                ("commission_chair", {"commission_en": "Defence and Security"}),
            ]
        )
    ]
    document["organizations"] = [row for row in document["organizations"] if row["id"] == "org:assembly"]
    assert import_file("".join(popolo.texts_of(document.items())).encode(), "popolo").saved
    found = AssemblyPost.objects.order_by("uid").values_list("body__kind", "body__slug", "role")
    assert list(found) == [
        ("assembly", "assembly", "chair"),
        ("council", "council", "member"),
        ("assembly", "assembly", "deputy_executive_secretary"),
        ("commission", law.slug, "chair"),
        ("commission", "defence-and-security", "chair"),
    ]
    assert Body.objects.get(kind="council").name_ru == "Совет Парламентской Ассамблеи"


def test_new_bodies_are_imported_after_those_that_they_are_part_of():
    whole = factories.BodyFactory(slug="z-whole", name_en="Whole", order=9)
    factories.BodyFactory(slug="a-part", name_en="Part", parent=whole, order=1)
    assert comes_back(export())


def test_two_holders_of_one_office_in_a_file_are_refused_by_the_row(belarus):
    document = popolo.document()
    chair = next(row for row in document["memberships"] if row["role"] == "chair")
    other = next(row["id"] for row in document["persons"] if row["id"] != chair["person_id"])
    second = {**chair, "id": "00000000-0000-4000-8000-000000000001", "person_id": other, "start_date": "2022"}
    document["memberships"].append(second)
    report = import_file("".join(popolo.texts_of(document.items())).encode(), "popolo")
    assert "overlaps with 2020" in " ".join(note.message for note in report.conflicts)
    assert AssemblyPost.objects.filter(role="chair").count() == 1


@up_to(300)
def test_document_costs_the_same_with_any_number_of_rows(sizes):
    def measure(rows):
        source = factories.SourceFactory()
        for number in range(rows):
            if number < 3:
                chamber = factories.DelegateFactory(sources=[source]).chamber
                factories.SeatQuotaFactory(chamber=chamber, sources=[source])
                factories.RepresentativeFactory(parliament=chamber.parliament)
            else:
                factories.DelegateFactory(chamber=chamber, sources=[source])
        return {"Popolo document": cost(popolo.document)}

    assert_same_cost(measure, sizes)


# The addresses


def test_files_have_the_json_content_type(client, belarus):
    answer = client.get("/data/popolo.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.content.decode() == export()
    assert client.get("/data/belarus/popolo.json?on=2018-01-01").json()["meta"]["on"] == "2018-01-01"
    assert client.get("/data/byelorussia/popolo.json?on=2018-01-01").headers["Location"] == (
        "/data/belarus/popolo.json?on=2018-01-01"
    )


@pytest.mark.parametrize(
    ("address", "status", "parameter"),
    [
        ("/data/popolo.json?on=2018-02-30", 400, "on"),
        ("/data/popolo.json?on=2018", 400, "on"),
        ("/data/popolo.json?on=2018-01-01&on=2018-01-01", 400, "on"),
        ("/data/popolo.json?on=2006-11-15", 404, "on"),
        ("/data/nowhere/popolo.json", 404, "slug"),
        ("/data/belarus/popolo.json?on=%00", 400, "on"),
    ],
)
def test_invalid_query_answers_with_a_message(client, belarus, address, status, parameter):
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["parameter"] == parameter
    assert answer.json()["detail"]


# The command


def test_command_writes_complete_files(belarus, tmp_path, capsys):
    file = tmp_path / "all.json"
    call_command("export_delegations", output=file)
    assert file.read_text() == export()
    assert list(tmp_path.iterdir()) == [file]
    call_command("export_delegations", "--on", "2018-01-01")
    assert json.loads(capsys.readouterr().out)["meta"]["on"] == "2018-01-01"
    with pytest.raises(CommandError, match="no Assembly"):
        call_command("export_delegations", "--on", "1990-01-01")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_delegations", output=tmp_path / "nowhere" / "all.json")


# Any history

FIRST = date(2007, 1, 1)
# A name has a letter, and none was lost.
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffd")
TEXTS = st.text(LETTERS, min_size=1, max_size=12).map("Á{}".format)


@st.composite
def periods(draw, lines=3):
    """Rows of one succession from sorted days: each period ends at the start of the next or before it."""
    cuts = sorted(draw(st.sets(st.integers(0, 5_000), min_size=2, max_size=2 * lines)))
    rows = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        starts, ends = FIRST + timedelta(start), FIRST + timedelta(end)
        rows.append({"starts": starts, "ends": ends})
    rows[0]["starts"] = draw(st.sampled_from([None, rows[0]["starts"]]))
    how = draw(st.sampled_from(["open", "ended", "exact", "month", "year"]))
    last = rows[-1]
    if how == "open":
        last["ends"] = None
    elif how == "ended":
        last["ends"] = None
        last["ended"] = True
    elif how in ("month", "year"):
        last["ends"] = f"{last['ends']:%Y-%m}" if how == "month" else f"{last['ends']:%Y}"
    return rows


@st.composite
def histories(draw):
    return [
        {
            "names": draw(st.tuples(TEXTS, TEXTS)),
            "chambers": [
                {
                    "quotas": draw(periods()),
                    "mandates": draw(st.lists(periods(), max_size=3)),
                    "links": draw(st.booleans()),
                }
                for _ in range(draw(st.integers(0, 2)))
            ],
            "participations": draw(periods()),
            "services": draw(periods()),
            "former": draw(st.booleans()),
            "withdrawn": draw(st.booleans()),
        }
        for _ in range(draw(st.integers(1, 3)))
    ]


def build(history):
    sources = factories.SourceFactory.create_batch(2)
    for number, about in enumerate(history):
        english, russian = about["names"]
        parliament = factories.ParliamentFactory(name_en=english, name_ru=russian, short_name_en="", order=number % 2)
        if about["former"]:
            FormerSlug.objects.create(parliament=parliament, slug=f"former-{parliament.slug}")
        for row in about["participations"]:
            factories.ParticipationFactory(parliament=parliament, sources=sources[:number], **row)
        for row in about["services"]:
            factories.RepresentativeFactory(parliament=parliament, **row)
        for part in about["chambers"]:
            chamber = factories.ChamberFactory(parliament=parliament)
            for seats, row in enumerate(part["quotas"], 1):
                factories.SeatQuotaFactory(chamber=chamber, seats=seats, sources=sources[seats % 2 :], **row)
            for mandates in part["mandates"]:
                person = factories.PersonFactory(
                    name_en=english, withdrawn=about["withdrawn"], withdrawal_reason_ru="Просьба"
                )
                for row in mandates:
                    factories.DelegateFactory(person=person, chamber=chamber, constituency_en=russian, **row)
            if part["links"]:
                factories.LinkFactory(chamber=chamber, starts="2012")


@pytest.mark.long
@examples(8)
@given(history=histories())
def test_arbitrary_history_is_exported_identically_after_import(history):
    empty()
    build(history)
    text = export()
    assert comes_back(text)
    again = import_file(text.encode(), "popolo")
    assert not again.changes
