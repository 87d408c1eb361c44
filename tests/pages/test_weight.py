"""Sizes of pages: the HTML of lists, and all files of a first visit."""

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

from cspa.cache.responses import COMPRESSORS
from cspa.stylesheets import ENTRY_POINTS
from delegations.models import Delegate

from ..support import factories

KB = 1024
LANGUAGES = [code for code, _name in settings.LANGUAGES]
TITLES = {
    "en": "The Council of the Assembly discusses the harmonisation of laws on peace",
    "ru": "Совет Ассамблеи обсуждает сближение законов о мире",
}
SUMMARIES = {
    "en": (
        "Delegates of the member parliaments heard reports of three commissions, agreed on a programme of model laws "
        "for the next five years, and asked their governments for an account of how earlier ones are put to use."
    ),
    "ru": (
        "Делегаты парламентов государств-членов заслушали доклады трёх комиссий, согласовали программу модельных "
        "законов на пять лет и спросили, как применяются прежние."
    ),
}
LISTS = [
    "news/",
    "news/2020/",
    "news/topics/the-topic-0/",
    "news/delegations/home-0/",
    "delegations/",
    "delegations/people/",
    "delegations/people/delegates/",
    "delegations/changes/",
    "delegations/home-0/mandates/",
    "search/?q=парламент",
    "search/?q=parliament",
]


def words(language: str, number: int) -> str:
    """A text without repetitions, so that compression has work to do: a long number in letters."""
    alphabet = "abcdefghijklmnoprstuv" if language == "en" else "абвгдежзиклмнопрстуфхч"
    letters = [alphabet[(number * 7919 + place * place * 31) % len(alphabet)] for place in range(12)]
    return "".join(letters)


def fill():
    """Create lists of more than one page, with texts as long as those of the Assembly."""
    topics = [factories.TopicFactory(slug=f"the-topic-{place}") for place in range(12)]
    parliaments = [factories.ParliamentFactory(slug=f"home-{place}") for place in range(6)]
    for parliament in parliaments:
        factories.ParticipationFactory(parliament=parliament)
        factories.LinkFactory(parliament=parliament, language="ru")
        factories.RepresentativeFactory(parliament=parliament)
        for _house in range(2):
            source = factories.SourceFactory(
                title_en=f"Decree No. {parliament.pk} on the delegation: House of Representatives",
                title_ru=f"Постановление № {parliament.pk} о делегации: Палата представителей",
                date="2019-05-26",
            )
            chamber = factories.ChamberFactory(parliament=parliament)
            factories.SeatQuotaFactory(chamber=chamber, seats=8, sources=[source])
            for role in [*Delegate.Role.values[:2], *["delegate"] * 5]:
                factories.DelegateFactory(chamber=chamber, role=role, starts="2019-05-26", sources=[source])
            factories.DelegateFactory.create_batch(4, chamber=chamber, starts="2015-05-26", ends="2019-05-26")
    for language in LANGUAGES:
        for number in range(25):
            factories.ArticleFactory(
                language=language,
                title=f"{TITLES[language]} {words(language, number)}",
                slug=f"sovet-parlamentskoi-assamblei-obsuzhdaet-sblizhenie-zakonov-{number}",
                summary=SUMMARIES[language],
                published_at=datetime(2020, 12 - number % 12, 26, tzinfo=UTC),
                topics=[topics[0], topics[number % 12]],
                parliaments=[parliaments[0]],
            )
        factories.ArticleFactory(language=language, published_at=datetime(2006, 11, 16, tzinfo=UTC))


@pytest.mark.long
@pytest.mark.django_db
def test_lists_are_at_most_28_5_kb_and_6_kb_compressed(client):
    fill()
    heavy = {}
    for address in (f"/{language}/{page}" for language in LANGUAGES for page in LISTS):
        response = client.get(address)
        assert response.status_code == 200, address
        body = response.content
        compressed = {name: len(compress(body)) for name, compress in COMPRESSORS.items()}
        if len(body) > 28.5 * KB or max(compressed.values()) > 6 * KB:
            heavy[address] = (len(body), compressed)
    assert heavy == {}


def test_navigation_marks_the_current_page_in_each_language(client):
    for language, name in (("en", "About"), ("ru", "Об Ассамблее")):
        for _time in range(2):
            about, contact = (client.get(f"/{language}/{page}/").text for page in ("about", "contact"))
            assert f'href="/{language}/about/" aria-current="page">{name}<' in about
            assert 'aria-current="page">' + name not in contact


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", LANGUAGES)
def test_first_visit_of_an_article_loads_at_most_60_kb_in_six_requests(chromium, server, language):
    person = factories.PersonFactory()
    paragraphs = [f"<p>{SUMMARIES[language]} {words(language, number)}</p>" for number in range(12)]
    article = factories.ArticleFactory(
        language=language,
        title=TITLES[language],
        summary=SUMMARIES[language],
        body=f"{''.join(paragraphs)}<blockquote><p>{SUMMARIES[language]}</p><p>— {person.name_ru}</p></blockquote>",
        people=[person],
        topics=factories.TopicFactory.create_batch(2),
        sources=[factories.SourceFactory()],
    )
    weights, addresses = {}, {}
    # A context of its own: a used one has most files in its cache.
    with chromium.new_context() as context:
        page = context.new_page()
        inspector = context.new_cdp_session(page)
        inspector.send("Network.enable")
        inspector.on("Network.responseReceived", lambda it: addresses.update({it["requestId"]: it["response"]["url"]}))
        inspector.on("Network.loadingFinished", lambda it: weights.update({it["requestId"]: it["encodedDataLength"]}))
        page.goto(server + article.get_absolute_url())
        page.evaluate("document.fonts.ready.then(() => null)")
        page.wait_for_load_state("networkidle")
        icon = page.get_attribute("link[rel=icon]", "href")
        body = page.request.get(page.url).body()
        weighed = {addresses[request].removeprefix(server): weight for request, weight in weights.items()}
        # What cspa.cache.page_cache compresses is not, here; and a browser without a window does not ask for the icon.
        weighed[article.get_absolute_url()] += len(COMPRESSORS["gzip"](body)) - len(body)
        weighed.setdefault(icon, len(page.request.get(server + icon).body()) + 500)
    assert len(weighed) <= 6
    assert {address.rpartition(".")[2] for address in weighed if "/static/" in address} == {"css", "svg", "woff2"}
    assert sum(weighed.values()) <= 60_000, weighed


@pytest.mark.parametrize("name", [*ENTRY_POINTS, "img/favicon.svg"])
def test_static_files_are_precompressed_and_immutable(client, name):
    address = staticfiles_storage.url(name)
    plain, weights = client.get(address), {}
    for encoding in ("br", "gzip"):
        answer = client.get(address, headers={"accept-encoding": encoding})
        assert "immutable" in answer["Cache-Control"]
        assert answer["Content-Encoding"] == encoding
        weights[encoding] = len(answer.getvalue())
    assert max(weights.values()) < len(plain.getvalue())


def test_style_sheet_is_bundled_into_one_file(client):
    text = client.get(staticfiles_storage.url("css/site.css")).getvalue().decode()
    assert "@import" not in text
    assert text.index("@layer tokens {") < text.index("@layer components {") < text.index("@media print {")
    assert ".article-item" in text
    files = [part.partition('"')[0] for part in text.split('url("')[1:]]
    assert len(files) == 10
    for file in files:
        assert client.get(file.replace("..", "/static", 1)).status_code == 200, file
