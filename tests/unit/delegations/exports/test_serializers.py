"""The published schema of each record."""

import json
from datetime import date

import pytest
from django.utils.translation import override

from delegations.exports import serializers
from delegations.models import Parliament, delegations_on

from ....support import factories

pytestmark = pytest.mark.django_db

DAY = date(2020, 5, 26)


@pytest.fixture(autouse=True)
def in_english():
    """Activate English, whatever language an earlier test left active."""
    with override("en"):
        yield


@pytest.fixture
def delegate():
    chamber = factories.ChamberFactory(
        slug="by-house", parliament=factories.ParliamentFactory(slug="belarus", country="BY")
    )
    person = factories.PersonFactory(
        public_id=12, name_en="Viktor Kogut", family_name_en="Kogut", name_ru="Виктор Когут", gender="male"
    )
    return factories.DelegateFactory(
        person=person,
        chamber=chamber,
        role="head",
        starts="2019-05",
        ends="2021",
        political_group_ru="Фракция",
        sources=[
            factories.SourceFactory(title_en="First | second", url="", date=None),
            factories.SourceFactory(title_en="Decree", url="https://example.org/d", date=DAY),
        ],
    )


class TestMandateRow:
    def test_row_has_a_cell_for_each_column(self, delegate):
        row = dict(zip(serializers.MANDATE_COLUMNS, serializers.mandate_row(delegate), strict=True))
        assert row["id"] == str(delegate.uid)
        assert (row["person_id"], row["name_en"], row["family_name_en"]) == (12, "Viktor Kogut", "Kogut")
        assert (row["country"], row["delegation"], row["chamber"], row["role"]) == (
            "BY",
            "belarus",
            "by-house",
            "head",
        )
        assert (row["political_group_en"], row["political_group_ru"]) == ("", "Фракция")
        assert (row["start"], row["end"], row["ended"]) == ("2019-05", "2021", False)

    def test_name_has_a_column_in_each_language(self):
        for name in ("name", "family_name", "given_name", "patronymic", "political_group", "constituency"):
            assert {f"{name}_en", f"{name}_ru"} <= set(serializers.MANDATE_COLUMNS)
        assert len(serializers.MANDATE_COLUMNS) == len(set(serializers.MANDATE_COLUMNS))

    def test_several_sources_are_joined_in_three_cells_and_split_again(self, delegate):
        row = dict(zip(serializers.MANDATE_COLUMNS, serializers.mandate_row(delegate), strict=True))
        cells = zip(*(serializers.split_cell(row[f"source_{part}"]) for part in ("title", "url", "date")), strict=True)
        assert list(cells) == [("Decree", "https://example.org/d", "2020-05-26"), ("First | second", "", "")]

    @pytest.mark.parametrize("values", [["a"], ["a", "b"], ["a | b", ""], ["|", "\\|", "\\"], ["", "", ""]])
    def test_joined_values_are_split_into_the_same_values(self, values):
        assert serializers.split_cell(serializers.join_cell(values)) == values

    def test_row_of_a_withdrawn_person_has_the_id_only(self, delegate):
        person = delegate.person
        person.withdrawn, person.withdrawal_reason_en = True, "At the person's own request."
        person.save()
        row = dict(zip(serializers.MANDATE_COLUMNS, serializers.mandate_row(delegate), strict=True))
        assert row["person_id"] == 12
        assert "Kogut" not in str(row)
        assert "Когут" not in str(row)
        assert row["gender"] == ""


class TestRecords:
    def test_delegate_has_recorded_values_and_null_for_missing_ones(self, delegate):
        with override("ru"):
            record = serializers.delegate_record(delegate)
        assert record["person"] == {
            "id": 12,
            "name": "Виктор Когут",
            "family_name": delegate.person.family_name_ru,
            "given_name": "Виктор",
            "patronymic": None,
        }
        assert (record["start"], record["end"], record["ended"], record["dated"]) == ("2019-05", "2021", False, True)
        assert record["political_group"] == "Фракция"
        assert record["constituency"] is None
        assert [source["url"] for source in record["source"]] == ["https://example.org/d", None]
        assert [source["date"] for source in record["source"]] == ["2020-05-26", None]

    def test_unknown_end_is_marked(self):
        record = serializers.delegate_record(factories.DelegateFactory(starts="2019", ended=True))
        assert (record["start"], record["end"], record["ended"]) == ("2019", None, True)

    def test_withdrawn_person_has_an_id_and_no_name_in_any_record(self, delegate):
        person = delegate.person
        factories.RepresentativeFactory(person=person, parliament=delegate.chamber.parliament)
        person.withdrawn, person.withdrawal_reason_en = True, "At the person's own request."
        person.save()
        delegation = delegations_on(DAY, Parliament.objects.filter(slug="belarus"))[0]
        records = [
            serializers.delegate_record(delegate),
            serializers.person_record(person),
            serializers.representative_record(person.services.get()),
            serializers.post_record(factories.AssemblyPostFactory(person=person)),
            serializers.delegation_record(delegation),
        ]
        assert delegation.named == 1
        text = json.dumps(records, ensure_ascii=False)
        for name in ("Kogut", "Viktor", "Когут", "Виктор", "male"):
            assert name not in text
        assert records[0]["person"] == dict.fromkeys(("name", "family_name", "given_name", "patronymic")) | {"id": 12}

    def test_delegation_has_null_for_unpublished_figures(self, delegate):
        quota = factories.SeatQuotaFactory(chamber=delegate.chamber, seats=7)
        factories.ChamberFactory(parliament=delegate.chamber.parliament, slug="without-quota", kind="", order=2)
        factories.LinkFactory(chamber=delegate.chamber, url="https://example.org/house")
        record = serializers.delegation_record(delegations_on(DAY)[0])
        assert (record["slug"], record["country"], record["on"]) == ("belarus", "BY", "2020-05-26")
        assert (record["seats"], record["named"], record["unnamed"], record["over"]) == (7, 1, 6, 0)
        assert (record["vacant"], record["missing"], record["dated"]) == (None, ["without-quota"], False)
        house, other = record["chambers"]
        assert (house["seats"], house["named"], house["unnamed"]) == (quota.seats, 1, 6)
        assert house["website"] == "https://example.org/house"
        assert (other["seats"], other["unnamed"], other["kind"], other["website"]) == (None, None, None, None)

    def test_records_consist_of_json_values(self, delegate):
        factories.SeatQuotaFactory(chamber=delegate.chamber)
        records = [
            serializers.delegate_record(delegate),
            serializers.person_record(delegate.person),
            serializers.chamber_record(delegate.chamber),
            serializers.quota_record(delegate.chamber.quotas.get()),
            serializers.parliament_record(Parliament.objects.on(DAY).get()),
            serializers.delegation_record(delegations_on(DAY)[0]),
        ]
        assert len(records) == 6
        assert json.loads(json.dumps(records)) == records
