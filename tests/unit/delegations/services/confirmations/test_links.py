"""A link shows a parliament its list until it expires, is withdrawn or is used."""

import re
from datetime import timedelta

import pytest
from django.utils.translation import override

from cspa.models import User
from delegations.models import Confirmation, ConfirmationRequest
from delegations.services import confirmations

from .....support import factories
from .....support.admin_forms import page, words
from .....support.confirmations import LANGUAGES, NOW, SIGNED, ask, confirm, correct, digest, proposals

pytestmark = [pytest.mark.django_db, pytest.mark.long]


# The link


@pytest.mark.parametrize("language", LANGUAGES)
def test_link_shows_the_recorded_list_with_no_store_and_noindex(client, home, language):
    factories.DelegateFactory(chamber=home.chamber, person__name_en="Gone Long", starts="2010", ends="2015")
    _asked, address = ask(home)
    response = client.get(address.replace("/en/", f"/{language}/"))
    text = words(response)
    expected = {
        "en": ["Home Assembly", "Ivan First", "head of the delegation", "1 January 2020 – to date", "Petr Third", "3"],
        "ru": ["Домашнее собрание", "Иван Первый", "руководитель делегации", "1 января 2020", "Пётр Третий", "3"],
    }
    for part in expected[language]:
        assert part in text
    assert "Gone Long" not in text
    assert response["Cache-Control"] == "no-store, private"
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex, nofollow">' in response.text
    assert "canonical" not in response.text
    # The link belongs to the language switch.
    assert "hreflang" in response.text
    assert f'href="{address if language == "ru" else address.replace("/en/", "/ru/")}"' in response.text
    assert not response.cookies
    assert "<script" not in response.text
    robots = client.get("/robots.txt").text
    assert f"Disallow: /{language}/confirm/\n" in robots
    assert "confirm" not in client.get("/sitemap.xml").text


def test_key_of_a_link_is_not_stored(home):
    asked, address = ask(home)
    key = address.split("/")[3].split(":")[0]
    asked.refresh_from_db()
    stored = [str(getattr(asked, field.attname)) for field in asked._meta.concrete_fields]
    assert len(key) >= 32
    assert not [text for text in stored if key in text]
    assert asked.expires_at == NOW + timedelta(days=14)


def test_link_is_used_up_by_an_answer_and_not_by_a_visit(client, home):
    asked, address = ask(home)
    for _ in range(3):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    assert client.put(address).status_code == 405
    asked.refresh_from_db()
    assert asked.answered_at is None
    assert confirm(client, address).status_code == 200
    for response in (client.get(address), client.post(address, {"do": "correct", **SIGNED})):
        assert response.status_code == 410
        assert "It was answered on 20 May 2026, 15:00" in words(response)
        assert "Ivan" not in response.text
        assert response["Cache-Control"] == "no-store, private"
        assert response["Referrer-Policy"] == "no-referrer"
    assert "На неё ответили" in words(client.get(address.replace("/en/", "/ru/")))


def test_link_expires_after_the_days_in_the_setting(client, home, clock, settings):
    settings.CONFIRMATION_DAYS = 3
    asked, address = ask(home)
    shown = digest(client, address)
    clock.shift(timedelta(days=3) - timedelta(seconds=1))
    assert client.get(address).status_code == 200
    clock.shift(timedelta(seconds=1))
    for response in (client.get(address), client.post(address, {"do": "correct", "shown": shown, **SIGNED})):
        assert response.status_code == 410
        assert "It expired on 23 May 2026" in words(response)
    assert not Confirmation.objects.exists()
    assert asked in ConfirmationRequest.objects.in_state("expired", NOW + timedelta(days=3))


def test_withdrawn_link_is_closed(client, home):
    asked, address = ask(home)
    assert confirmations.withdraw(asked)
    assert not confirmations.withdraw(asked)
    response = client.get(address)
    assert response.status_code == 410
    assert "The Secretariat withdrew it." in words(response)
    assert client.post(address, {"do": "correct", **SIGNED}).status_code == 410
    assert not Confirmation.objects.exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_forged_link_reveals_nothing(client, home, language):
    _asked, address = ask(home)
    _prefix, token = address.rstrip("/").rsplit("/", 1)
    key, signature = token.split(":")
    forged = ["x", f"{key}:{signature[:-2]}xx", f"x{key}:{signature}", key, "%00", "%FF", "a" * 5000, f"{token}x", ":"]
    texts = set()
    client.raise_request_exception = False
    for bad in forged:
        response = client.get(f"/{language}/confirm/{bad}/")
        assert response.status_code == 404, bad
        assert client.post(f"/{language}/confirm/{bad}/", {"do": "correct", **SIGNED}).status_code == 404
        assert response["Referrer-Policy"] == "no-referrer"
        texts.add(words(response))
    assert len(texts) == 1
    assert "home" not in texts.pop().lower().replace("home page", "").replace("home news", "")[500:]


