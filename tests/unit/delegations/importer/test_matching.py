"""Who the people of a file are: nobody becomes somebody else without being asked about."""

import pytest
from django.core.management import CommandError, call_command

from delegations.models import Delegate, Person

from ....support import factories
from ....support.imports import member, popolo, somebody, table_of, take

pytestmark = pytest.mark.django_db

HEADER = ["name_ru", "chamber", "start", "same_as"]


@pytest.fixture
def senate():
    return factories.ChamberFactory(slug="kazakhstan-senate", parliament__slug="kazakhstan")


@pytest.fixture
def known(chamber):
    """A member of another parliament than the files."""
    person = factories.PersonFactory(
        name_ru="Глеб Яровой",
        family_name_ru="Яровой",
        given_name_ru="Глеб",
        patronymic_ru="Ильич",
        name_en="Gleb Yarovoy",
    )
    return factories.DelegateFactory(chamber=chamber, person=person).person


def asked(report):
    return {question.key: [value for value, _label in question.choices] for question in report.questions}


def row_of(name, **about):
    return {"name_ru": name, "start": "2024-03-01", **about}


@pytest.mark.parametrize(
    "name", ["Глеб Яровой", "ЯРОВОЙ Глеб Ильич", "ГЛЕБ ЯРОВОЙ", "Яровой Г.И.", "Глеб Яровои", "Gleb Iarovoi"]
)
def test_name_of_another_parliament_or_in_another_spelling_is_asked_about(known, senate, name):
    table = table_of(row_of(name), header=HEADER)
    report = take(table, "csv", chamber=senate.slug)
    assert asked(report) == {name: [str(known.public_id), "new"]}
    assert (report.saved, len(report.conflicts)) == (False, 1)
    parliament = known.mandates.get().chamber.parliament.label
    assert report.questions[0].choices[0][1] == f"Gleb Yarovoy / Глеб Яровой ({parliament}) – {known.public_id}"
    assert take(table, "csv", chamber=senate.slug, people={name: str(known.public_id)}).saved
    known.refresh_from_db()
    assert (known.name_ru, known.name_en, known.mandates.count()) == ("Глеб Яровой", "Gleb Yarovoy", 2)


def test_new_person_with_a_known_name_is_made_if_the_user_says_so(known, senate):
    table = table_of(row_of("Глеб Яровой"), header=HEADER)
    assert take(table, "csv", chamber=senate.slug, people={"Глеб Яровой": "new"}).saved
    assert Person.objects.filter(name_ru="Глеб Яровой").count() == 2


@pytest.mark.parametrize("answer", ["Новый человек", "{id}"])
def test_column_of_the_table_says_who_it_is(known, senate, answer):
    answer = answer.format(id=known.public_id)
    assert take(table_of(row_of("Яровой Г.И.", same_as=answer), header=HEADER), "csv", chamber=senate.slug).saved
    assert known.mandates.count() == (2 if answer.isdecimal() else 1)


def test_answer_that_is_nobody_is_refused(known, senate):
    report = take(table_of(row_of("Яровой Г.И.", same_as="77"), header=HEADER), "csv", chamber=senate.slug)
    assert "no public id of a person" in report.conflicts[0].message


def test_person_known_from_this_parliament_alone_is_not_asked_about(known, chamber):
    report = take(table_of(row_of("Глеб Яровой"), header=HEADER), "csv", chamber=chamber.slug, dry_run=True)
    assert (report.questions, report.counts["added"]["people"]) == ([], 0)


def test_rows_with_open_questions_are_left_out_if_the_user_says_so(known, senate):
    rows = [row_of("Глеб Яровой"), row_of("Иван Клёнов")]
    report = take(table_of(*rows, header=HEADER), "csv", chamber=senate.slug, skip_invalid=True)
    assert (report.saved, len(report.skipped)) == (True, 1)
    assert list(senate.delegates.values_list("person__name_ru", flat=True)) == ["Иван Клёнов"]


def test_own_table_asks_about_a_name_of_another_parliament(known, chamber, senate):
    rows = [row_of("Глеб Яровой", chamber=senate.slug), row_of("Иван Клёнов", chamber=chamber.slug)]
    report = take(table_of(*rows, header=HEADER), "csv")
    assert asked(report) == {"Глеб Яровой (kazakhstan)": [str(known.public_id), "new"]}


