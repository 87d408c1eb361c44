"""What the documents of a session say, of which delegations and of which day."""

from datetime import date
from fractions import Fraction

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from cspa.charts import seat_outline
from cspa.models import User
from delegations.dates import FOUNDED, Day
from delegations.models import Delegate, Participation, Representative, SeatQuota
from delegations.services import session_documents

from .....support import factories
from .....support.admin_forms import page, words
from .....support.generated import examples
from .....support.session_documents import DAY, NOW, PACK, answer, cells_of, delegation, document, rows, text_of

pytestmark = pytest.mark.django_db


# What the papers say


def test_roster_has_seats_people_and_representative_in_each_language(belarus, armenia):
    english, russian = document(["roster"], ["en", "ru"]).sections
    assert [sheet.about for sheet in english.pages] == ["National Assembly", "Parliament of Armenia"]
    figures, people, representatives = english.pages[0].tables
    assert rows(figures) == [["House", "7 deputies", "3", "4"]]
    assert rows(people) == [
        ["1", "Petr Orlov", "Head of the delegation"],
        ["2", "Ivan Adamov", "Delegate"],
        ["3", "Zoya Zhuk", "Delegate"],
        ["4", "Anna Bask", "Substitute"],
    ]
    assert rows(representatives) == [["Mark Lis", "Deputy Executive Secretary of the Assembly"]]
    assert english.pages[0].notes == ["1 substitute, who fills no seat."]
    assert [row[1] for row in rows(russian.pages[0].tables[1])] == [
        "Орлов Виктор",
        "Жук Виктор",
        "Яковлев Иван Петрович",
        "Баск Виктор",
    ]
    assert (english.head, english.day, english.foot) == (
        "CSTO Parliamentary Assembly",
        "26 May 2020",
        "as recorded on 1 June 2020, 12:05 MSK",
    )
    assert (russian.head, russian.day) == ("Парламентская Ассамблея ОДКБ", "26 мая 2020 г.")


def test_unpublished_facts_are_shown_as_not_published(armenia):
    (leadership, roster, attendance, quorum) = document().sections[0].pages
    assert leadership.tables[0].empty == "Nobody is on record for this day."
    assert rows(roster.tables[0]) == [["House", "not published", "not published", "not published"]]
    assert [table.empty for table in roster.tables[1:]] == [
        "The names of the delegates are not published.",
        "Not published",
    ]
    assert [table.rows for table in roster.tables[1:]] == [[], []]
    assert attendance.tables[0].empty == "The names of the delegates are not published."
    assert rows(quorum.tables[0]) == [["1", "Parliament of Armenia", "not published", "not published", "not known"]]


def test_leadership_has_the_offices_of_the_assembly_and_the_heads_of_its_bodies():
    law = factories.BodyFactory(name_en="Law", name_ru="Право")
    withdrawn = factories.PersonFactory(name_en="Anna Lee", withdrawn=True, withdrawal_reason_en="On request.")
    chair = factories.AssemblyPostFactory(role="chair", person__name_en="Boris Elm", starts="2016-11-24")
    factories.AssemblyPostFactory(role="deputy_executive_secretary", person__name_en="Clara Dove")
    factories.AssemblyPostFactory(body=law, role="chair", person=withdrawn, starts="2019", acting=True)
    factories.AssemblyPostFactory(body=law, role="member", starts="2019")
    factories.AssemblyPostFactory(role="executive_secretary", starts="2010", ends="2019")
    english, russian = document(["leadership"], ["en", "ru"]).sections
    assert rows(english.pages[0].tables[0]) == [
        ["Boris Elm", "Chair of the Assembly", "24 November 2016 – to date"],
        ["Clara Dove", "Deputy Executive Secretary of the Assembly", "date not recorded"],
        ["Anna Lee", "Chair (Law), acting", "2019 – to date"],
    ]
    assert rows(russian.pages[0].tables[0])[0][:2] == [
        chair.person.name_ru.replace("Виктор ", "") + " Виктор",
        "Председатель Парламентской Ассамблеи",
    ]


