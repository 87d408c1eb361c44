"""Dated rows: which rows count on a day, and which the database refuses."""

from datetime import date, timedelta
from functools import partial

import pytest
import time_machine
from django.core.exceptions import FieldError, ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations import AlterField
from django.db.migrations.loader import MigrationLoader
from django.db.models.deletion import ProtectedError

from delegations.dates import PartialDate, Precision
from delegations.models import Delegate, Link, Participation, Representative, SeatQuota, Source

from ....support import factories

pytestmark = pytest.mark.django_db

GUARDED = [SeatQuota, Delegate, Representative, Participation]


def two(factory):
    """A function that creates two rows."""
    return lambda: factory.create_batch(2)


# The columns of each line of succession, each with a function that makes two values: rows need a database.
LINES = [
    (factories.ParticipationFactory, {"parliament": two(factories.ParliamentFactory)}),
    (factories.SeatQuotaFactory, {"chamber": two(factories.ChamberFactory)}),
    (factories.RepresentativeFactory, {"parliament": two(factories.ParliamentFactory)}),
    (factories.DelegateFactory, {"person": two(factories.PersonFactory), "chamber": two(factories.ChamberFactory)}),
    (factories.LinkFactory, {"parliament": two(factories.ParliamentFactory), "language": lambda: ("ru", "en")}),
    (factories.LinkFactory, {"chamber": two(factories.ChamberFactory), "language": lambda: ("ru", "")}),
    (
        factories.AssemblyPostFactory,
        {
            "person": two(factories.PersonFactory),
            "body": two(factories.BodyFactory),
            "role": lambda: ("secretary", "member"),
        },
    ),
    # Of an office with one holder at a time the person is none of the columns.
    (
        partial(factories.AssemblyPostFactory, role="chair"),
        {"body": two(factories.BodyFactory)},
    ),
]


def row(model, **period):
    """A row of ``model`` on the same line as all other rows that this function creates."""
    line = {
        SeatQuota: lambda: {"chamber": chamber(), "seats": 7},
        Delegate: lambda: {"chamber": chamber(), "person": person()},
        Representative: lambda: {"parliament": chamber().parliament, "person": person()},
        Participation: lambda: {"parliament": chamber().parliament, "status": "member"},
    }[model]()
    return model(**line, **period)


def chamber():
    from delegations.models import Chamber

    return Chamber.objects.filter(slug="the-chamber").first() or factories.ChamberFactory(slug="the-chamber")


def person():
    from delegations.models import Person

    return Person.objects.filter(public_id=1).first() or factories.PersonFactory(public_id=1)


def days_around(rows):
    """The days of 2019 to 2021 on which a result may change: those around each bound and each turn of a month."""
    turns = {date(year, month, 1) for year in (2019, 2020, 2021) for month in range(1, 13)} | {date(2022, 1, 1)}
    bounds = {day for row in rows for day in (row.start, row.end) if day}
    around = {day + timedelta(days=step) for day in turns | bounds for step in (-2, -1, 0, 1)}
    return sorted(day for day in around if date(2018, 12, 1) <= day < date(2022, 2, 1))


def days(model, rows):
    """The first and the last day on which each row counts, and the number of these days."""
    asked = days_around(model.objects.all())
    counted = {saved.pk: [] for saved in rows}
    for day in asked:
        for pk in model.objects.on(day).filter(pk__in=counted).values_list("pk", flat=True):
            counted[pk].append(day)
    for found in counted.values():
        assert found == [day for day in asked if found and found[0] <= day <= found[-1]], "a period has no gaps"
    return [
        (found[0], found[-1], (found[-1] - found[0]).days + 1) if (found := counted[saved.pk]) else None
        for saved in rows
    ]


