"""Session documents: rosters, attendance sheets, seats and quorum, badges; as pages for print, PDF and CSV."""

import csv
import io
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client
from html5lib import HTMLParser, parse
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from cspa.exports import documents
from delegations.dates import FOUNDED, Day
from delegations.models import Delegate, Parliament
from delegations.services import session_documents

from ....support import factories
from ....support.admin_forms import page, words
from ....support.browser import AXE_OPTIONS, LETTERS, browsing, sign_in
from ....support.counting import assert_same_cost, cost, up_to
from ....support.generated import examples

pytestmark = pytest.mark.django_db

DAY = Day.of(date(2020, 5, 26))
# The time in Moscow is 12:05.
NOW = datetime(2020, 6, 1, 9, 5, tzinfo=UTC)
PACK = "/admin/delegations/parliament/session-pack/"


def delegation(slug: str, order: int, seats: int | None = 7, **parliament) -> Parliament:
    """A parliament that participates, with one chamber."""
    parliament = factories.ParliamentFactory(slug=slug, order=order, **parliament)
    factories.ParticipationFactory(parliament=parliament)
    chamber = factories.ChamberFactory(parliament=parliament, slug=f"{slug}-house", name_en="House", name_ru="Палата")
    if seats is not None:
        factories.SeatQuotaFactory(chamber=chamber, seats=seats)
    return parliament


def sit(parliament: Parliament, role: str = "delegate", **person) -> Delegate:
    person = factories.PersonFactory(**person)
    return factories.DelegateFactory(person=person, chamber=parliament.chambers.get(), role=role)


@pytest.fixture
def belarus() -> Parliament:
    """The first parliament in protocol order: the order of people differs by language, one person has two posts."""
    parliament = delegation(
        "belarus", 1, name_en="National Assembly", name_ru="Национальное собрание", short_name_en="Belarus"
    )
    # In English the Latin K comes before Z; in Russian З comes before К.
    sit(parliament, name_en="Zoya Zhuk", family_name_en="Zhuk", name_ru="Зоя Жук", family_name_ru="Жук")
    sit(
        parliament,
        name_en="Ivan Adamov",
        family_name_en="Adamov",
        name_ru="Иван Яковлев",
        family_name_ru="Яковлев",
        given_name_ru="Иван",
        patronymic_ru="Петрович",
    )
    sit(parliament, "head", name_en="Petr Orlov", family_name_en="Orlov", name_ru="Пётр Орлов", family_name_ru="Орлов")
    sit(
        parliament,
        "substitute",
        name_en="Anna Bask",
        family_name_en="Bask",
        name_ru="Анна Баск",
        family_name_ru="Баск",
    )
    agent = factories.PersonFactory(name_en="Mark Lis", family_name_en="Lis", name_ru="Марк Лис", family_name_ru="Лис")
    factories.RepresentativeFactory(parliament=parliament, person=agent)
    factories.AssemblyPostFactory(person=agent)
    return parliament


@pytest.fixture
def armenia() -> Parliament:
    """A parliament without a published quota or names."""
    return delegation("armenia", 2, seats=None, name_en="Parliament of Armenia", name_ru="Парламент Армении")


def document(
    papers=session_documents.Paper.values, languages=("en",), parliaments=None, day=DAY
) -> documents.PrintDocument:
    return session_documents.pack(day, parliaments, languages, papers, recorded=NOW)


def rows(table: documents.Table) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in table.rows]