def test_attendance_sheet_has_boxes_and_lists_substitutes_separately(belarus):
    (sheet,) = document(["attendance"]).sections[0].pages
    present, substitutes = sheet.tables
    assert [column.title for column in present.columns] == ["No.", "Name", "Chamber", "Role", "Signature"]
    assert present.columns[-1].kind == "box"
    assert rows(present) == [
        ["1", "Petr Orlov", "House", "Head of the delegation", ""],
        ["2", "Ivan Adamov", "House", "Delegate", ""],
        ["3", "Zoya Zhuk", "House", "Delegate", ""],
    ]
    assert (substitutes.caption, rows(substitutes)) == (
        "Substitutes",
        [["1", "Anna Bask", "House", "Substitute", ""]],
    )
    assert sheet.notes == ["Seats without a published name: 4."]


def test_two_chambers_have_a_total_and_confirmed_roster_shows_vacant_seats(belarus):
    other = factories.ChamberFactory(parliament=belarus, name_en="Council", order=2)
    factories.SeatQuotaFactory(chamber=other, seats=4)
    factories.ConfirmationFactory(parliament=belarus, date=DAY)
    sheet = document(["roster"]).sections[0].pages[0]
    assert [column.title for column in sheet.tables[0].columns] == ["Chamber", "Seats", "Named", "Vacant"]
    assert sheet.tables[0].total == ["Delegation", 11, 3, 8]
    assert sheet.notes[0] == "Roster confirmed as complete on 26 May 2020 by Secretariat of the House."


# Quorum


@examples(50)
@given(seats=st.integers(1, 999), parts=st.integers(1, 99), more=st.integers(0, 99))
def test_quorum_is_the_smallest_number_not_below_the_share(seats: int, parts: int, more: int):
    share = Fraction(parts, parts + more)
    found = session_documents.quorum(seats, share)
    assert isinstance(found, int)
    assert Fraction(found, seats) >= share > Fraction(found - 1, seats)
    assert 1 <= found <= seats


@pytest.mark.parametrize(
    ("seats", "share", "found"),
    [
        (7, "2/3", 5),
        (6, "2/3", 4),
        (11, "1/2", 6),
        (10, "1/2", 5),
        (1, "1/999", 1),
        (8, "1/1", 8),
        (None, "2/3", None),
    ],
)
def test_quorum_is_rounded_up_or_unknown(seats, share, found):
    assert session_documents.quorum(seats, Fraction(share)) == found


def test_total_requires_all_quotas_and_excludes_observers(belarus, settings):
    settings.QUORUM = Fraction(1, 2)
    delegation("tajikistan", 3, seats=12, name_en="Majlisi Oli")
    serbia = delegation("serbia", 2, seats=5, name_en="Assembly of Serbia")
    serbia.participations.update(status="observer")
    (sheet,) = document(["quorum"]).sections[0].pages
    members, observers = sheet.tables
    assert rows(members) == [
        ["1", "National Assembly", "7", "3", "4"],
        ["2", "Majlisi Oli", "12", "not published", "6"],
    ]
    assert (members.caption, members.total) == ("Members of the Assembly", ["", "Total", 19, 3, 10])
    assert (observers.caption, observers.total) == ("Observers", ())
    assert rows(observers) == [["1", "Assembly of Serbia", "5", "not published"]]
    assert sheet.notes[0].startswith("Quorum: at least 1/2 of the seats of the published quotas, rounded up.")
    assert sheet.notes[1:] == ["Counts 2 member parliaments. Not counted: observers (1)."]
    factories.ChamberFactory(parliament=belarus, name_en="Council", order=2)
    (sheet,) = document(["quorum"]).sections[0].pages
    assert rows(sheet.tables[0])[0] == ["1", "National Assembly", "7", "3", "not known"]
    assert sheet.tables[0].total == ["", "Total", 19, 3, "not known"]
    assert "Council (Belarus)" in sheet.notes[2]


