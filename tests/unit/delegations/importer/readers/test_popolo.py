"""Popolo files of other publishers."""

import pytest

from delegations.importer import import_file
from delegations.models import Chamber, Delegate, Identifier, Parliament, Person, SeatQuota, Source

from .....support import factories
from .....support.imports import member, popolo, somebody, table_of, take, words

pytestmark = pytest.mark.django_db


def test_new_country_becomes_a_parliament_with_one_chamber_and_no_quota():
    report = take(popolo())
    parliament = Parliament.objects.get()
    assert (parliament.slug, parliament.country.code, parliament.name_en) == ("burundi", "BI", "Assemblée nationale")
    assert (parliament.short_name_en, parliament.short_name_ru) == ("Burundi", "Бурунди")
    chamber = Chamber.objects.get()
    assert (chamber.slug, chamber.kind, chamber.imported_id) == ("burundi-assemblee-nationale", "", "leg")
    assert not SeatQuota.objects.exists()
    assert report.counts["added"] | {"people": 1, "delegates": 1, "parliaments": 1} == report.counts["added"]


def test_names_in_other_languages_are_stored_without_guessed_parts():
    person = somebody(
        name="Виктор Когут",
        family_name="Когут",
        patronymic_name="Николаевич",
        other_names=[
            {"name": "Former Name", "lang": "en", "end_date": "2001"},
            {"name": "Viktor Kogut", "lang": "en-GB", "given_name": "Viktor"},
            {"name": "Viktar", "lang": "be"},
            {"name": "Second", "lang": "en"},
            {"name": "no language"},
        ],
    )
    take(popolo([person]))
    row = Person.objects.get()
    assert (row.name_ru, row.family_name_ru, row.given_name_ru, row.patronymic_ru) == (
        "Виктор Когут",
        "Когут",
        "",
        "Николаевич",
    )
    assert (row.name_en, row.given_name_en, row.family_name_en) == ("Viktor Kogut", "Viktor", "")
    assert row.sort_key_ru
    assert " kogut " in row.name_words


def test_group_and_constituency_are_stored_and_private_data_are_not():
    person = somebody(birth_date="1960", email="a@example.org", image="https://example.org/a.jpg", gender="Female")
    party = {
        "id": "p",
        "name": "MDC",
        "classification": "party",
        "other_names": [{"lang": "ru", "name": "Движение"}],
    }
    report = take(
        popolo(
            [person],
            [member(on_behalf_of_id="p", area_id="x", label="Mrs")],
            organizations=[party],
            areas=[{"id": "x", "name": "Gitega"}],
        )
    )
    mandate = Delegate.objects.get()
    assert (mandate.political_group_en, mandate.political_group_ru) == ("MDC", "Движение")
    assert (mandate.constituency_en, mandate.person.gender) == ("Gitega", "female")
    assert report.not_kept == {
        "memberships.label": 1,
        "persons.birth_date": 1,
        "persons.email": 1,
        "persons.image": 1,
    }


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, ("2010", "2015-04-30")),
        ("2012-05", None, ("2012-05", "2015-04-30")),
        (None, "2011", ("2010", "2011")),
    ],
)
def test_missing_start_or_end_is_taken_from_the_term(start, end, expected):
    term = {"id": "t", "classification": "legislative period", "start_date": "2010", "end_date": "2015-04-30"}
    rows = [member(start_date=start, end_date=end, legislative_period_id="t")]
    report = take(popolo(memberships=rows, events=[term]))
    mandate = Delegate.objects.get()
    assert (str(mandate.starts), str(mandate.ends)) == expected
    said = [f"The {name} {day} is that of the term." for name, day, own in taken_from(start, end) if not own]
    assert [note.message for note in report.warnings if "term" in note.message] == said


def taken_from(start, end):
    return ("start", "2010", start), ("end", "2015-04-30", end)


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"start_date": None, "end_date": "2009-12-31"}, "The start of the term, 2010, is after the end of the row"),
        ({"start_date": "2015-04-30"}, "The end of the term, 2015-04-30, is before the start of the row"),
    ],
)
def test_row_that_contradicts_its_term_keeps_its_own_date(own, words):
    term = {"id": "t", "classification": "legislative period", "start_date": "2010", "end_date": "2015-04-30"}
    report = take(popolo(memberships=[member(**own, legislative_period_id="t")], events=[term]))
    mandate = Delegate.objects.get()
    assert [str(date) for date in (mandate.starts, mandate.ends) if date] == list(filter(None, own.values()))
    assert report.saved
    assert [note.message.startswith(words) for note in report.warnings if "term" in note.message] == [True]


def test_memberships_of_one_person_become_mandates():
    rows = [member(start_date="2010", end_date="2015"), member(start_date="2015")]
    report = take(popolo(memberships=rows))
    assert (Person.objects.count(), Delegate.objects.count()) == (1, 2)
    assert not report.conflicts
    assert not take(popolo(memberships=rows)).changes


