"""Every page of the back office in Chromium: accessibility rules, no sideways scrolling at 768 pixels, its policy."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from cspa import journal
from cspa.models import Entry, User
from cspa.roles import make_groups
from delegations.models import Chamber, Parliament, Person
from news.models import Article

from . import factories
from .test_browser import AXE_OPTIONS, WIDE, browsing, in_time

# Django's own tables have heads without words, which is no fault by WCAG but against best practice.
OPTIONS = AXE_OPTIONS | {"runOnly": [tag for tag in AXE_OPTIONS["runOnly"] if tag != "best-practice"]}

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABLET = 768  # pixels: the narrowest screen that the office works on

# Each model that has pages, with what may be done there.
PAGES = {
    "delegations_parliament": "add change history delete",
    "delegations_chamber": "add change history delete",
    "delegations_person": "add change history delete",
    "delegations_delegate": "add change history delete",
    "delegations_representative": "add change history delete",
    "delegations_assemblypost": "add change history delete",
    "delegations_seatquota": "add change history delete",
    "delegations_participation": "add change history delete",
    "delegations_confirmation": "add change history delete",
    "delegations_confirmationrequest": "add change history",
    "delegations_proposal": "change history",
    "delegations_link": "add change history delete",
    "delegations_source": "add change history delete",
    "delegations_observation": "change history",
    "news_article": "add change history delete",
    "news_picture": "add change history delete",
    "news_topic": "add change history delete",
    "links_address": "change",
    "cspa_entry": "change",
    "cspa_user": "add change history delete",
    "auth_group": "add change history delete",
    "admin_logentry": "",
}


@pytest.fixture
def office(server):
    """The address of a site with a row or two of everything, and the account that may do all."""
    make_groups(apps)
    source = factories.SourceFactory()
    parliament = factories.ParliamentFactory(slug="full")
    chamber = factories.ChamberFactory(parliament=parliament)
    with journal.entry(Entry.Kind.IMPORT, factories.UserFactory(username="clerk"), "A slip", details="list.csv"):
        factories.SeatQuotaFactory(chamber=chamber, seats=3, starts="2019-05", sources=[source])
        factories.ParticipationFactory(parliament=parliament, starts="2019")
        delegate = factories.DelegateFactory(chamber=chamber, starts="2020-03-01")
        delegate.role = "head"
        delegate.save()
    with journal.entry(Entry.Kind.EDIT, reason="The decree arrived"):
        delegate.ends = timezone.localdate().replace(month=12, day=31)
        delegate.save()
        delegate.sources.add(source)
        delegate.person.name_en += " Junior"
        delegate.person.save()
    factories.DelegateFactory(chamber=chamber, ends="2019")
    factories.PersonFactory(name_en=delegate.person.name_en)
    factories.RepresentativeFactory(parliament=parliament, person=delegate.person, starts="2019")
    factories.AssemblyPostFactory(person=delegate.person)
    factories.ConfirmationFactory(parliament=parliament)
    factories.ProposalFactory(request__parliament=parliament)
    factories.LinkFactory(chamber=chamber)
    factories.ObservationFactory(parliament=parliament)
    picture = factories.PictureFactory()
    article = factories.ArticleFactory(
        picture=picture,
        parliaments=[parliament],
        topics=[factories.TopicFactory()],
        body="<p>Text.</p><blockquote><p>Words.</p><p>— Somebody Else</p></blockquote>",
    )
    with journal.entry(Entry.Kind.EDIT):
        article.title = "Changed"
        article.save()
    factories.ArticleFactory(language="ru", story=article.story, state="review")
    factories.ArticleFactory(published_at=timezone.now() + timedelta(days=2))
    factories.CorrectionFactory(article=article)
    factories.AttachmentFactory(article=article)
    factories.AddressFactory(websites=[chamber.links.get()], fails_since=timezone.now())
    return server


@pytest.fixture
def chief():
    return factories.UserFactory(username="chief", is_superuser=True)


def addresses() -> Iterator[str]:
    """Every page of the back office."""
    yield reverse("admin:index")
    for name, actions in PAGES.items():
        yield reverse(f"admin:{name}_changelist")
        model = apps.get_model(*name.split("_"))
        row = model._base_manager.order_by("pk").first()
        for action in actions.split():
            yield reverse(f"admin:{name}_{action}", args=[] if action == "add" else [row.pk])
    for app in ("delegations", "news", "cspa", "links"):
        yield reverse("admin:app_list", args=[app])
    person, other = Person.objects.order_by("pk")[:2]
    yield f"{reverse('admin:delegations_person_merge', args=[person.pk])}?other={other.public_id}"
    yield reverse("admin:delegations_person_merge", args=[person.pk])
    yield reverse("admin:delegations_chamber_convocation", args=[Chamber.objects.get().pk])
    yield f"{reverse('admin:delegations_confirmationrequest_add')}?parliament={Parliament.objects.first().pk}"
    yield reverse("admin:news_article_preview", args=[Article.objects.order_by("pk").first().pk])
    for name in (
        "delegations_doubts",
        "delegations_import",
        "delegations_session",
        "delegations_delegate_quick_entry",
        "news_article_calendar",
        "second_factor",
        "password_change",
        "login",
    ):
        yield reverse(f"admin:{name}")
    yield f"{reverse('admin:delegations_delegate_changelist')}?todo=ending"
    yield reverse("admin:auth_user_password_change", args=[User.objects.order_by("pk").first().pk])


def signed_in(page, site, user):
    page.goto(f"{site}/admin/login/")
    page.locator("#id_username").fill(user.username)
    page.locator("#id_password").fill(factories.PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#content-main").wait_for()


def test_the_walk_names_every_model_with_pages():
    from django.contrib import admin

    reverse("admin:index")
    without_pages = {"news_story"}
    registered = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    assert registered - without_pages == set(PAGES)


@pytest.mark.parametrize(
    ("language", "scheme", "width"),
    [("en", "light", WIDE), ("ru", "dark", TABLET)],
    ids=["English, light and wide", "Russian, dark and narrow"],
)
def test_every_page_of_the_office_passes_axe(chromium, office, chief, language, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    axe, visited, violations, beyond = Axe(), 0, {}, []
    viewport = {"width": width, "height": 900}
    options = {"color_scheme": scheme, "viewport": viewport, "locale": language, "bypass_csp": True}
    with browsing(chromium, office, signed_in=True, **options) as page:
        signed_in(page, office, chief)
        for address in addresses():
            with in_time(address):
                assert page.goto(office + address).status == 200, address
                for rule in axe.run(page, options=OPTIONS).response["violations"]:
                    nodes = [node["html"][:200] for node in rule["nodes"]][:3]
                    violations.setdefault(rule["id"], {})[address] = nodes
                extra = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if extra > 0:
                    beyond.append((address, extra))
            visited += 1

    assert violations == {}
    assert beyond == []
    assert visited > 110


def test_no_page_of_the_office_breaks_its_own_policy(chromium, office, chief):
    visited = 0
    with browsing(chromium, office, signed_in=True) as page:
        signed_in(page, office, chief)
        for address in addresses():
            with in_time(address):
                assert page.goto(office + address).status == 200, address
            visited += 1
    assert visited > 110
