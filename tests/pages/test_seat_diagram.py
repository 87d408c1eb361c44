"""The seat diagram: a shape for each kind of chamber, with its legend, wherever it stands."""

import pytest
from django.test import Client
from lxml.html import HtmlElement

from cspa.charts import SHAPES
from delegations.models import Chamber, Parliament

from ..support import factories
from ..support.markup import parsed

pytestmark = pytest.mark.django_db

PAGES = ["", "delegations/", "delegations/upper-first/", "delegations/lower-first/", "styleguide/"]
WORDS = {
    "en": {"lower": "Lower house", "upper": "Upper house", "single": "Single chamber"},
    "ru": {"lower": "Нижняя палата", "upper": "Верхняя палата", "single": "Единственная палата"},
}
UNKNOWN = {"en": "Kind of chamber not recorded", "ru": "Вид палаты не указан"}


@pytest.fixture
def parliaments() -> None:
    """Two parliaments with the same chambers in either order, one with a single chamber, one of an unknown kind."""
    for slug, kinds in {
        "lower-first": ["lower", "upper"],
        "upper-first": ["upper", "lower"],
        "single": ["single"],
        "unknown": [""],
    }.items():
        parliament = factories.ParliamentFactory(slug=slug)
        for order, kind in enumerate(kinds, 1):
            chamber = factories.ChamberFactory(parliament=parliament, kind=kind, order=order, name_en=f"Name {kind}")
            factories.SeatQuotaFactory(chamber=chamber, seats=2)
            factories.DelegateFactory(chamber=chamber)


def shape(path: HtmlElement) -> str:
    """The kind of chamber whose shape ``path`` has."""
    (kind,) = [kind for kind, (_corner, outline) in SHAPES.items() if outline in path.get("d")]
    return kind


def marked(path: HtmlElement) -> str:
    """The kind of chamber that the class around ``path`` names."""
    (name,) = path.xpath("ancestor::*[starts-with(@class, 'seats-')][1]/@class")
    return name.removeprefix("seats-").replace("other", "")


@pytest.mark.usefixtures("parliaments")
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("page", PAGES)
def test_legend_explains_each_shape_of_a_page(client: Client, page: str, language: str):
    document = parsed(client.get(f"/{language}/{page}"))
    words = {**WORDS[language], "": UNKNOWN[language]}
    drawn = document.xpath("//svg[@class='hemicycle']//path")
    assert drawn
    for path in [*drawn, *document.xpath("//ul[@class='legend']//path")]:
        assert shape(path) == marked(path)
    (legend,) = document.xpath("//ul[@class='legend']")
    explained = {shape(item.find(".//path")): item.find("span").text.strip(" ·\n") for item in legend.xpath("li[svg]")}
    assert explained == {kind: words[kind] for kind in map(shape, drawn)}
    for drawing in document.xpath("//svg[@class='hemicycle']"):
        assert {words[shape(path)] in drawing.get("aria-label") for path in drawing.iterfind(".//path")} == {True}
    assert not document.xpath("//svg//*[@style]")


@pytest.mark.usefixtures("parliaments")
def test_legend_of_a_delegation_names_its_chambers(client: Client):
    legend = parsed(client.get("/en/delegations/upper-first/")).xpath("//ul[@class='legend']/li/span")
    assert [" ".join(item.text_content().split()) for item in legend] == [
        "Lower house · Name lower",
        "Upper house · Name upper",
    ]


@pytest.mark.usefixtures("parliaments")
def test_diagram_of_the_assembly_draws_the_seats_that_count(client: Client):
    for slug, status in (("lower-first", "member"), ("single", "observer")):
        factories.ParticipationFactory(parliament=Parliament.objects.get(slug=slug), status=status)
    (drawing,) = parsed(client.get("/en/")).xpath("//svg[@class='hemicycle']")
    assert drawing.get("aria-label") == (
        "Seats of the Assembly. Lower house: seats 2, with a published name 1; "
        "Upper house: seats 2, with a published name 1."
    )


def test_every_kind_of_chamber_has_a_shape():
    assert set(SHAPES) == {*Chamber.Kind.values, ""}