def test_parliament_that_does_not_participate_today_has_no_list(client, home, office):
    _asked, address = ask(home)
    factories.ParticipationFactory(parliament=home.parliament, starts="2010", ends="2015")
    response = client.get(address)
    assert response.status_code == 410
    assert "takes no part" in words(response)
    add = page("delegations_confirmationrequest_add")
    response = office.post(add, {"parliament": home.parliament.pk, "addressee": "Somebody"})
    assert "This parliament takes no part in the Assembly today." in words(response)


# Withdrawn people


def test_withdrawn_person_is_listed_without_a_name(client, home):
    person = home.mandate.person
    person.withdrawn, person.withdrawal_reason_en = True, "At the person's request."
    person.save()
    asked, address = ask(home)
    for language in LANGUAGES:
        for query in ("", "?do=corrections"):
            text = client.get(address.replace("/en/", f"/{language}/") + query).text
            assert "Ivan" not in text
            assert "Иван" not in text
            assert f"name_{home.mandate.uid}" not in text
    assert "name withdrawn" in client.get(address).text
    # Nor does a forged field correct the name.
    correct(client, address, **{f"name_{home.mandate.uid}": "Ivan First", f"gone_{home.mandate.uid}": "on"})
    proposal = asked.proposals.get()
    assert (proposal.kind, proposal.recorded["name"]) == ("ended", "")


# Nobody else


def test_pages_answer_404_without_permission(home, client):
    proposal = factories.ProposalFactory(request__parliament=home.parliament)
    asked, _address = ask(home)
    client.force_login(factories.UserFactory())
    doors = [
        page("delegations_confirmationrequest_add"),
        page("delegations_confirmationrequest_changelist"),
        page("delegations_confirmationrequest_change", asked.pk),
        page("delegations_confirmationrequest_withdraw", asked.pk),
        page("delegations_confirmationrequest_record", asked.pk),
        page("delegations_proposal_changelist"),
        page("delegations_proposal_change", proposal.pk),
    ]
    for door in doors:
        assert client.get(door).status_code == 404, door
        assert client.post(door, {"decide": "refused", "reason": "x"}).status_code == 404, door
    for door in (page("delegations_proposal_change", 99), page("delegations_proposal_change", "abc")):
        client.force_login(home.clerk)
        assert client.get(door).status_code == 404
    proposal.refresh_from_db()
    assert proposal.state == "waiting"
    assert User.objects.count() >= 3


def test_requests_and_proposals_change_no_public_response(client, home):
    """Public responses are byte for byte the same with and without a request, an answer and its corrections."""
    from .....support.crawl import seen

    doors = [
        "/en/delegations/home/",
        "/en/delegations/changes/",
        "/en/delegations/changes/feed.json",
        "/api/v1/delegations/",
        "/api/v1/delegations/home/",
        "/api/v1/people/",
        "/data/popolo.json",
        "/en/delegations/?format=csv",
        "/en/delegations/people/delegates/?format=json",
        "/sitemap.xml",
    ]

    def all_of_it() -> dict:
        answers = seen(client)
        for door in doors:
            response = client.get(door)
            assert response.status_code == 200, door
            content = response.getvalue() if response.streaming else response.content
            answers[door] = (200, content.decode())
        return answers

    before = all_of_it()
    found = proposals(
        client,
        home,
        **{f"name_{home.mandate.uid}": "Xylophone", "missing0_name": "Xylophone Two", "missing0_place": "home-house"},
        text="Xylophone three",
    )
    ask(home)
    assert len(found) == 3
    after = all_of_it()
    assert after.keys() == before.keys()
    assert len(after) > 40
    assert [door for door in before if before[door] != after[door]] == []


def test_pages_are_translated_in_both_languages(client, home, office):
    _asked, address = ask(home)
    with override("ru"):
        text = words(client.get(address.replace("/en/", "/ru/") + "?do=corrections"))
    letters = re.sub("[^A-Za-z]", "", text.replace("English", ""))
    assert len(letters) < 60, letters


