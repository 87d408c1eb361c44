"""Quality checks: each kind of doubt is found and valid rows are not, by the command and in the admin."""

import json
from datetime import date
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.translation import override

from delegations.dates import today
from delegations.models import Confirmation, Parliament, Person
from delegations.quality.checks import Kind, doubts

from ....support import factories
from ....support.counting import assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/delegations/parliament/doubts/"


@pytest.fixture
def source():
    return factories.SourceFactory()


@pytest.fixture
def chamber(source):
    return factories.ChamberFactory(parliament__short_name_en="Home", name_en="House")


def found(*kinds):
    """The objects in doubt of these kinds (by default all but "no source")."""
    kinds = kinds or set(Kind) - {Kind.NO_SOURCE}
    return [(doubt.kind.value, doubt.object) for doubt in doubts() if doubt.kind in kinds]


def unguard(table, name):
    """Remove the database constraint against overlaps."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        else:
            cursor.execute(f"DROP TRIGGER {name}_insert")


def test_valid_data_have_no_issues(chamber, source):
    parliament, person = chamber.parliament, factories.PersonFactory()
    factories.ParticipationFactory(parliament=parliament, starts="2010", ends="2015-01-01", sources=[source])
    factories.ParticipationFactory(parliament=parliament, starts="2015-01-01", sources=[source])
    factories.SeatQuotaFactory(chamber=chamber, seats=1, sources=[source])
    for starts, ends in (("2010", "2015-01-01"), ("2015-01-01", "2017"), ("2017-03", None)):
        factories.DelegateFactory(chamber=chamber, person=person, starts=starts, ends=ends, sources=[source])
    factories.RepresentativeFactory(parliament=parliament, person=person, ends="2015", sources=[source])
    factories.RepresentativeFactory(parliament=parliament, starts="2015-06-01", sources=[source])
    factories.ConfirmationFactory(parliament=parliament, date=today(), source=source)
    assert doubts() == []


@pytest.mark.parametrize(
    ("model", "first", "second"),
    [
        ("delegate", {"starts": "2015-01-01", "ends": "2017"}, {"starts": "2016-12-31", "ends": "2018"}),
        ("delegate", {}, {"starts": "2016-12-31", "ended": True}),
        ("seatquota", {"starts": "2015-01-01"}, {"starts": "2019"}),
        ("representative", {"ends": "2015"}, {"starts": "2014", "ends": "2014-06"}),
        ("participation", {"starts": "2015"}, {"starts": "2015"}),
    ],
)
def test_overlap_without_the_database_constraint_is_found(chamber, model, first, second):
    unguard(f"delegations_{model}", f"{model}_no_overlap")
    parliament, person = chamber.parliament, factories.PersonFactory()
    factory, line = {
        "delegate": (factories.DelegateFactory, {"chamber": chamber, "person": person}),
        "seatquota": (factories.SeatQuotaFactory, {"chamber": chamber}),
        "representative": (factories.RepresentativeFactory, {"parliament": parliament}),
        "participation": (factories.ParticipationFactory, {"parliament": parliament}),
    }[model]
    factory(**line, **first)
    assert found(Kind.OVERLAP) == []
    rows = {*type(factory(**line, **second)).objects.all()}
    ((_kind, row),) = found(Kind.OVERLAP)
    assert row in rows


@pytest.mark.parametrize("ends", [None, "2015"])
def test_row_ended_without_dates_overlaps_no_other(chamber, ends):
    person = factories.PersonFactory()
    for factory, line in (
        (factories.SeatQuotaFactory, {"chamber": chamber}),
        (factories.DelegateFactory, {"chamber": chamber, "person": person}),
        (factories.RepresentativeFactory, {"parliament": chamber.parliament}),
        (factories.ParticipationFactory, {"parliament": chamber.parliament}),
    ):
        factory(**line, ended=True)
        factory(**line, ends=ends)
    assert found(Kind.OVERLAP) == []


@pytest.mark.parametrize(("end", "start"), [("2017", "2017-05"), ("2017-05-01", "2017-05-01"), ("2017-05", "2017-05")])
def test_handover_is_neither_overlap_nor_over_quota(chamber, end, start):
    quota = factories.SeatQuotaFactory(chamber=chamber, seats=1)
    person = factories.PersonFactory()
    factories.DelegateFactory(chamber=chamber, person=person, ends=end)
    factories.DelegateFactory(chamber=chamber, person=person, starts=start)
    assert found() == []
    factories.DelegateFactory(chamber=chamber, starts="2018-01-01", ends="2018-01-02")
    assert found() == [("over_quota", quota)]


def test_more_names_than_seats_on_any_day_is_over_quota(chamber):
    early = factories.SeatQuotaFactory(chamber=chamber, seats=2, starts="2010", ends="2015-01-01")
    late = factories.SeatQuotaFactory(chamber=chamber, seats=1, starts="2015-01-01")
    factories.DelegateFactory(chamber=chamber)
    factories.DelegateFactory(chamber=chamber, starts="2014-12-01", ends="2015-01-01")
    factories.DelegateFactory.create_batch(3, chamber=chamber, role="substitute")
    assert found() == []
    factories.DelegateFactory(chamber=chamber, starts="2014-12-31", ends="2015-01-03")
    assert found() == [("over_quota", early), ("over_quota", late)]
    assert [doubt.words for doubt in doubts() if doubt.kind == Kind.OVER_QUOTA] == [
        "Seat quota “House (Home): 2”: up to 3 have a name, first on 31 December 2014.",
        "Seat quota “House (Home): 1”: up to 2 have a name, first on 1 January 2015.",
    ]


def test_names_under_a_later_quota_do_not_count_for_the_earlier_one(chamber):
    factories.SeatQuotaFactory(chamber=chamber, seats=1, ends="2015-01-01")
    factories.SeatQuotaFactory(chamber=chamber, seats=2, starts="2015-01-01")
    factories.DelegateFactory.create_batch(2, chamber=chamber, starts="2016")
    assert found() == []


def test_quota_before_the_founding_is_not_checked(chamber):
    factories.SeatQuotaFactory(chamber=chamber, seats=1, ends="2006-11-16")
    factories.DelegateFactory.create_batch(2, chamber=chamber)
    assert found() == []


@pytest.mark.parametrize(
    ("period", "doubtful"),
    [
        ({"starts": "2010-06-01", "ends": "2014-01-01"}, False),
        ({"starts": "2010", "ends": "2014"}, False),
        ({"starts": "2010-05-31", "ends": "2014-01-01"}, True),
        ({"starts": "2009", "ends": "2014"}, True),
        ({"starts": "2013", "ends": "2015-01-01"}, True),
        ({"starts": "2013"}, True),
        ({"starts": "2016"}, False),
        ({"ends": "2013"}, False),
        ({"ends": "2010-06-01"}, True),
        ({}, False),
        ({"ended": True}, False),
        ({"starts": "2015-02-01", "ended": True}, True),
        ({"starts": "2015-02", "ended": True}, False),
    ],
)
def test_mandate_certainly_outside_the_participation_is_found(chamber, period, doubtful):
    parliament = chamber.parliament
    mandate = factories.DelegateFactory(chamber=chamber, **period)
    assert found() == []
    factories.ParticipationFactory(parliament=parliament, starts="2010-06-01", ends="2012-01-01")
    factories.ParticipationFactory(parliament=parliament, status="observer", starts="2012-01-01", ends="2014-06-01")
    factories.ParticipationFactory(parliament=parliament, starts="2015-06-01")
    assert found() == ([("outside_participation", mandate)] if doubtful else [])


def test_facts_without_a_source_are_found(chamber, source):
    parliament = chamber.parliament
    rows = [
        factories.ParticipationFactory(parliament=parliament),
        factories.SeatQuotaFactory(chamber=chamber),
        factories.DelegateFactory(chamber=chamber),
        factories.RepresentativeFactory(parliament=parliament),
        factories.assembly(),
        factories.AssemblyPostFactory(),
        factories.LinkFactory(parliament=parliament),
    ]
    assert [row for _kind, row in found(Kind.NO_SOURCE)] == rows
    for row in rows:
        row.sources.add(source)
    assert found() == found(Kind.NO_SOURCE) == []


@time_machine.travel("2020-05-26T12:00:00Z")
def test_latest_confirmation_of_a_roster_expires_only(chamber):
    parliament = chamber.parliament
    for day in (date(2018, 1, 1), date(2019, 5, 27), date(2021, 1, 1)):
        factories.ConfirmationFactory(parliament=parliament, date=day)
    assert found() == []
    Confirmation.objects.filter(date=date(2019, 5, 27)).update(date=date(2019, 5, 26))
    assert found() == [("expired_confirmation", parliament)]
    (doubt,) = doubts()
    name = f"Parliament “{parliament.name}”"
    assert doubt.words == f"{name}: the roster was confirmed on 26 May 2019, which no longer speaks for today."


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({"name_en": "Viktor Kogut"}, {"name_en": "Kogut Viktor"}, True),
        ({"name_en": "Viktor Kogut"}, {"name_en": "", "name_ru": "Виктор Когут"}, True),
        ({"name_en": "Yuri Sokolov"}, {"name_en": "Iurii Sokolov"}, True),
        ({"name_en": "Viktor Kogut"}, {"name_en": "Viktor Kogun"}, False),
        ({"name_en": "Viktor Kogut"}, {"name_en": "Viktor Ivanovich Kogut"}, False),
    ],
)
def test_people_with_the_same_words_in_their_names_are_possible_duplicates(first, second, same):
    first, second = (factories.PersonFactory(**{"name_ru": "", **names}) for names in (first, second))
    assert found() == ([("same_person", second)] if same else [])
    if same:
        (doubt,) = doubts()
        assert f"({first.public_id}), {second} ({second.public_id})" in doubt.words


def test_other_names_are_compared_and_doubted_too():
    source = factories.SourceFactory()
    former = factories.PersonFactory(name_en="Anna Abramova")
    name = {"person": former, "name_en": "Anna Zhukova", "name_ru": "", "sources": [source]}
    factories.PersonNameFactory(**name)
    present = factories.PersonFactory(name_en="Zhukova Anna")
    assert found() == [("same_person", present)]
    factories.PersonNameFactory(**name | {"name_en": "Dr Orlova"}, ends=None)
    factories.PersonNameFactory(**name | {"name_en": "Anna Orlova", "sources": []}, ends=None)
    assert found(Kind.DOUBTFUL_NAME) == [("doubtful_name", former)]
    assert found(Kind.NO_SOURCE) == [("no_source", former.other_names.get(name_en="Anna Orlova"))]


@pytest.mark.parametrize(
    ("names", "doubt"),
    [
        ({"name_ru": "Иван Петрoв"}, "One word has letters of two alphabets: “Петрoв”."),
        ({"given_name_en": "Prof. Ann"}, "“Prof.” is a title and no part of a name."),
        ({"name_en": "Ann Lee"}, ""),
        ({"name_en": "Dr Ann Lee", "withdrawn": True, "withdrawal_reason_en": "On request."}, ""),
    ],
)
def test_names_with_two_alphabets_in_a_word_or_a_title_are_found(names, doubt):
    person = factories.PersonFactory(**names)
    assert found() == ([("doubtful_name", person)] if doubt else [])
    assert [issue.words for issue in doubts()] == ([f"Person “{person}”: {doubt}"] if doubt else [])


@pytest.mark.parametrize(
    ("first", "second", "doubtful"),
    [
        ({"starts": "2016-01-01"}, {"starts": "2017-01-01"}, True),
        ({"starts": "2016-01-01", "ends": "2017-01-01"}, {"starts": "2017-01-01"}, False),
        ({"starts": "2016", "ends": "2017"}, {"starts": "2017"}, False),
        ({"starts": "2016-01-01"}, {"starts": "2016-01-01", "role": "deputy_head"}, False),
    ],
)
def test_two_heads_of_a_delegation_on_one_day_are_found(chamber, first, second, doubtful):
    other = factories.ChamberFactory(parliament=chamber.parliament)
    rows = [
        factories.DelegateFactory(**{"chamber": house, "role": "head", **about})
        for house, about in ((chamber, first), (other, second))
    ]
    factories.DelegateFactory(role="head", starts="2016-01-01")
    assert found() == [("several_holders", row) for row in rows if doubtful]


def test_person_in_two_chambers_or_for_two_countries_on_one_day_is_found(chamber):
    person = factories.PersonFactory()
    mandate = factories.DelegateFactory(chamber=chamber, person=person, starts="2016-01-01", ends="2018-01-01")
    own = factories.RepresentativeFactory(parliament=chamber.parliament, person=person, starts="2016-01-01")
    factories.DelegateFactory(person=person, starts="2018-01-01", ends="2018-05-01")
    own.delete()
    assert found() == []
    service = factories.RepresentativeFactory(person=person, starts="2017-12-31", ends="2018-01-01")
    assert found() == [("several_seats", mandate), ("several_seats", service)]
    service.delete()
    other = factories.DelegateFactory(
        chamber__parliament=chamber.parliament, person=person, starts="2016-01-01", ends="2016-01-02"
    )
    assert found() == [("several_seats", mandate), ("several_seats", other)]


@pytest.mark.parametrize(
    ("period", "doubtful"),
    [
        ({"starts": "2006-11-15"}, True),
        ({"starts": "2006-11-16"}, False),
        ({"starts": "2006"}, False),
        ({"starts": "2005"}, True),
        ({"starts": "1900"}, True),
        ({"ends": "2099"}, True),
        ({"ends": "2098-12-31"}, False),
        ({"starts": "2099-01-01"}, True),
        ({}, False),
    ],
)
@pytest.mark.parametrize(
    "factory", [factories.DelegateFactory, factories.RepresentativeFactory, factories.AssemblyPostFactory]
)
def test_office_before_the_founding_or_to_the_end_of_the_century_is_found(factory, period, doubtful):
    row = factory(**period)
    assert found() == ([("unlikely_date", row)] if doubtful else [])


def named(name: str, parliament: Parliament) -> Person:
    """A person whose name sounds like no other. Of double letters and digits a search hears one."""
    syllables = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu")
    word = "".join(syllables[int(digit)] for digit in str(parliament.pk))
    return factories.PersonFactory(name_en=f"{name} {word}", name_ru="")


def one_of_each(source):
    """A parliament with a doubt of each kind."""
    chamber = factories.ChamberFactory()
    parliament, person = chamber.parliament, factories.PersonFactory(name_en="Anna First", name_ru="")
    factories.ConfirmationFactory(parliament=parliament, date=date(2010, 1, 1), source=source)
    factories.ParticipationFactory(parliament=parliament, starts="2015", sources=[source])
    factories.SeatQuotaFactory(chamber=chamber, seats=1, sources=[source])
    factories.DelegateFactory(chamber=chamber, person=person, starts="2014-01-01")
    factories.DelegateFactory(chamber=chamber, person=person, starts="2016-01-01")
    other, titled = (
        factories.ChamberFactory(parliament=parliament),
        named("Dr. Lee", parliament),
    )
    for row in (
        {"chamber": other, "person": titled, "role": "head", "ends": "2099-01-01"},
        {"chamber": chamber, "person": titled},
        {"chamber": other, "role": "head", "person": named("Head", parliament)},
    ):
        factories.DelegateFactory(starts="2016-01-01", sources=[source], **row)


@up_to(300)
def test_checks_cost_the_same_with_any_number_of_doubts(source, sizes):
    def measure(rows):
        for _ in range(rows):
            one_of_each(source)

        def ask():
            kinds = [doubt.kind for doubt in doubts()]
            assert {kind: kinds.count(kind) for kind in Kind} == {
                Kind.OVERLAP: rows,
                Kind.OVER_QUOTA: rows,
                Kind.OUTSIDE_PARTICIPATION: rows,
                Kind.NO_SOURCE: 2 * rows,
                Kind.EXPIRED_CONFIRMATION: rows,
                Kind.SAME_PERSON: 1,
                Kind.DOUBTFUL_NAME: rows,
                Kind.SEVERAL_HOLDERS: 2 * rows,
                Kind.SEVERAL_SEATS: 2 * rows,
                Kind.UNLIKELY_DATE: rows,
            }

        return {"doubts": cost(ask)}

    unguard("delegations_delegate", "delegate_no_overlap")
    factories.PersonFactory(name_en="Anna First", name_ru="")
    assert_same_cost(measure, sizes)


# The command


def checked(*arguments):
    output = StringIO()
    try:
        call_command("check_delegations", *arguments, stdout=output)
    except CommandError as error:
        return output.getvalue(), error.returncode
    return output.getvalue(), 0


def test_command_exit_status_says_whether_there_are_doubts(chamber, source):
    assert checked() == ("", 0)
    assert json.loads(checked("--json")[0]) == {"count": 0, "doubts": []}
    mandate = factories.DelegateFactory(chamber=chamber, person__name_en="Anna First")
    text, code = checked()
    address = f"/admin/delegations/delegate/{mandate.pk}/change/"
    assert (text, code) == (f"no source: Delegate “Anna First, House (Home)”: no source is recorded. {address}\n", 1)
    text, code = checked("--json")
    assert code == 1
    assert json.loads(text)["doubts"] == [
        {
            "kind": "no_source",
            "words": "Delegate “Anna First, House (Home)”: no source is recorded.",
            "object": "delegate",
            "id": str(mandate.uid),
            "admin_url": address,
        }
    ]


# The admin


def secretary(client, *permissions):
    user = factories.UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def test_index_links_the_list_for_users_with_view_permission(client, chamber):
    mandate = factories.DelegateFactory(chamber=chamber)
    quota = factories.SeatQuotaFactory(chamber=chamber)
    secretary(client, "view_parliament", "view_delegate")
    assert f'href="{ADDRESS}"' in client.get("/admin/").text
    page = client.get(ADDRESS)
    assert page.status_code == 200
    assert f"/admin/delegations/delegate/{mandate.pk}/change/" in page.text
    assert f"/seatquota/{quota.pk}/" not in page.text


def test_list_is_hidden_from_users_without_permission(client, chamber):
    assert client.get(ADDRESS).status_code == 302
    secretary(client, "view_article")
    assert client.get(ADDRESS).status_code == 404
    assert ADDRESS not in client.get("/admin/").text


@pytest.mark.long
def test_invalid_page_number_answers_200(client):
    factories.DelegateFactory.create_batch(101, chamber=factories.ChamberFactory())
    secretary(client, "view_parliament", "view_delegate")
    for number in ("0", "abc", "%00", "9" * 5000, "1_000", "-1"):
        assert client.get(f"{ADDRESS}?page={number}").status_code == 200, number
    assert client.get(f"{ADDRESS}?page=2").text.count("no source is recorded") == 1


def test_list_is_in_the_language_of_the_user(chamber):
    factories.DelegateFactory(chamber=chamber)
    with override("ru"):
        assert chamber.parliament.short_name_ru in doubts()[0].words
