"""Documents of a session as pages for print, as PDF and as badges."""

import csv
import io

import pytest
from html5lib import HTMLParser, parse
from pypdf import PdfReader

from cspa.exports import documents
from delegations.models import Delegate

from .....support import factories
from .....support.admin_forms import words
from .....support.browser import LETTERS
from .....support.session_documents import (
    PACK,
    answer,
    cells,
    delegation,
    document,
    sit,
    text_of,
)

pytestmark = pytest.mark.django_db


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
    assert "script-src" not in response["Content-Security-Policy"]
    tree = parse(response.text, namespaceHTMLElements=False)
    assert [part.get("lang") for part in tree.iter("div")] == ["en", "ru"]
    tables = list(tree.iter("table"))
    assert len(tables) == 16
    assert all(table.find("thead") is not None and table.find(".//th[@scope='row']") is not None for table in tables)


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
    assert len(reader.pages) == 12
    for number, one in enumerate(reader.pages, 1):
        assert one.extract_text().strip().endswith(f"{number} / 12")
    assert reader.metadata.title == "Papers of the session, 26 May 2020 / Документы к заседанию, 26 мая 2020 г."
    assert reader.metadata.author == "CSTO Parliamentary Assembly"
    root = reader.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("en", True)
    assert "/StructTreeRoot" in root
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.outline[0].title.startswith("Leadership of the")
    assert [tuple(map(round, one.mediabox[2:])) for one in reader.pages] == [(595, 842)] * 12


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