def text_of(data: bytes) -> str:
    """The selectable text of a PDF, with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).split())


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
    (roster, attendance, quorum) = document().sections[0].pages
    assert rows(roster.tables[0]) == [["House", "not published", "not published", "not published"]]
    assert [table.empty for table in roster.tables[1:]] == [
        "The names of the delegates are not published.",
        "Not published",
    ]
    assert [table.rows for table in roster.tables[1:]] == [[], []]
    assert attendance.tables[0].empty == "The names of the delegates are not published."
    assert rows(quorum.tables[0]) == [
        ["1", "Parliament of Armenia", "member", "not published", "not published", "not known"]
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
    serbia = delegation("serbia", 4, seats=5, name_en="Assembly of Serbia")
    serbia.participations.update(status="observer")
    (sheet,) = document(["quorum"]).sections[0].pages
    assert rows(sheet.tables[0]) == [
        ["1", "National Assembly", "member", "7", "3", "4"],
        ["2", "Majlisi Oli", "member", "12", "not published", "6"],
        ["3", "Assembly of Serbia", "observer", "5", "not published", "does not count"],
    ]
    assert sheet.tables[0].total == ["", "Total", "", 19, 3, 10]
    assert sheet.notes[0].startswith("Quorum: at least 1/2 of the seats of the published quotas, rounded up.")
    assert sheet.notes[1] == "Observers, partners and suspended parliaments are not counted in the total."
    factories.ChamberFactory(parliament=belarus, name_en="Council", order=2)
    (sheet,) = document(["quorum"]).sections[0].pages
    assert rows(sheet.tables[0])[0] == ["1", "National Assembly", "member", "7", "3", "not known"]
    assert sheet.tables[0].total == ["", "Total", "", 19, 3, "not known"]
    assert "Council (Belarus)" in sheet.notes[2]


def test_total_is_unknown_if_a_parliament_has_no_chamber(belarus):
    factories.ParticipationFactory(parliament__name_en="New", parliament__order=9)
    (sheet,) = document(["quorum"]).sections[0].pages
    assert rows(sheet.tables[0])[1][3:] == ["not published", "not published", "not known"]
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


def answer(client: Client, **asked) -> bytes:
    response = client.get(PACK, asked)
    assert response.status_code == 200, response.content[:500]
    assert "no-store" in response["Cache-Control"]
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("2006-11-15", "You asked for 15 November 2006. The Assembly was founded on 16 November 2006"),
        ("2030-01-01", "1 January 2030 is a day to come; these papers say what is recorded today."),
    ],
)
def test_day_before_the_founding_or_in_the_future_shows_a_note(belarus, administrator, on, said):
    with time_machine.travel(NOW):
        assert said in answer(administrator, on=on, format="print").decode()
        pdf = text_of(answer(administrator, on=on, format="pdf", language="en"))
    assert said in pdf
    assert ("Petr Orlov" in pdf) == (on > "2020")
    badges = answer(administrator, on=on, format="csv").decode("utf-8-sig").splitlines()
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


# Pages for print


def test_page_equals_the_document_and_has_no_script(belarus, armenia, administrator):
    response = administrator.get(PACK, {"on": "2020-05-26", "format": "print"})
    text = " ".join(words(response).split())
    for part in document(languages=["en", "ru"]).sections:
        for sheet in part.pages:
            for said in (sheet.title, sheet.about, *sheet.notes, *cells(sheet)):
                assert str(said) in text
    HTMLParser(strict=True).parse(response.text)
    assert not any(tag in response.text for tag in ("<script", "<style", " style=", "onclick"))
    assert "script-src 'self'" in response["Content-Security-Policy"]
    tree = parse(response.text, namespaceHTMLElements=False)
    assert [part.get("lang") for part in tree.iter("div")] == ["en", "ru"]
    tables = list(tree.iter("table"))
    assert len(tables) == 14
    assert all(table.find("thead") is not None and table.find(".//th[@scope='row']") is not None for table in tables)


def cells(sheet: documents.PrintPage) -> list[str]:
    return [cell for table in sheet.tables for cell in cells_of(table)]


def cells_of(table: documents.Table) -> list[str]:
    return [cell for row in (*table.rows, table.total) for cell in row]


def test_name_in_another_language_is_marked(administrator):
    parliament = delegation("belarus", 1)
    sit(parliament, name_en="", family_name_en="", name_ru="Янка Купала")
    shown = administrator.get(PACK, {"format": "print", "language": "en"}).text
    assert '<span lang="ru">Янка Купала</span>' in shown


# PDF


@pytest.mark.long
def test_pdf_has_the_text_of_the_document(belarus, armenia, administrator):
    data = answer(administrator, on="2020-05-26", format="pdf")
    text = text_of(data).replace("\xad ", "")
    checked = 0
    for part in document(languages=["en", "ru"]).sections:
        for sheet in part.pages:
            for said in (part.head, part.day, sheet.title, sheet.about, *sheet.notes, *cells(sheet)):
                assert " ".join(str(said).split()) in text, said
                checked += 1
    assert checked > 100
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) == 10
    for number, one in enumerate(reader.pages, 1):
        assert one.extract_text().strip().endswith(f"{number} / 10")
    assert reader.metadata.title == "Papers of the session, 26 May 2020 / Документы к заседанию, 26 мая 2020 г."
    assert reader.metadata.author == "CSTO Parliamentary Assembly"
    root = reader.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("en", True)
    assert "/StructTreeRoot" in root
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.outline[0].title.startswith("Roster of the")
    assert [tuple(map(round, one.mediabox[2:])) for one in reader.pages] == [(595, 842)] * 10


@pytest.mark.parametrize(("name", "kept"), [("Петр Орлов", True), ("漢字", False)])
def test_pdf_conforms_to_pdf_ua_if_the_font_has_all_letters(name, kept):
    sit(delegation("belarus", 1), name_en=name, family_name_en="")
    root = PdfReader(io.BytesIO(documents.render_pdf(document(languages=["en", "ru"])))).trailer["/Root"]
    assert (b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_object().get_data()) == kept
    assert root["/MarkInfo"]["/Marked"]


def test_pdf_has_the_letters_of_all_member_states(administrator):
    parliament = delegation("belarus", 1)
    for code, letters in LETTERS.items():
        half = len(letters) // 2
        name = f"{letters[:half]} {letters[half:]} {code}"
        sit(parliament, name_en=name, family_name_en="", name_ru="", family_name_ru="")
    data = answer(administrator, format="pdf", papers="roster", language="en")
    text = text_of(data)
    for code, letters in LETTERS.items():
        half = len(letters) // 2
        assert f"{letters[:half]} {letters[half:]} {code}" in text
    fonts = {
        str(font.get_object()["/BaseFont"]).split("+")[-1]
        for one in PdfReader(io.BytesIO(data)).pages
        for font in one["/Resources"]["/Font"].values()
    }
    assert {font.split("-")[0] for font in fonts} == {"LibertinusSerif"}


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["*bold* _it_ #panic() $x$ <b>", '"]} \\', "漢字 😀 Հայ", "A" * 150, "Очень " * 24, "a\tb", "\u202eevil"],
)
def test_documents_are_rendered_with_any_name(administrator, name):
    sit(delegation("belarus", 1), name_en=name, family_name_en="", name_ru="", family_name_ru="")
    text = text_of(answer(administrator, format="pdf", language="en"))
    if name.isascii() and "\t" not in name:
        assert "".join(name.split()) in "".join(text.split()).replace("\u200b", "")
    for form in ("print", "csv"):
        assert answer(administrator, format=form)


@pytest.mark.long
def test_table_head_is_repeated_on_each_page_for_300_people(administrator):
    parliament = delegation("belarus", 1, seats=300)
    chamber = parliament.chambers.get()
    for person in factories.PersonFactory.create_batch(300):
        factories.DelegateFactory(chamber=chamber, person=person)
    reader = PdfReader(io.BytesIO(answer(administrator, format="pdf", papers="attendance", language="ru")))
    texts = [one.extract_text() for one in reader.pages]
    assert len(texts) >= 10
    assert all("Фамилия, имя, отчество" in text and "Подпись" in text for text in texts)
    found = [word for text in texts for word in text.split() if word.startswith("Когут")]
    assert sorted(found) == sorted(Delegate.objects.values_list("person__family_name_ru", flat=True))
    assert len(found) == 300


# Badges


def test_badges_list_each_person_of_a_delegation_once(belarus, armenia, administrator):
    head = Delegate.objects.get(role="head").person
    factories.RepresentativeFactory(parliament=armenia, person=head)
    belarus.representatives.update(person=head)
    belarus.short_name_ru = "Беларусь"
    belarus.save()
    table = list(csv.DictReader(io.StringIO(answer(administrator, format="csv").decode("utf-8-sig"))))
    assert [(row["name_en"], row["delegation_en"]) for row in table] == [
        ("Petr Orlov", "Belarus"),
        ("Ivan Adamov", "Belarus"),
        ("Zoya Zhuk", "Belarus"),
        ("Anna Bask", "Belarus"),
        ("Petr Orlov", armenia.short_name_en),
    ]
    assert table[0] == {
        "name_en": "Petr Orlov",
        "name_ru": "Пётр Орлов",
        "delegation_en": "Belarus",
        "delegation_ru": "Беларусь",
        "role_en": "head of the delegation; plenipotentiary representative",
        "role_ru": "руководитель делегации; полномочный представитель",
    }


def test_badge_has_no_formula_and_leaves_a_missing_name_empty(administrator):
    sit(delegation("belarus", 1), name_en="=1+1", family_name_en="", name_ru="", family_name_ru="")
    data = answer(administrator, format="csv")
    assert data.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    assert (row["name_en"], row["name_ru"]) == ("'=1+1", "")


# Rights


@pytest.mark.parametrize("form", ["", "print", "pdf", "csv"])
def test_documents_are_hidden_from_users_without_permission(client: Client, belarus, form):
    asked = {"format": form} if form else {}
    visited = client.get(PACK, asked)
    assert (visited.status_code, visited["Location"].partition("?")[0]) == (302, page("login"))
    for group in ("News editors", "Translators", "Publishers", "Administrators"):
        me = factories.UserFactory()
        me.groups.add(Group.objects.get(name=group))
        client.force_login(me)
        assert client.get(PACK, asked).status_code == 404
        for address in (page("index"), page("delegations_parliament_changelist")):
            assert PACK not in client.get(address).text


@pytest.mark.parametrize("form", ["print", "pdf", "csv"])
def test_secretary_sees_assigned_delegations_only(client: Client, belarus, armenia, form):
    sit(armenia, name_en="Ani Hakobyan", family_name_en="Hakobyan")
    me = factories.UserFactory()
    me.groups.add(Group.objects.get(name="Delegation secretaries"))
    client.force_login(me)
    for assigned, seen in (([], {"Ani", "Petr"}), ([armenia], {"Ani"}), ([armenia, belarus], {"Ani", "Petr"})):
        me.parliaments.set(assigned)
        data = answer(client, format=form, language="en")
        text = text_of(data) if form == "pdf" else data.decode()
        assert {name for name in ("Ani", "Petr") if f"{name} " in text} == seen
        if form != "csv":
            assert ("assigned to the account that made them" in text) == bool(assigned)


# What it costs


def fill(rows: int) -> None:
    """Delegations, each with a delegate, a substitute and a representative who holds a post."""
    parliaments = factories.create_many(factories.ParliamentFactory, [{"order": place} for place in range(rows)])
    chambers = factories.create_many(factories.ChamberFactory, [{"parliament": row} for row in parliaments])
    factories.create_many(factories.ParticipationFactory, [{"parliament": row} for row in parliaments])
    factories.create_many(factories.SeatQuotaFactory, [{"chamber": row} for row in chambers])
    people = factories.create_many(factories.PersonFactory, [{}] * (3 * rows))
    for role, sitting in (("delegate", people[:rows]), ("substitute", people[rows : 2 * rows])):
        mandates = [
            {"chamber": row, "role": role, "person": person} for row, person in zip(chambers, sitting, strict=True)
        ]
        factories.create_many(factories.DelegateFactory, mandates)
    agents = people[2 * rows :]
    factories.create_many(
        factories.RepresentativeFactory,
        [{"parliament": row, "person": agent} for row, agent in zip(parliaments, agents, strict=True)],
    )
    factories.create_many(factories.AssemblyPostFactory, [{"person": agent} for agent in agents])


@up_to(300)
def test_documents_cost_the_same_with_any_number_of_delegations(administrator, sizes):
    def measure(rows):
        fill(rows)
        return {
            "session pack for print": cost(lambda: answer(administrator, format="print")),
            "session pack as CSV": cost(lambda: answer(administrator, format="csv")),
        }

    assert_same_cost(measure, sizes)


# Typesetting 300 delegations takes ten seconds.
@up_to(30)
def test_pdf_costs_the_same_with_any_number_of_delegations(administrator, sizes):
    def measure(rows):
        fill(rows)
        return {"session pack as PDF": cost(lambda: answer(administrator, format="pdf"))}

    assert_same_cost(measure, sizes)


def test_day_without_delegations_shows_a_message(administrator):
    assert "No delegation is on record for this day." in answer(administrator, format="print").decode()
    assert "No delegation is on record for this day." in text_of(answer(administrator, format="pdf", language="en"))


# In the browser


@pytest.fixture
def site(server):
    parliament = delegation("belarus", 1)
    sit(parliament)
    sit(parliament, "substitute")
    return server


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ru", "dark")])
def test_pages_pass_axe_without_horizontal_scrolling(chromium, site, language, scheme):
    from axe_playwright_python.sync_playwright import Axe

    me = factories.UserFactory(username="me", is_superuser=True)
    with browsing(
        chromium,
        site,
        signed_in=True,
        locale="en",
        color_scheme=scheme,
        viewport={"width": 768, "height": 900},
        bypass_csp=True,
    ) as tab:
        sign_in(tab, site, me)
        tab.context.add_cookies([{"name": "django_language", "value": language, "url": site}])
        for query in ("", "?on=nonsense", "?format=print"):
            tab.goto(site + PACK + query)
            violations = Axe().run(tab, options=AXE_OPTIONS).response["violations"]
            assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in violations] == []
            assert tab.evaluate("document.documentElement.scrollWidth") <= 768