def test_note_explains_a_column_of_quorums_that_adds_up_to_more_than_the_total(belarus, settings):
    settings.QUORUM = Fraction(2, 3)
    for order, seats in enumerate([1, 4], 2):
        delegation(f"other-{order}", order, seats=seats)
    english, russian = document(["quorum"], languages=["en", "ru"]).sections
    assert [row[-1] for row in english.pages[0].tables[0].rows] == [5, 1, 3]
    assert english.pages[0].tables[0].total[-1] == 8
    assert "the column adds up to 9, and the quorum of the total is 8." in english.pages[0].notes[2]
    assert "сумма столбца – 9, кворум – 8." in russian.pages[0].notes[2]


def test_seat_diagram_of_the_paper_has_the_shapes_of_the_site_and_their_legend(belarus):
    factories.SeatQuotaFactory(chamber__parliament=belarus, chamber__kind="upper", chamber__order=0, seats=2)
    english, russian = (section.pages[0].drawing for section in document(["quorum"], ["en", "ru"]).sections)
    assert english.words == (
        "Seats of the delegations shown. Upper house: seats 2, with a published name 0; "
        "Single chamber: seats 7, with a published name 3."
    )
    assert english.legend == [
        (seat_outline("upper", 12, 12), "Upper house"),
        (seat_outline("single", 12, 12), "Single chamber"),
    ]
    assert [meaning for _outline, meaning in russian.legend] == ["Верхняя палата", "Единственная палата"]
    assert [(filled, outline.count("M")) for filled, outline in english.outlines] == [
        (False, 2),
        (True, 3),
        (False, 4),
    ]


def test_roster_has_the_note_of_the_participation(belarus):
    belarus.participations.update(note_ru="Не участвует в заседаниях.")
    assert document(["roster"], ["ru"]).sections[0].pages[0].notes[0] == "Не участвует в заседаниях."


def test_documents_without_a_counted_parliament_have_no_quorum(belarus):
    belarus.participations.update(status="partner")
    (sheet,) = document(["quorum"]).sections[0].pages
    assert [table.caption for table in sheet.tables] == ["Partners"]
    assert sheet.notes[1] == "Only member parliaments count; there is none here. Not counted: partners (1)."


def test_total_is_unknown_if_a_parliament_has_no_chamber(belarus):
    factories.ParticipationFactory(parliament__name_en="New", parliament__order=9)
    (sheet,) = document(["quorum"]).sections[0].pages
    assert rows(sheet.tables[0])[1][2:] == ["not published", "not published", "not known"]
    assert sheet.tables[0].total[-1] == "not known"


# Whom and which day