@pytest.mark.both_databases("delegations.models.periods")
class TestOn:
    def test_period_is_half_open(self):
        quota = row(SeatQuota, starts="2020-03-01", ends="2020-03-05")
        quota.save()
        assert days(SeatQuota, [quota]) == [(date(2020, 3, 1), date(2020, 3, 4), 4)]
        assert quota.last_day == date(2020, 3, 4)

    def test_day_of_a_handover_counts_for_one_row(self):
        first, second = row(SeatQuota, ends="2020-03-05"), row(SeatQuota, starts="2020-03-05")
        first.save()
        second.save()
        assert [quota.pk for quota in SeatQuota.objects.on(date(2020, 3, 4))] == [first.pk]
        assert [quota.pk for quota in SeatQuota.objects.on(date(2020, 3, 5))] == [second.pk]

    def test_partial_start_counts_from_its_first_day_and_partial_end_to_its_last(self):
        quota = row(SeatQuota, starts="2019-05", ends="2020")
        quota.save()
        assert days(SeatQuota, [quota]) == [(date(2019, 5, 1), date(2020, 12, 31), 611)]

    def test_partial_end_is_cut_by_the_next_start_in_the_same_year(self):
        first, second = row(SeatQuota, starts="2019", ends="2020"), row(SeatQuota, starts="2020-06-15")
        first.save()
        second.save()
        assert days(SeatQuota, [first])[0][1] == date(2020, 6, 14)
        assert days(SeatQuota, [second])[0][0] == date(2020, 6, 15)

    @pytest.mark.parametrize(("factory", "line"), LINES)
    def test_partial_end_is_cut_by_the_next_start_of_its_own_line_only(self, factory, line):
        values = {column: make() for column, make in line.items()}
        same = {column: first for column, (first, _other) in values.items()}
        ending = factory(**same, ends="2020")
        for column, (_first, other) in values.items():
            factory(**{**same, column: other}, starts="2020-07")
        rows = type(ending).objects
        assert ending in rows.on(date(2020, 12, 31))
        factory(**same, starts="2020-11")
        assert ending in rows.on(date(2020, 10, 31))
        assert ending not in rows.on(date(2020, 11, 1))

    def test_row_that_starts_within_its_partial_end_counts_to_the_last_day_of_the_end(self):
        quota = factories.SeatQuotaFactory(starts="2020-03-01", ends="2020")
        assert list(SeatQuota.objects.on(date(2020, 12, 31))) == [quota]
        assert not SeatQuota.objects.on(date(2021, 1, 1))

    @pytest.mark.parametrize("year", ["1900", "2020"])
    def test_partial_end_is_cut_by_a_start_on_its_first_day(self, year):
        first = factories.SeatQuotaFactory(ends=year)
        second = factories.SeatQuotaFactory(chamber=first.chamber, starts=year)
        assert list(SeatQuota.objects.on(date(int(year), 1, 1))) == [second]

    def test_partial_end_is_not_cut_by_an_earlier_start(self):
        quota = factories.SeatQuotaFactory(starts="2018", ends="2020")
        factories.SeatQuotaFactory(chamber=quota.chamber, starts="2019-05", ended=True)
        website = factories.LinkFactory(starts="2018", ends="2020")
        beside = factories.LinkFactory(parliament=website.parliament, starts="2019-05")
        for day in (date(2019, 6, 1), date(2020, 12, 31)):
            assert list(SeatQuota.objects.on(day)) == [quota], day
            assert set(Link.objects.on(day)) == {website, beside}, day

    def test_row_ended_without_a_date_counts_on_its_exact_start_day_only(self):
        exact = row(SeatQuota, starts="2019-05-03", ended=True)
        partial = row(SeatQuota, starts="2019-06", ended=True)
        undated = row(SeatQuota, ended=True)
        later = row(SeatQuota, starts="2019-05-04", ends="2021-01-01")
        for quota in (exact, partial, undated, later):
            quota.save()
        assert days(SeatQuota, [exact, partial, undated]) == [
            (date(2019, 5, 3), date(2019, 5, 3), 1),
            None,
            None,
        ]

    def test_empty_period_counts_on_each_day(self):
        quota = row(SeatQuota)
        quota.save()
        assert SeatQuota.objects.on(date(1901, 1, 1)).get() == quota
        assert not quota.dated

    def test_row_counts_from_the_day_by_which_it_held(self):
        quota = row(SeatQuota, starts="by 2019-05-03", ends="2020-01-01")
        quota.save()
        assert days(SeatQuota, [quota]) == [(date(2019, 5, 3), date(2019, 12, 31), 243)]
        SeatQuota.objects.all().delete()
        ended = row(SeatQuota, starts="by 2019-05-03", ended=True)
        ended.save()
        assert days(SeatQuota, [ended]) == [(date(2019, 5, 3), date(2019, 5, 3), 1)]

    def test_end_is_never_a_day_by_which_it_held(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            row(SeatQuota, end=date(2020, 1, 1), end_precision=Precision.BY).save()

    @pytest.mark.parametrize("model", GUARDED, ids=lambda model: model.__name__)
    @pytest.mark.parametrize("end", ["2020-03-05", "2020-03", None])
    def test_row_without_a_start_counts_from_the_end_of_its_predecessor(self, model, end):
        first = row(model, starts="2019-05-03", **({"ends": end} if end else {"ended": True}))
        undated = row(model)
        for saved in (undated, first):
            saved.save()
        last = {"2020-03-05": date(2020, 3, 4), "2020-03": date(2020, 3, 31), None: date(2019, 5, 3)}[end]
        assert days(model, [first])[0][:2] == (date(2019, 5, 3), last)
        assert days(model, [undated])[0][0] == last + timedelta(days=1)

    def test_rows_without_a_start_follow_each_other_by_their_ends(self):
        first, second, third = (row(Representative, ends=end) for end in ("2019-05-03", "2020-03-05", None))
        for saved in (third, second, first):
            saved.save()
        found = days(Representative, [first, second, third])
        assert [until for _since, until, _number in found[:2]] == [date(2019, 5, 2), date(2020, 3, 4)]
        assert [since for since, _until, _number in found[1:]] == [date(2019, 5, 3), date(2020, 3, 5)]

    def test_website_without_a_start_counts_beside_others(self):
        website = factories.LinkFactory(starts="2019-05-03", ends="2020-03-05")
        undated = factories.LinkFactory(parliament=website.parliament)
        assert set(Link.objects.on(date(2020, 1, 1))) == {website, undated}

    @time_machine.travel("2020-05-26T12:00:00Z")
    def test_row_without_a_start_counts_on_no_day_to_come(self):
        undated, dated = factories.SeatQuotaFactory(), factories.SeatQuotaFactory(starts="by 2019-05-03")
        assert set(SeatQuota.objects.on(date(2020, 5, 26))) == {undated, dated}
        assert set(SeatQuota.objects.on(date(2020, 5, 27))) == {dated}

    def test_queryset_update_changes_the_bounds(self):
        quota = row(SeatQuota, starts="2019")
        quota.save()
        SeatQuota.objects.update(end=date(2019, 3, 1))
        assert days(SeatQuota, [quota])[0][1] == date(2019, 2, 28)

    def test_queryset_update_with_an_outdated_bound_is_refused(self):
        row(SeatQuota, starts="2019-05-03").save()
        with pytest.raises(FieldError, match="start_precision"):
            SeatQuota.objects.update(start_precision=Precision.YEAR)

    def test_partial_date_other_than_its_first_day_violates_a_constraint(self):
        row(SeatQuota, starts="2019").save()
        with pytest.raises(IntegrityError), transaction.atomic():
            SeatQuota.objects.update(start=date(2019, 5, 3))

    def test_bulk_create_stores_partial_date_as_its_first_day(self):
        quota = row(SeatQuota, start=date(2019, 5, 3), start_precision=Precision.YEAR)
        SeatQuota.objects.bulk_create([quota])
        assert SeatQuota.objects.get().start == date(2019, 1, 1)


def test_rows_in_order_are_latest_first_and_undated_last():
    periods = [
        ("2020", None),
        ("2020", "2021-03"),
        ("2020", "2020-06"),
        ("2019-05", None),
        ("2019-05", "2019-06"),
        (None, None),
        (None, "2022"),
        (None, "2018"),
    ]
    # Created in another order, so that the primary keys do not decide.
    rows = {
        period: factories.SeatQuotaFactory(starts=period[0], ends=period[1]) for period in sorted(periods, key=str)
    }
    assert list(SeatQuota.objects.in_order()) == [rows[period] for period in periods]


@pytest.mark.parametrize("delete", [Source.delete, lambda source: Source.objects.filter(pk=source.pk).delete()])
def test_source_with_facts_cannot_be_deleted(delete):
    source = factories.SourceFactory()
    quota = factories.SeatQuotaFactory(sources=[source])
    with pytest.raises(ProtectedError), transaction.atomic():
        delete(source)
    assert list(quota.sources.all()) == [source]
    quota.sources.clear()
    delete(source)
    assert not Source.objects.exists()


@pytest.mark.both_databases("delegations.models.no_overlap")
@pytest.mark.parametrize("model", GUARDED, ids=lambda model: model.__name__)
class TestNoOverlap:
    def refused(self, model, **period):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.bulk_create([row(model, **period)])
        with pytest.raises(ValidationError) as error:
            row(model, **period).full_clean(exclude=["public_id"])
        assert error.value.error_dict["__all__"][0].code == "overlap"

    def accepted(self, model, **period):
        candidate = row(model, **period)
        candidate.full_clean()
        candidate.save()

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ({}, {}),
            ({"starts": "2019-05-03"}, {"starts": "2020-01-01"}),
            ({"starts": "2019", "ends": "2020"}, {"starts": "2019-12-31"}),
            ({"starts": "2020-03-01", "ends": "2020"}, {"starts": "2019-01-01", "ends": "2021-01-01"}),
            ({"starts": "2019-05-03", "ended": True}, {"starts": "2019-05-03"}),
            ({"ends": "2020-01-02"}, {"starts": "2020-01-01"}),
            ({"starts": "2020", "ends": "2020"}, {"starts": "2020", "ends": "2020"}),
            ({"starts": "by 2019-05-03"}, {"starts": "2019-05-03"}),
            ({"starts": "by 2019-05-03", "ended": True}, {"starts": "2019-05-03"}),
            ({"starts": "2019-05-03"}, {"ends": "2020-01-01"}),
            ({"ends": "2020-01-01"}, {"ends": "2020-01-01"}),
        ],
    )
    def test_overlap_violates_a_constraint(self, model, first, second):
        row(model, **first).save()
        self.refused(model, **second)

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ({"ends": "2020-01-01"}, {"starts": "2020-01-01"}),
            ({"starts": "2019", "ends": "2020"}, {"starts": "2020-06-15"}),
            ({"starts": "2019-05-03", "ended": True}, {"starts": "2019-05-04"}),
            ({"starts": "2019-05", "ended": True}, {"starts": "2019-05-01"}),
            ({"ended": True}, {}),
            ({"starts": "2018", "ends": "2030"}, {"starts": "2019-05", "ended": True}),
            ({"starts": "2019-01-01", "ends": "2020-01-01"}, {}),
            ({"starts": "2019-01-01", "ends": "2020-01-01"}, {"ends": "2021-01-01"}),
            ({"ends": "2020-01-01"}, {"ends": "2021-01-01"}),
            ({"starts": "by 2019-05-03", "ended": True}, {"starts": "2019-05-04"}),
        ],
    )
    def test_rows_without_overlap_are_saved_in_either_order(self, model, first, second):
        self.accepted(model, **first)
        self.accepted(model, **second)
        model.objects.all().delete()
        self.accepted(model, **second)
        self.accepted(model, **first)

    def test_overlap_by_raw_sql_violates_a_constraint(self, model):
        row(model, starts="2019-01-01", ends="2020-01-01").save()
        later = row(model, starts="2020-01-01")
        later.save()
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {model._meta.db_table} SET start = %s WHERE id = %s", ["2019-12-31", later.pk])


