"""Tables of all history as files, and the data package that holds them."""

import csv
import gc
import json
import re
from datetime import date, datetime, timedelta
from io import BytesIO, StringIO
from zipfile import ZipFile

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from cspa.exports.tabular import FORMATS
from cspa.pages.data_catalogue import TABLES
from delegations.dates import FOUNDED, today
from delegations.models import Delegate, Person, delegations_on
from delegations.models.parliaments import Parliament

from ....support import factories
from ....support.api import fill
from ....support.counting import assert_same_cost, cost, up_to
from ....support.page_cache import new_process

pytestmark = pytest.mark.django_db

SECRET = "Xylophone"


def rows(client: Client, name: str) -> list[dict[str, str]]:
    text = client.get(f"/data/{name}.csv").getvalue().decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def archive(client: Client) -> ZipFile:
    return ZipFile(BytesIO(client.get("/data/datapackage.zip").getvalue()))


def quote(words: str, caption: str) -> str:
    return f"<blockquote><p>{words}</p><p>— {caption}</p></blockquote>"


@pytest.fixture
def world() -> Person:
    """A person in every table, beside somebody else."""
    person = factories.PersonFactory(public_id=12, name_en="Igor Morozov", name_ru="Игорь Морозов", gender="male")
    person.identifiers.create(scheme="wikidata", identifier="Q1")
    parliament = factories.ParliamentFactory(slug="belarus", country="BY", name_en="National Assembly")
    chamber = factories.ChamberFactory(parliament=parliament, slug="belarus-house", kind="lower")
    source = factories.SourceFactory(title_en="Decree No. 12", date=date(2019, 5, 1))
    factories.SeatQuotaFactory(chamber=chamber, seats=7, starts="2008-01-01", sources=[source])
    factories.DelegateFactory(chamber=chamber, person=person, starts="2019-05-26", ends="2021", sources=[source])
    factories.DelegateFactory(chamber=chamber, starts="2020", person__gender="female")
    factories.RepresentativeFactory(person=person, parliament=parliament)
    factories.AssemblyPostFactory(person=person, body=factories.assembly(), parliament=parliament)
    factories.ArticleFactory(
        people=[person], parliaments=[parliament], body=quote("One.", "Igor Morozov, Chair") + quote("Two.", "Ann Lee")
    )
    return person