# In a browser


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")], ids=["wide", "narrow"])
def test_list_is_corrected_decided_and_recorded_without_javascript(chromium, server, width, scheme):
    """A clerk asks, the parliament corrects, the clerk decides and records. The public page then shows the result."""
    from axe_playwright_python.sync_playwright import Axe

    from .....support.browser import AXE_OPTIONS, browsing, in_time

    factories.UserFactory(username="clerk", is_superuser=True)
    chamber = factories.ChamberFactory(parliament__slug="home", name_en="House")
    factories.SeatQuotaFactory(chamber=chamber, seats=2)
    mandate = factories.DelegateFactory(chamber=chamber, starts="2020", person__name_en="Ivan First")
    options = {"java_script_enabled": False, "locale": "en", "color_scheme": scheme}
    with browsing(chromium, server, signed_in=True, viewport={"width": 1024, "height": 800}, **options) as office:
        with in_time("asking"):
            office.goto(f"{server}/admin/")
            office.get_by_label("Username").fill("clerk")
            office.get_by_label("Password").fill(factories.PASSWORD)
            office.keyboard.press("Enter")
            office.get_by_role("heading", name="Delegations, news and accounts").wait_for()
            office.goto(server + page("delegations_parliament_change", chamber.parliament.pk))
            office.get_by_role("link", name="Ask for a confirmation").click()
            office.get_by_label("Addressee").fill("Petr Third, Speaker")
            office.keyboard.press("Enter")
            link = re.search(r"http\S+/en/confirm/\S+", office.get_by_label("Letter (English)").input_value())[0]
        narrow = {"viewport": {"width": width, "height": 800}, **options}
        with browsing(chromium, server, **narrow) as parliament, in_time("correcting"):
            assert parliament.goto(link).status == 200
            parliament.get_by_role("link", name="Propose corrections").click()
            entry = parliament.get_by_role("listitem").filter(has_text="Ivan First")
            entry.get_by_text("Correct this entry").click()
            entry.get_by_label("The name is written").fill("Ivan Firrst")
            entry.get_by_label("Since").fill("May")
            parliament.get_by_label("Your name", exact=True).fill("Anna Second")
            parliament.get_by_label("Your office", exact=True).fill("Clerk of the House")
            parliament.get_by_role("button", name="Send the corrections").click()
            parliament.locator("main").get_by_text("Nothing was sent yet.").first.wait_for()
            entry.get_by_text("“May” is not a date").first.wait_for()
            assert entry.get_by_label("Since").get_attribute("aria-invalid") == "true"
            overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert parliament.evaluate(overflow) == 0
            entry.get_by_label("Since").fill("")
            parliament.get_by_role("button", name="Send the corrections").click()
            parliament.locator("main").get_by_text("Your corrections have arrived.").first.wait_for()
            assert parliament.goto(link).status == 410
        with in_time("deciding"):
            office.goto(f"{server}{page('delegations_proposal_changelist')}?state=waiting")
            office.get_by_role("link", name="the name is written otherwise: Ivan First").click()
            office.get_by_role("button", name="Accept as proposed").click()
            office.locator("#content").get_by_text("0 proposed corrections").first.wait_for()
            office.goto(server + page("delegations_confirmationrequest_changelist"))
            office.get_by_role("link", name=str(chamber.parliament.name)).first.click()
            office.get_by_role("button", name="Record the confirmation").click()
            office.locator(".messagelist").get_by_text("The confirmation was recorded.").first.wait_for()
    mandate.person.refresh_from_db()
    assert mandate.person.name_en == "Ivan Firrst"
    second, token = confirmations.ask(chamber.parliament, "Somebody", User.objects.get())
    axe = Axe()
    options |= {"java_script_enabled": True, "bypass_csp": True}
    with browsing(chromium, server, viewport={"width": width, "height": 800}, **options) as reader:
        with in_time("reading"):
            reader.goto(f"{server}/en/delegations/home/")
            assert "(Anna Second, Clerk of the House)" in reader.inner_text("main")
        for address in confirmations.paths(token).values():
            for query in ("", "?do=corrections"):
                with in_time(address):
                    assert reader.goto(server + address + query).status == 200
                    for summary in reader.locator("summary").all():
                        summary.click()
                    assert axe.run(reader, options=AXE_OPTIONS).response["violations"] == []
    assert second.state(second.made_at) == "open"