def test_namesakes_of_two_parliaments_in_a_file_are_asked_about(chamber, senate):
    table = table_of(*(row_of("Иван Клёнов", chamber=slug) for slug in (senate.slug, chamber.slug)), header=HEADER)
    second, first = "Иван Клёнов (belarus)", "Иван Клёнов (kazakhstan)"
    assert asked(take(table, "csv")) == {second: [f"={first}", "new"]}
    assert take(table, "csv", people={second: f"={first}"}, dry_run=True).counts["added"]["people"] == 1
    assert take(table, "csv", people={second: "new"}).saved
    assert Person.objects.filter(name_ru="Иван Клёнов").count() == 2
    # Two people on record have the name now.
    assert asked(take(table, "csv")).keys() == {first, second}


def test_two_ids_of_a_file_become_one_person_if_the_user_says_so(senate):
    about = {"identifiers": [{"scheme": "wikidata", "identifier": "Q5"}]}
    data = popolo([somebody("a", "Ann Lee"), somebody("b", "Anna Lee", **about)], [member("a"), member("b")])
    report = take(data, chamber=senate.slug, people={"b": "=a"}, skip_invalid=True)
    assert (report.saved, Person.objects.count()) == (True, 1)
    assert sorted(Person.objects.get().identifiers.values_list("identifier", flat=True)) == ["Q5", "a", "b"]


def test_spelling_like_a_person_of_another_row_is_asked_about(known, chamber):
    rows = [row_of("Глеб Яровой"), row_of("Глеб Яорвой", start="2010", end="2011")]
    report = take(table_of(*rows, header=[*HEADER, "end"]), "csv", chamber=chamber.slug)
    assert asked(report) == {"Глеб Яорвой": [str(known.public_id), "new"]}


def test_two_spellings_in_a_file_are_asked_about(senate):
    report = take(table_of(row_of("Иван Клёнов"), row_of("КЛЁНОВ Иван"), header=HEADER), "csv", chamber=senate.slug)
    assert asked(report) == {"КЛЁНОВ Иван": ["=Иван Клёнов", "new"]}


def test_ids_of_a_publisher_keep_people_apart_and_are_asked_about_once(known, senate):
    data = popolo([somebody("a", "Gleb Yarovoy"), somebody("b", "Gleb Yarovoy")], [member("a"), member("b")])
    report = take(data, chamber=senate.slug)
    assert asked(report) == {key: [str(known.public_id), "new"] for key in "ab"}
    assert take(data, chamber=senate.slug, people={"a": str(known.public_id), "b": "new"}).saved
    assert not take(data, chamber=senate.slug).changes
    assert Person.objects.filter(name_en="Gleb Yarovoy").count() == 2


def test_number_in_an_answer_is_a_public_id_and_no_id_of_the_file(known, senate):
    other = str(known.public_id)
    data = popolo([somebody(other, "Ann Lee"), somebody("x", "Gleb Yarovoy")], [member(other), member("x")])
    assert take(data, chamber=senate.slug, people={"x": other}).saved
    assert known.mandates.count() == 2


def test_command_reads_the_answers_of_files(known, senate, tmp_path, capsys):
    table, same, new = (tmp_path / name for name in ("list.csv", "same.txt", "new.txt"))
    table.write_bytes(table_of(row_of("Яровой Г.И."), row_of("Глеб Яровои", start="2020", end="2021"), header=HEADER))
    with pytest.raises(CommandError):
        call_command("import_delegations", table, chamber=senate.slug)
    said = capsys.readouterr().out
    assert "--same or --new" in said
    assert said.count("  Яровой Г.И.\n") == 1
    same.write_text(f"Яровой Г.И.\t{known.public_id}\n")
    new.write_text("\nГлеб Яровои\n")
    call_command("import_delegations", table, chamber=senate.slug, same=same, new=new)
    assert (known.mandates.count(), Delegate.objects.count()) == (2, 3)
    same.write_text("Яровой Г.И. 7")
    with pytest.raises(CommandError, match="Line 1 of"):
        call_command("import_delegations", table, chamber=senate.slug, same=same)
