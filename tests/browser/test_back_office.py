"""Pages of the admin in Chromium: accessibility rules, no horizontal scrolling, no CSP violations."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from cspa import audit
from cspa.models import ChangeSet, User
from delegations.models import Chamber, FileImport, Parliament, Person
from news.models import Article

from ..support import factories
from ..support.browser import AXE_OPTIONS, WIDE, browsing, in_time, overflow, rendered_templates

OPTIONS = AXE_OPTIONS | {"runOnly": [tag for tag in AXE_OPTIONS["runOnly"] if tag != "best-practice"]}

pytestmark = pytest.mark.browser

# It is the same on each page, and larger than most of them: axe looks at it once.
SIDEBAR = {"exclude": [["#nav-sidebar"]]}

# The width in pixels of the narrowest supported screen of the admin.
TABLET = 768

# One page of each kind: a list, form, history or deletion with a template, a widget or an inline of its own.
PAGES = {
    "delegations_parliament": "changelist change",
    "delegations_chamber": "change",
    "delegations_person": "change delete end",
    "delegations_delegate": "changelist",
    "delegations_confirmationrequest": "change",
    "delegations_proposal": "change",
    "delegations_source": "delete",
    "delegations_observation": "change",
    "delegations_fileimport": "changelist change",
    "news_article": "changelist add change history",
    "news_picture": "changelist change",
    "links_address": "change",
    "cspa_changeset": "changelist change",
    "cspa_user": "changelist add change",
    "auth_group": "change",
}
# Templates that this walk cannot reach: the answer to a form that was sent.
ELSEWHERE = {
    "admin/delegations/confirmationrequest/letters.html",
    "admin/delegations/end.html",
    "admin/locked_out.html",
}


@pytest.fixture(scope="module")
def office(server, module_db):
    """The URL of a site that the tests of this module only read."""
    # No transaction: it would keep the server from writing the sign-in.
    with module_db.unblock():
        fill()
        yield server


def fill() -> None:
    """Create one or two rows of each model, and a superuser."""
    chief = factories.UserFactory(username="chief", is_superuser=True)
    source = factories.SourceFactory()
    parliament = factories.ParliamentFactory(slug="full")
    chamber = factories.ChamberFactory(parliament=parliament)
    clerk = factories.UserFactory(username="clerk")
    with audit.record_changes(ChangeSet.Kind.IMPORT, clerk, "A slip", details="list.csv"):
        factories.SeatQuotaFactory(chamber=chamber, seats=3, starts="2019-05", sources=[source])
        factories.ParticipationFactory(parliament=parliament, starts="2019")
        delegate = factories.DelegateFactory(chamber=chamber, starts="2020-03-01")
        delegate.role = "head"
        delegate.save()
    with audit.record_changes(ChangeSet.Kind.EDIT, reason="The decree arrived"):
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
    entry = {
        "action_label": "added",
        "kind_label": "person",
        "label": "Ann Lee",
        "details": ["2019"],
        "place": "line 2",
    }
    report = {
        "numbers": [["added", "people: 1"]],
        "changes": True,
        "entries": [entry],
        "notes": [["Warnings", ["A long warning of one row."], 1]],
        "columns": [{"heading": "Name", "values": ["Ann Lee"], "column": "name"}],
    }
    factories.FileImportFactory(user=chief, state="checked", digest="shown", report=report)
    factories.FileImportFactory(user=chief, state="waiting")
    picture = factories.PictureFactory()
    article = factories.ArticleFactory(
        picture=picture,
        parliaments=[parliament],
        topics=[factories.TopicFactory()],
        body="<p>Text.</p><blockquote><p>Words.</p><p>— Somebody Else</p></blockquote>",
    )
    with audit.record_changes(ChangeSet.Kind.EDIT):
        article.title = "Changed"
        article.save()
    factories.ArticleFactory(language="ru", story=article.story, state="review")
    factories.ArticleFactory(published_at=timezone.now() + timedelta(days=2))
    factories.CorrectionFactory(article=article)
    factories.AttachmentFactory(article=article)
    factories.AddressFactory(websites=[chamber.links.get()], fails_since=timezone.now())


@pytest.fixture
def chief(office):
    return User.objects.get(username="chief")


def addresses() -> Iterator[str]:
    """The URL of each kind of page for a signed-in user."""
    yield reverse("admin:index")
    yield reverse("admin:app_list", args=["delegations"])
    for name, kinds in PAGES.items():
        row = apps.get_model(*name.split("_"))._base_manager.order_by("pk").first()
        for kind in kinds.split():
            yield reverse(f"admin:{name}_{kind}", args=[] if kind in ("changelist", "add") else [row.pk])
    yield reverse("admin:delegations_fileimport_change", args=[FileImport.objects.get(state="waiting").pk])
    person, other = Person.objects.order_by("pk")[:2]
    yield f"{reverse('admin:delegations_person_merge', args=[person.pk])}?other={other.public_id}"
    yield reverse("admin:delegations_person_merge", args=[person.pk])
    yield reverse("admin:delegations_chamber_convocation", args=[Chamber.objects.get().pk])
    yield f"{reverse('admin:delegations_confirmationrequest_add')}?parliament={Parliament.objects.first().pk}"
    yield reverse("admin:auth_user_password_change", args=[User.objects.order_by("pk").first().pk])
    yield reverse("admin:news_article_preview", args=[Article.objects.order_by("pk").first().pk])
    for name in (
        "delegations_doubts",
        "delegations_import",
        "news_archive_import",
        "delegations_session",
        "delegations_delegate_quick_entry",
        "news_article_calendar",
        "second_factor",
        "password_change",
    ):
        yield reverse(f"admin:{name}")


def sign_in(page, site, user):
    page.locator("#id_username").fill(user.username)
    page.locator("#id_password").fill(factories.PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#content-main").wait_for()


def widget_templates(user: User) -> set[str]:
    """The template of each widget in the forms and inlines of all models."""
    reverse("admin:index")
    request, names = HttpRequest(), set()
    request.user = user
    for model, pages in admin.site._registry.items():
        row = model._base_manager.order_by("pk").first()
        forms = [
            pages.get_form(request, row),
            *(each.form for each, _inline in pages.get_formsets_with_inlines(request, row)),
        ]
        names |= {field.widget.template_name for form in forms for field in form.base_fields.values()}
    return names


def page_templates() -> set[str]:
    folder = settings.BASE_DIR / "templates"
    return {str(path.relative_to(folder)) for path in folder.glob("admin/**/*.html")}


@pytest.mark.parametrize(
    ("language", "scheme", "width"),
    [("en", "light", WIDE), ("ru", "dark", TABLET)],
    ids=["English, light and wide", "Russian, dark and narrow"],
)
def test_admin_pages_pass_axe_without_horizontal_scrolling_or_csp_violations(
    chromium, office, chief, language, scheme, width
):
    from axe_playwright_python.sync_playwright import Axe

    axe, violations, beyond = Axe(), {}, []

    def look(page, address: str) -> None:
        with in_time(address):
            assert page.goto(office + address).status == 200, address
            part = None if address == reverse("admin:index") else SIDEBAR
            for rule in axe.run(page, part, OPTIONS).response["violations"]:
                nodes = [node["html"][:200] for node in rule["nodes"]][:3]
                violations.setdefault(rule["id"], {})[address] = nodes
            if (extra := overflow(page)) > 0:
                beyond.append((address, extra))

    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "locale": language}
    with rendered_templates() as rendered, browsing(chromium, office, signed_in=True, **options) as page:
        look(page, reverse("admin:login"))
        sign_in(page, office, chief)
        for address in addresses():
            look(page, address)
    assert violations == {}
    assert beyond == []
    assert page_templates() - rendered == ELSEWHERE
    assert widget_templates(chief) <= rendered