def test_withdrawn_person_is_named_in_documents_and_on_no_public_page(belarus, administrator):
    zoya = Delegate.objects.get(person__name_en="Zoya Zhuk").person
    zoya.withdrawn, zoya.withdrawal_reason_en = True, "At her own request."
    zoya.save()
    belarus.representatives.update(person=zoya)
    roster, attendance = document(["roster", "attendance"]).sections[0].pages
    for table in (*roster.tables[1:], attendance.tables[0]):
        assert "Zoya Zhuk" in cells_of(table)
    assert "Zoya Zhuk" in answer(administrator, format="print").decode()
    assert "Zoya Zhuk" in answer(administrator, format="csv").decode()
    assert "Zoya Zhuk" in text_of(answer(administrator, format="pdf"))
    public = administrator.get(belarus.get_absolute_url()).text
    assert "name withdrawn" in public
    assert "Zoya" not in public
    # In the list of the office, too; where files took the name away there is none to give.
    assert "Zoya Zhuk" in administrator.get(page("delegations_person_changelist")).text
    zoya.name_en = zoya.name_ru = ""
    zoya.save()
    assert "name withdrawn" in answer(administrator, format="print").decode()


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("2006-11-15", "You asked for 15 November 2006. The Assembly was founded on 16 November 2006"),
        ("2030-01-01", "1 January 2030 is a day to come; these papers say what is recorded today."),
    ],
)
def test_day_before_the_founding_or_in_the_future_shows_a_note(belarus, administrator, on, said):
    # Rows without a start say nothing of a day to come.
    for model in (Participation, SeatQuota, Delegate, Representative):
        model.objects.update(start=date(2007, 1, 1))
    with time_machine.travel(NOW):
        # Sessions from the future are refused.
        administrator.force_login(User.objects.get(is_superuser=True))
        assert said in answer(administrator, on=on, format="print").decode()
        pdf = text_of(answer(administrator, on=on, format="pdf", language="en"))
        badges = answer(administrator, on=on, format="csv").decode("utf-8-sig").splitlines()
    assert said in pdf
    assert ("Petr Orlov" in pdf) == (on > "2020")
    assert len(badges) == (6 if on > "2020" else 1)


@pytest.mark.parametrize(
    ("day", "notices"),
    [
        (FOUNDED, []),
        (date(2020, 6, 1), []),
        (date(2020, 6, 2), ["2 June 2020 is a day to come; these papers say what is recorded today."]),
    ],
)
def test_documents_warn_of_a_future_day_only(belarus, day, notices):
    with time_machine.travel(NOW):
        assert document(day=Day.of(day)).sections[0].notices == notices


def test_documents_are_of_the_requested_day_or_today(belarus, administrator):
    mandate = Delegate.objects.get(person__name_en="Zoya Zhuk")
    mandate.ends = "2020-05-26"
    mandate.save()
    assert "Zoya" in answer(administrator, on="2020-05-25", format="csv").decode()
    assert "Zoya" not in answer(administrator, on="2020-05-26", format="csv").decode()
    with time_machine.travel(NOW):
        administrator.force_login(User.objects.get(is_superuser=True))
        assert "1 June 2020" in answer(administrator, format="print").decode()
        assert 'value="2020-06-01"' in administrator.get(PACK).text


@pytest.mark.parametrize(
    "query",
    [
        "on=9999-99-99",
        "on=2019-05",
        "on=2026-02-30",
        "on=%00",
        "on=" + "1" * 10_000,
        "on=2019-05-26&on=2019-05-27",
        "language=xx",
        "language=%00",
        "papers=roster&papers=nonsense",
        "format=exe",
        "format=%00",
    ],
)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_invalid_query_shows_a_message(belarus, administrator, query, language):
    administrator.cookies["django_language"] = language
    response = administrator.get(f"{PACK}?format=pdf&{query}" if "format" not in query else f"{PACK}?{query}")
    assert response.status_code == 400
    assert 'class="errorlist"' in response.text
    assert {"en": "Please correct", "ru": "Исправьте"}[language] in response.text


def test_form_offers_all_valid_parameters(belarus, administrator):
    shown = administrator.get(PACK, {"on": "2020-05-26", "papers": "quorum", "language": "ru"}).text
    assert 'value="2020-05-26"' in shown
    assert [shown.count(f'value="{value}" {state}') for value, state in (("quorum", "id"), ("roster", "id"))] == [1, 1]
    assert shown.count("checked") == 1
    assert 'value="ru" selected' in shown
    for address in (page("index"), page("delegations_parliament_changelist")):
        assert f'href="{PACK}"' in administrator.get(address).text
    asked = {"on": "2020-05-26", "papers": "quorum", "language": "ru", "format": "print"}
    text = words(administrator.get(PACK, asked))
    assert "Места и кворум" in text
    assert not any(left_out in text for left_out in ("Состав делегации", "Регистрационный лист", "Seats and quorum"))