class TestTables:
    def test_every_table_has_the_same_rows_in_every_format(self, client: Client, world: Person):
        for name, table in TABLES.items():
            records = [json.loads(line) for line in client.get(f"/data/{name}.jsonl").getvalue().splitlines()]
            whole = json.loads(client.get(f"/data/{name}.json").getvalue())
            assert whole == {"results": records, "count": len(records)}
            sheet = openpyxl.load_workbook(BytesIO(client.get(f"/data/{name}.xlsx").getvalue())).active
            found = rows(client, name)
            assert list(found[0]) == list(records[0]) == [cell.value for cell in sheet[1]] == list(table.columns)
            assert len(found) == len(records) == sheet.max_row - 1
        assert len(TABLES) == 10

    def test_rows_of_past_days_are_in_the_files(self, client: Client, world: Person):
        (mandate,) = (row for row in rows(client, "mandates") if row["person_id"] == "12")
        assert (mandate["name_ru"], mandate["start"], mandate["end"]) == ("Игорь Морозов", "2019-05-26", "2021")
        (quota,) = rows(client, "quotas")
        assert (quota["chamber"], quota["seats"], quota["start"]) == ("belarus-house", "7", "2008-01-01")
        assert (quota["source_title"], quota["source_date"]) == ("Decree No. 12", "2019-05-01")
        person = rows(client, "people")[0]
        assert (person["id"], person["identifier_scheme"], person["identifier"]) == ("12", "wikidata", "Q1")
        assert rows(client, "posts")[0]["body"] == "assembly"
        assert rows(client, "representatives")[0]["delegation"] == "belarus"
        assert rows(client, "articles")[0]["people_ids"] == "12"
        said = [(row["words"], row["speaker"], row["person_id"]) for row in rows(client, "quotations")]
        assert said == [("One.", "Igor Morozov", "12"), ("Two.", "Ann Lee", "")]

    def test_day_is_a_date_in_a_workbook(self, client: Client, world: Person):
        sheet = openpyxl.load_workbook(BytesIO(client.get("/data/mandates.xlsx").getvalue())).active
        columns = [cell.value for cell in sheet[1]]
        starts = {row[columns.index("start")].value for row in sheet.iter_rows(min_row=2)}
        assert starts == {datetime(2019, 5, 26), "2020"}

    def test_file_does_not_depend_on_the_language_of_the_reader(self, client: Client, world: Person):
        for name in TABLES:
            english, russian = (
                client.get(f"/data/{name}.csv", headers={"accept-language": code}).getvalue() for code in ("en", "ru")
            )
            assert english == russian, name

    def test_withdrawn_name_and_unpublished_text_are_in_no_file(self, client: Client, world: Person):
        factories.PersonNameFactory(person=world, name_en="Igor Former", starts="2010", ends="2015")
        before = b"".join(client.get(f"/data/{name}.csv").getvalue() for name in TABLES)
        assert before.count("Морозов".encode()) > 3
        assert b"Q1" in before
        world.withdrawn, world.withdrawal_reason_en = True, "At the person's own request."
        world.save()
        for state in ("draft", "review", "withdrawn"):
            factories.ArticleFactory(state=state, title=SECRET, body=quote(SECRET, "Ann Lee"))
        package = archive(client)
        texts = [client.get(f"/data/{name}.{ending}").getvalue() for name in TABLES for ending in ("csv", "jsonl")]
        texts += [package.read(name) for name in package.namelist()]
        for text in texts:
            for secret in ("Morozov", "Морозов", "Former", "Q1", SECRET):
                assert secret.encode() not in text
        (gone,) = (row for row in rows(client, "people") if row["id"] == "12")
        assert (gone["withdrawn"], gone["gender"]) == ("true", "")
        assert rows(client, "quotations")[0]["words"] == "One."

    @pytest.mark.parametrize("name", ["nothing.csv", "mandates.pdf", "mandates.", "popolo.csv", "Mandates.csv"])
    def test_unknown_file_answers_404(self, client: Client, name: str):
        assert client.get(f"/data/{name}").status_code == 404

    @pytest.mark.parametrize("name", ["mandates.csv", "datapackage.json", "datapackage.zip"])
    def test_parameter_is_refused(self, client: Client, name: str):
        answer = client.get(f"/data/{name}?on=2020-05-26")
        assert (answer.status_code, answer.json()["parameter"]) == (400, "on")


class TestSeats:
    def test_figures_are_those_of_the_directory_on_every_day(self, client: Client):
        house(client)
        table = rows(client, "seats")
        compared = 0
        for number in range(0, 7000, 389):
            day = FOUNDED + timedelta(days=number)
            expected = {
                (part.chamber.slug, delegation.status or "", part.seats, part.named, part.substitutes)
                for delegation in delegations_on(day, Parliament.objects.all())
                for part in delegation.chambers
                if part.seats or part.named or part.substitutes
            }
            found = {
                (
                    row["chamber"],
                    row["status"],
                    int(row["seats"] or 0) or None,
                    int(row["named"]),
                    int(row["substitutes"]),
                )
                for row in table
                if row["start"] <= day.isoformat() and not (row["end"] and row["end"] <= day.isoformat())
            }
            assert found == expected, day
            compared += len(expected)
        assert compared > 40

    def test_women_and_men_are_counted_and_withdrawn_people_are_neither(self, client: Client):
        chamber = factories.ChamberFactory()
        for gender in ("female", "female", "male", "", "other"):
            factories.DelegateFactory(chamber=chamber, starts="2020-01-01", person__gender=gender)
        factories.DelegateFactory(chamber=chamber, starts="2020-01-01", role="substitute", person__gender="female")
        (row,) = rows(client, "seats")
        assert (row["named"], row["women"], row["men"], row["substitutes"]) == ("5", "2", "1", "1")
        Person.objects.filter(gender="female").update(withdrawn=True, withdrawal_reason_en="Asked.")
        (row,) = rows(client, "seats")
        assert (row["named"], row["women"], row["men"]) == ("5", "0", "1")