@pytest.mark.both_databases("delegations.models.no_overlap")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", GUARDED, ids=lambda model: model.__name__)
def test_overlap_constraint_survives_a_rebuild_of_the_table(model):
    state = MigrationLoader(connection).project_state()
    # SQLite makes a new table for each change and drops the old one, with its triggers.
    for null in (True, False):
        field = models.CharField(max_length=5, default="day", null=null)
        change = AlterField(model._meta.model_name, "end_precision", field)
        changed = state.clone()
        change.state_forwards("delegations", changed)
        with connection.schema_editor() as editor:
            change.database_forwards("delegations", editor, state, changed)
        state = changed
    row(model, starts="2019").save()
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.bulk_create([row(model, starts="2020")])


@pytest.mark.both_databases("delegations.models.periods")
@pytest.mark.parametrize(
    "period",
    [
        {"start": date(9999, 1, 1)},
        {"end": date(2101, 1, 1)},
        {"start": date(1899, 12, 31)},
        {"starts": "2020-01-02", "ends": "2020-01-01"},
        {"starts": "2020-01-01", "ends": "2020-01-01"},
        {"starts": "2019", "ends": "2020", "ended": True},
    ],
)
def test_impossible_dates_violate_a_constraint(period):
    with pytest.raises(IntegrityError), transaction.atomic():
        row(SeatQuota, **period).save()
    with pytest.raises(ValidationError):
        row(SeatQuota, **period).full_clean()


class TestPartialDate:
    @pytest.mark.parametrize("text", ["2019", "2019-05", "2019-05-26", "by 2019-05-26"])
    def test_partial_date_is_formatted_as_parsed(self, text):
        assert str(PartialDate.parse(text)) == text

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "19",
            "2019-5",
            "2019-13",
            "2019-02-30",
            "9999",
            "0001-01-01",
            "1962-09-00",
            "٢٠١٩",
            " 2019",
            "2019-05-26T10",
            "by 2019-05",
            "by 2019",
            "by",
        ],
    )
    def test_invalid_partial_date_is_refused(self, text):
        with pytest.raises(ValueError, match=r"."):
            PartialDate.parse(text)

    @pytest.mark.parametrize(
        ("text", "after"),
        [
            ("2019", date(2020, 1, 1)),
            ("2019-11", date(2019, 12, 1)),
            ("2019-12", date(2020, 1, 1)),
            ("2020-02", date(2020, 3, 1)),
            ("2020-02-29", date(2020, 3, 1)),
        ],
    )
    def test_partial_date_has_the_first_day_after_it(self, text, after):
        assert PartialDate.parse(text).after == after