def test_sources_are_stored_once_and_default_to_those_of_the_person():
    link = {"url": "https://example.org/list", "note": "List"}
    rows = [member("a"), member("b", sources=[{"url": "https://example.org/b"}, {"url": "javascript:x"}])]
    report = take(popolo([somebody(sources=[link]), somebody("b", "Bob Ray", sources=[link])], rows))
    assert [source.title_en for source in Delegate.objects.get(person__name_en="Ann Lee").sources.all()] == ["List"]
    assert Delegate.objects.get(person__name_en="Bob Ray").sources.get().title_en == "https://example.org/b"
    assert Source.objects.count() == 2
    assert words(report.warnings) == ["/memberships/1: No address: javascript:x"]


def test_people_are_matched_by_id(chamber):
    people = [somebody("a"), somebody("b", "Lee Ann")]
    rows = [member("a"), member("b")]
    report = take(popolo(people, rows), chamber="belarus-house")
    assert Person.objects.count() == 2
    assert words(report.warnings)[0] == "/persons/1: Lee Ann looks like the person of /persons/0."
    renamed = take(popolo([somebody("a", "Ann Ray"), people[1]], rows), chamber="belarus-house")
    assert renamed.counts["changed"]["people"] == 1
    assert set(Person.objects.values_list("name_en", flat=True)) == {"Ann Ray", "Lee Ann"}
    assert set(Identifier.objects.values_list("scheme", "identifier")) == {
        ("import:belarus", "a"),
        ("import:belarus", "b"),
    }
    third = take(popolo([*people, somebody("c")], [*rows, member("c")]), chamber="belarus-house")
    assert third.counts["added"]["people"] == 1


def test_wikidata_id_is_stored_and_matches_the_person(chamber):
    person = factories.DelegateFactory(chamber=chamber, starts="2001", ends="2002").person
    Identifier.objects.create(person=person, scheme="wikidata", identifier="Q7")
    take(
        popolo([somebody(identifiers=[{"scheme": "wikidata", "identifier": "Q7"}])], [member()]),
        chamber="belarus-house",
    )
    assert Person.objects.count() == 1
    assert person.mandates.count() == 2
    assert person.identifiers.count() == 2


def test_unique_name_matches_the_person_on_record(chamber):
    person = factories.DelegateFactory(chamber=chamber, person__name_en="Ann Lee", starts="2010", ends="2012").person
    assert take(popolo([somebody()], [member()]), chamber="belarus-house").saved
    assert person.mandates.count() == 2


def test_withdrawn_person_stays_withdrawn():
    take(popolo())
    person = Person.objects.get()
    person.withdrawn, person.withdrawal_reason_en, person.name_en = True, "Own request.", "Gone"
    person.save()
    take(popolo())
    person.refresh_from_db()
    assert (person.withdrawn, person.name_en) == (True, "Gone")


def test_values_missing_in_the_file_are_kept():
    take(popolo())
    mandate = Delegate.objects.get()
    mandate.role, mandate.ends = "head", "2018"
    mandate.save()
    report = take(popolo())
    assert not report.changes
    assert words(report.warnings) == ["/memberships/0: On record the mandate has ended; the file does not say so."]


def test_more_precise_start_and_new_end_change_the_same_mandate():
    take(popolo(memberships=[member(start_date="2015")]))
    report = take(popolo(memberships=[member(start_date="2015-03-01", end_date="2019")]))
    assert report.counts["ended"]["delegates"] == 1
    mandate = Delegate.objects.get()
    assert (str(mandate.starts), str(mandate.ends)) == ("2015-03-01", "2019")


@pytest.mark.parametrize("end", [None, "2019"])
def test_earlier_membership_in_a_new_file_is_a_mandate_of_its_own(end):
    take(popolo(memberships=[member(start_date="2015-03-01")]))
    mandate = Delegate.objects.get()
    # The dates of the earlier membership alone could mean the mandate on record.
    earlier = member(start_date="2015", end_date="2015-03")
    report = take(popolo(memberships=[earlier, member(start_date="2015-03-01", end_date=end)]))
    assert report.counts["added"]["delegates"] == 1
    mandate.refresh_from_db()
    assert (str(mandate.starts), mandate.ends and str(mandate.ends)) == ("2015-03-01", end)


def test_swapped_dates_are_saved_in_one_import():
    before = [member(start_date="2010", end_date="2015-01-01"), member(start_date="2015-01-01", end_date="2016")]
    take(popolo(memberships=before))
    first, second = Delegate.objects.order_by("start")
    text = table_of(
        {"id": first.uid, "person_id": 1, "chamber": first.chamber.slug, "start": "2010", "end": "2015-06-01"},
        {"id": second.uid, "person_id": 1, "chamber": first.chamber.slug, "start": "2015-06-01", "end": "2017"},
    )
    report = import_file(text, "csv")
    assert (report.saved, report.counts["changed"]["delegates"]) == (True, 2)
    assert [str(row.ends) for row in Delegate.objects.order_by("start")] == ["2015-06-01", "2017"]


def test_words_of_the_forms_are_read_in_any_case():
    data = popolo([somebody(gender="Женский")], [member(role="Руководитель делегации")])
    assert take(data).saved
    mandate = Delegate.objects.get()
    assert (mandate.person.gender, mandate.role) == ("female", "head")


def test_code_in_use_for_a_country_is_known():
    assert take(popolo(), country="XK").saved
    assert Parliament.objects.get().country.name == "Kosovo"