def house(client: Client) -> None:
    """Chambers with quotas, mandates and participations of every kind of date."""
    for number in range(3):
        parliament = factories.ParliamentFactory()
        chamber = factories.ChamberFactory(parliament=parliament)
        if number:
            factories.ParticipationFactory(parliament=parliament, starts="2008", ends="2015-03-01", status="observer")
            factories.ParticipationFactory(parliament=parliament, starts="2016", ends=None, status="member")
        factories.SeatQuotaFactory(chamber=chamber, starts=None, ends="2010", seats=5)
        factories.SeatQuotaFactory(chamber=chamber, starts="2010-06-01", ends="2014-02", seats=6)
        factories.SeatQuotaFactory(chamber=chamber, starts="2014-02-11", ends=None, seats=7)
        for start, end in ((None, "2012-01-01"), ("2009", "2011-05"), ("2012-03-04", "2018"), ("2013-01-01", None)):
            factories.DelegateFactory(chamber=chamber, starts=start, ends=end)
        again = factories.PersonFactory()
        factories.DelegateFactory(chamber=chamber, person=again, starts="2010", ends="2012", role="substitute")
        factories.DelegateFactory(chamber=chamber, person=again, starts="2012-05-01", ends="2013-05-01")
        factories.DelegateFactory(chamber=chamber, person=again, starts=None, ends=None)


class TestPackage:
    def test_archive_holds_the_tables_and_their_description(self, client: Client, world: Person):
        response = client.get("/data/datapackage.zip")
        assert response["Content-Type"] == "application/zip"
        assert f'filename="csto-parliamentary-assembly-{today().isoformat()}.zip"' in response["Content-Disposition"]
        package = archive(client)
        assert package.testzip() is None
        assert package.namelist() == ["datapackage.json", *(f"{name}.csv" for name in TABLES)]
        assert json.loads(package.read("datapackage.json")) == client.get("/data/datapackage.json").json()
        for name in TABLES:
            assert package.read(f"{name}.csv") == client.get(f"/data/{name}.csv").getvalue()

    def test_description_names_licence_day_and_every_column(self, client: Client, world: Person):
        description = client.get("/data/datapackage.json").json()
        assert description["licenses"][0]["name"] == "CC-BY-4.0"
        assert description["created"].startswith(today().isoformat())
        assert re.fullmatch("[a-z0-9-]+", description["name"])
        for resource in description["resources"]:
            (header, *_rows) = csv.reader(
                StringIO(client.get(f"/data/{resource['path']}").getvalue().decode("utf-8-sig"), newline="")
            )
            assert [column["name"] for column in resource["schema"]["fields"]] == header

    def test_values_have_the_types_and_keys_that_the_description_states(self, client: Client, world: Person):
        kinds = {"integer": r"-?\d+", "boolean": "true|false", "date": r"\d{4}-\d\d-\d\d", "string": "(?s).*"}
        kinds["datetime"] = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+\d\d:\d\d"
        found = {name: rows(client, name) for name in TABLES}
        checked = 0
        for resource in client.get("/data/datapackage.json").json()["resources"]:
            schema, table = resource["schema"], found[resource["name"]]
            for column in schema["fields"]:
                pattern = column.get("constraints", {}).get("pattern", kinds[column["type"]])
                allowed = column.get("constraints", {}).get("enum")
                for value in filter(None, (row[column["name"]] for row in table)):
                    assert re.fullmatch(pattern, value), (resource["name"], column, value)
                    assert allowed is None or value in allowed
                    checked += 1
            keys = [tuple(row[name] for name in schema["primaryKey"]) for row in table]
            assert len(set(keys)) == len(keys)
            assert all(map(all, keys))
            for reference in schema["foreignKeys"]:
                (column,), (key,) = reference["fields"], reference["reference"]["fields"]
                known = {row[key] for row in found[reference["reference"]["resource"]]}
                assert {row[column] for row in table} - {""} <= known, (resource["name"], column)
        assert checked > 100

    def test_archive_of_the_same_rows_has_the_same_bytes(self, client: Client, world: Person):
        first, second = (client.get("/data/datapackage.zip").getvalue() for _time in range(2))
        assert first == second

    @pytest.mark.django_db(transaction=True)
    def test_archive_and_table_are_conditional(self, settings):
        settings.ALLOWED_HOSTS = ["*"]
        mandate = factories.DelegateFactory(starts="2019-05-26")
        with new_process() as reader:
            for address in ("/data/datapackage.zip", "/data/mandates.csv", "/data/seats.csv"):
                answer = reader.get(address)
                again = reader.get(address, if_none_match=answer["ETag"])
                assert (answer.status_code, again.status_code, again.content) == (200, 304, b""), address
                assert answer["Access-Control-Allow-Origin"] == "*", address
            before = reader.get("/data/datapackage.zip")["ETag"]
            Delegate.objects.filter(pk=mandate.pk).update(role="head")
            reader.settle()
            assert reader.get("/data/datapackage.zip")["ETag"] != before

    def test_rows_are_read_in_chunks(self, monkeypatch):
        monkeypatch.setattr("delegations.tables.CHUNK", 20)
        chamber = factories.ChamberFactory()
        people = factories.create_many(factories.PersonFactory, [{}] * 150)
        factories.create_many(factories.DelegateFactory, [{"chamber": chamber, "person": row} for row in people])
        alive = []
        for number, _row in enumerate(TABLES["mandates"].rows(), 1):
            if number % 50 == 0:
                gc.collect()
                alive.append(sum(isinstance(thing, Delegate) for thing in gc.get_objects()))
        assert len(alive) == 3
        # A chunk, and the one that is read next.
        assert max(alive) <= 2 * 20


@up_to(300)
def test_file_costs_the_same_with_any_number_of_rows(client: Client, sizes):
    def measure(number: int) -> dict[str, int]:
        fill(number)
        costs = {f"table of {name}": cost(lambda name=name: rows(client, name)) for name in TABLES}
        assert min(len(rows(client, name)) for name in TABLES) >= number
        return costs | {"data package": cost(lambda: archive(client))}

    assert_same_cost(measure, sizes)


class TestPage:
    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_page_links_every_table_and_the_archive(self, client: Client, language: str):
        page = client.get(f"/{language}/data/").text
        addresses = [f"/data/{name}.{ending}" for name in TABLES for ending in FORMATS if ending != "json"]
        for address in (*addresses, "/data/datapackage.zip", "/data/datapackage.json"):
            assert f'href="{address}"' in page
            assert client.get(address).status_code == 200

    def test_five_questions_are_answered_by_one_request_each(self, client: Client, world: Person):
        page = client.get("/en/data/")
        questions = page.context["questions"]
        assert len(questions) == 5
        mandate = world.mandates.get()
        mandate.ends = date(2020, 6, 1)
        mandate.save()
        replaced = {"person=1": "person=12"}
        for _title, path in questions:
            assert f"curl '{escape('http://testserver' + path)}'" in page.text
            for old, new in replaced.items():
                path = path.replace(old, new)
            answer = client.get(path)
            assert answer.status_code == 200, path
            if path.startswith("/api/"):
                assert answer.json()["count"] >= 1, path
            else:
                assert answer.getvalue().count(b"\n") >= 2, path

    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_page_describes_the_data_as_a_dataset(self, client: Client, language: str):
        page = client.get(f"/{language}/data/").text
        (block,) = re.findall('<script type="application/ld\\+json">(.*?)</script>', page)
        dataset = json.loads(block)
        assert (dataset["@type"], dataset["inLanguage"]) == ("Dataset", language)
        assert dataset["license"] == "https://creativecommons.org/licenses/by/4.0/"
        assert 50 <= len(dataset["description"]) <= 5000
        addresses = [distribution["contentUrl"] for distribution in dataset["distribution"]]
        assert f"http://testserver{reverse('data:table', args=['mandates', 'csv'])}" in addresses
        assert len(set(addresses)) == len(addresses) == len(TABLES) * len(FORMATS) + 2
