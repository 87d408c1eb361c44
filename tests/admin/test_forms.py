"""The admin, used through its real forms."""

import base64
import hashlib
import re
from datetime import date
from pathlib import Path

import django_prose_editor
import pytest
from django.contrib.admin import site
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cspa.models import User
from cspa.settings import EDITOR_STYLE
from delegations.dates import PartialDate
from delegations.forms import PartialDateField
from delegations.models import Chamber, Delegate, Parliament, Person, Representative, SeatQuota, Source
from news.models import Article, Story

from ..support import factories
from ..support.admin_forms import article_form, filled_in, page, save, words
from ..support.counting import Costs, assert_same_cost, cost, up_to
from ..support.markup import parsed

pytestmark = pytest.mark.django_db

# Each model that has pages of its own, with a function that makes a number of rows.
MODELS = {
    "delegations_parliament": lambda n: [factories.ParticipationFactory() for _ in range(n)],
    "delegations_chamber": lambda n: [factories.SeatQuotaFactory() for _ in range(n)],
    "delegations_person": factories.PersonFactory.create_batch,
    "delegations_delegate": factories.DelegateFactory.create_batch,
    "delegations_representative": factories.RepresentativeFactory.create_batch,
    "delegations_assemblypost": factories.AssemblyPostFactory.create_batch,
    "delegations_seatquota": factories.SeatQuotaFactory.create_batch,
    "delegations_participation": factories.ParticipationFactory.create_batch,
    "delegations_confirmation": factories.ConfirmationFactory.create_batch,
    "delegations_confirmationrequest": factories.ConfirmationRequestFactory.create_batch,
    "delegations_proposal": factories.ProposalFactory.create_batch,
    "delegations_observation": factories.ObservationFactory.create_batch,
    "delegations_link": lambda n: [
        factories.LinkFactory(chamber=factories.ChamberFactory() if number % 2 else None) for number in range(n)
    ],
    "delegations_source": factories.SourceFactory.create_batch,
    "news_article": factories.ArticleFactory.create_batch,
    "news_picture": factories.PictureFactory.create_batch,
    "news_topic": factories.TopicFactory.create_batch,
    "links_address": factories.AddressFactory.create_batch,
    "cspa_user": factories.UserFactory.create_batch,
    "auth_group": lambda n: [Group.objects.create(name=f"group {number}") for number in range(n)],
}


# Who may come in


def test_anonymous_user_is_redirected_to_the_login_page(client: Client):
    response = client.get(page("delegations_parliament_changelist"))
    assert response.status_code == 302
    assert response["Location"] == f"{page('login')}?next={page('delegations_parliament_changelist')}"


def test_staff_without_permissions_see_an_empty_index_only(client: Client):
    client.force_login(factories.UserFactory())
    parliament = factories.ParliamentFactory()
    assert "You don’t have permission to view or edit anything." in words(client.get(page("index")))
    for address in (
        page("delegations_parliament_changelist"),
        page("delegations_parliament_change", parliament.pk),
        page("news_article_add"),
    ):
        response = client.get(address)
        assert response.status_code == 404
        assert "no-store" in response["Cache-Control"]


def test_user_who_is_not_staff_is_redirected_to_the_login_page(client: Client):
    client.force_login(factories.UserFactory(is_staff=False))
    assert client.get(page("index")).status_code == 302


def test_user_with_news_permissions_only_cannot_change_a_quota(client: Client, chamber: Chamber):
    clerk = factories.UserFactory()
    clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="news"))
    client.force_login(clerk)
    assert client.get(page("news_article_add")).status_code == 200
    assert client.post(page("delegations_chamber_change", chamber.pk), {}).status_code == 404


def test_user_with_news_permissions_can_choose_a_story(client: Client):
    clerk = factories.UserFactory()
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["add_article", "change_article"]))
    client.force_login(clerk)
    article = factories.ArticleFactory(title="Council meets in Yerevan")
    query = {"app_label": "news", "model_name": "article", "field_name": "story", "term": "yerevan"}
    answer = client.get(page("autocomplete"), query)
    assert answer.json()["results"] == [{"id": str(article.story_id), "text": "Council meets in Yerevan"}]


# Every page opens


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("model", MODELS)
def test_pages_of_each_model_answer_200(administrator: Client, model: str, language: str):
    row = MODELS[model](1)[0]
    if model == "delegations_parliament":
        row = row.parliament
    elif model == "delegations_chamber":
        row = row.chamber
    addresses = [
        page(f"{model}_changelist"),
        page(f"{model}_add"),
        page(f"{model}_change", row.pk),
        page(f"{model}_delete", row.pk),
        page(f"{model}_history", row.pk),
    ]
    # No form adds rows of this model.
    if model in ("delegations_observation", "delegations_proposal"):
        addresses.remove(page(f"{model}_add"))
        assert administrator.get(page(f"{model}_add")).status_code == 404
    # Only check_links adds and deletes rows of this model.
    if model == "links_address":
        for name, arguments in (("add", []), ("delete", [row.pk])):
            addresses.remove(page(f"{model}_{name}", *arguments))
            assert administrator.get(page(f"{model}_{name}", *arguments)).status_code == 404
    for address in addresses:
        response = administrator.get(address, headers={"accept-language": language})
        assert response.status_code == 200, address
        assert f'<html lang="{language}"' in response.text


def test_index_lists_apps_and_models_in_the_configured_order(administrator: Client):
    apps = administrator.get(page("index")).context["app_list"]
    assert [(app["app_label"], [model["object_name"] for model in app["models"]]) for app in apps] == [
        (
            "delegations",
            [
                "Parliament",
                "Chamber",
                "Person",
                "Delegate",
                "Representative",
                "AssemblyPost",
                "SeatQuota",
                "Participation",
                "Confirmation",
                "ConfirmationRequest",
                "Proposal",
                "Link",
                "Source",
                "Observation",
            ],
        ),
        ("news", ["Article", "Picture", "Topic"]),
        ("links", ["Address"]),
        ("cspa", ["ChangeSet", "User", "Group", "LogEntry"]),
    ]


@pytest.mark.parametrize("app", ["delegations", "news", "links", "cspa"])
def test_page_of_an_app_lists_its_models(administrator: Client, app: str):
    response = administrator.get(page("app_list", app))
    assert [found["app_label"] for found in response.context["app_list"]] == [app]
    for model in response.context["app_list"][0]["models"]:
        assert f'href="{model["admin_url"]}"' in response.text


def test_language_is_chosen_in_the_header(administrator: Client):
    response = administrator.post(page("language"), {"language": "ru", "next": page("index")})
    assert response["Location"] == page("index")
    assert '<html lang="ru"' in administrator.get(page("index")).text


def test_names_have_the_lang_attribute_of_their_language(administrator: Client):
    text = words(administrator.get(page("delegations_parliament_add")))
    assert "Name (English)" in text
    assert "Name (Русский)" in text


# Headers


@pytest.mark.parametrize(
    "name", ["index", "login", "jsi18n", "password_change", "news_article_add", "news_article_changelist"]
)
def test_responses_have_the_csp_of_the_admin_and_no_store(administrator: Client, name: str):
    response = administrator.get(page(name))
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    for directive in (
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ):
        assert directive in policy
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["nonsense/", "nonsense", "delegations/parliament/abc/delete/", "r/abc/1/"])
def test_error_responses_have_no_store(administrator: Client, path: str):
    response = administrator.get(page("index") + path, follow=path.endswith("abc/delete/"))
    assert response.status_code in {200, 404}
    assert "no-store" in response["Cache-Control"]
    assert "unsafe" not in response["Content-Security-Policy"]


def test_redirect_to_login_has_no_store(client: Client):
    assert "no-store" in client.get(page("index"))["Cache-Control"]


def test_csp_allows_the_inline_style_of_the_editor():
    """The library adds one <style> to the page. An upgrade may change its hash."""
    source = Path(django_prose_editor.__file__).parent / "static/django_prose_editor/editor.js"
    styles = re.findall(r"`(\.ProseMirror \{.*?)`", source.read_text(), re.S)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" for style in styles}
    assert hashes == {EDITOR_STYLE}


# Lists cost the same, whatever their length


def write_log(number: int) -> None:
    for row in factories.TopicFactory.create_batch(number):
        LogEntry.objects.log_actions(factories.UserFactory().pk, [row], CHANGE, "Name", single_object=True)


LISTS = {**MODELS, "admin_logentry": write_log}


@up_to(30)
@pytest.mark.parametrize("model", LISTS)
def test_changelist_costs_the_same_with_any_number_of_rows(administrator: Client, model: str, sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        LISTS[model](rows)

        def ask() -> None:
            response = administrator.get(page(f"{model}_changelist"))
            assert len(response.context["cl"].result_list) == rows + (model == "cspa_user")

        return {f"changelist of {model}": cost(ask)}

    # The groups of the roles would count as rows.
    Group.objects.all().delete()
    assert_same_cost(measure, sizes)


@up_to(300)
def test_autocomplete_of_chambers_costs_the_same_with_any_number_of_rows(
    administrator: Client, sizes: tuple[int, ...]
):
    query = {"app_label": "delegations", "model_name": "seatquota", "field_name": "chamber"}

    def measure(rows: int) -> Costs:
        factories.ChamberFactory.create_batch(rows)

        def ask() -> None:
            assert len(administrator.get(page("autocomplete"), query).json()["results"]) == min(rows, 20)

        return {"autocomplete": cost(ask)}

    assert_same_cost(measure, sizes)


# Quotas: what clerks change most


def test_quota_is_ended_and_succeeded_in_one_save(client: Client, chamber: Chamber):
    clerk = factories.UserFactory()
    clerk.user_permissions.set(
        Permission.objects.filter(codename__in=["change_chamber", "change_seatquota", "add_seatquota"])
    )
    client.force_login(clerk)
    source = factories.SourceFactory()
    old = factories.SeatQuotaFactory(chamber=chamber, seats=7, starts="2015")
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(client, address)
    assert data["quotas-0-starts"] == "2015"
    data |= {
        "quotas-0-ends": "26.05.2019",
        "quotas-1-seats": "6",
        "quotas-1-starts": "2019-05-26",
    }
    response = save(client, address, data)
    assert response.status_code == 302
    old.refresh_from_db()
    new = SeatQuota.objects.exclude(pk=old.pk).get()
    assert (old.seats, old.starts, old.ends) == (7, PartialDate.parse("2015"), PartialDate(date(2019, 5, 26)))
    assert (new.seats, str(new.starts), new.ends) == (6, "2019-05-26", None)
    assert source.facts() == 0


def test_source_is_added_to_a_quota(administrator: Client, chamber: Chamber):
    source = factories.SourceFactory()
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address) | {"quotas-0-seats": "7", "quotas-0-sources": [source.pk]}
    assert administrator.post(address, data).status_code == 302
    assert list(SeatQuota.objects.get().sources.all()) == [source]


def test_unchanged_form_keeps_partial_dates(administrator: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, starts="2015", ends="2019-05")
    factories.SeatQuotaFactory(chamber=chamber, starts="2019-05")
    before = list(SeatQuota.objects.in_order().values())
    address = page("delegations_chamber_change", chamber.pk)
    assert administrator.post(address, filled_in(administrator, address)).status_code == 302
    for row in SeatQuota.objects.all():
        own = page("delegations_seatquota_change", row.pk)
        assert administrator.post(own, filled_in(administrator, own)).status_code == 302
    assert list(SeatQuota.objects.in_order().values()) == before


def test_overlapping_quota_is_a_form_error_and_nothing_is_saved(administrator: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, seats=7, starts="2015")
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address)
    data |= {"name_en": "Renamed", "quotas-1-seats": "6", "quotas-1-starts": "2019-05"}
    response = administrator.post(address, data)
    assert response.status_code == 200
    sentence = "This chamber has another quota in the same period. End the earlier one first."
    assert words(response).count(sentence) == 1
    assert SeatQuota.objects.get().seats == 7
    chamber.refresh_from_db()
    assert chamber.name_en == "House of Representatives"


def test_overlapping_quota_on_its_own_page_is_a_form_error(administrator: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, starts="2015")
    address = page("delegations_seatquota_add")
    data = filled_in(administrator, address) | {"chamber": chamber.pk, "seats": "6", "starts": "2019"}
    response = administrator.post(address, data)
    assert "This chamber has another quota in the same period. End the earlier one first." in words(response)
    assert SeatQuota.objects.count() == 1


def test_boundary_between_two_quotas_moves_both_ways_in_one_save(administrator: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, seats=7, starts="2015-01-01", ends="2019-01-01")
    factories.SeatQuotaFactory(chamber=chamber, seats=6, starts="2019-01-01")
    address = page("delegations_chamber_change", chamber.pk)
    for boundary in ("2018-01-01", "2020-01-01"):
        data = filled_in(administrator, address)
        # The latest quota comes first.
        assert data["quotas-0-seats"] == "6"
        data |= {"quotas-0-starts": boundary, "quotas-1-ends": boundary}
        assert save(administrator, address, data).status_code == 302
        assert [str(quota.starts) for quota in SeatQuota.objects.in_order()] == [boundary, "2015-01-01"]


def test_quota_is_deleted_and_another_extended_in_one_save(administrator: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, seats=7, starts="2015", ends="2019")
    factories.SeatQuotaFactory(chamber=chamber, seats=6, starts="2019")
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address) | {"quotas-0-DELETE": "on", "quotas-1-ends": ""}
    assert save(administrator, address, data).status_code == 302
    assert (SeatQuota.objects.get().seats, SeatQuota.objects.get().ends) == (7, None)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"starts": "May 2019"}, "“May 2019” is not a date."),
        ({"starts": "2019-02-30"}, "“2019-02-30” is not a date."),
        ({"starts": "0000-00-00"}, "“0000-00-00” is not a date."),
        ({"starts": "1" * 5000}, "is not a date."),
        ({"starts": "20\x0019"}, "is not a date."),
        ({"starts": "1899"}, "Dates must lie between 1900 and 2100."),
        ({"ends": "9999-12-31"}, "Dates must lie between 1900 and 2100."),
        (
            {"starts": "2020-05-02", "ends": "2020-05-01"},
            "The first day no longer in office must come after the first day in office.",
        ),
        ({"ends": "2020", "ended": "on"}, "Give the end date or tick “ended, date not known”, not both."),
        ({"seats": "0"}, "Ensure this value is greater than or equal to 1."),
        ({"seats": "1000"}, "A quota has between 1 and 999 seats."),
    ],
)
def test_invalid_quota_is_a_form_error(administrator: Client, chamber: Chamber, given: dict, sentence: str):
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address) | {"quotas-0-seats": "6"}
    data |= {f"quotas-0-{name}": value for name, value in given.items()}
    response = administrator.post(address, data)
    assert response.status_code == 200
    assert sentence in words(response)
    assert not SeatQuota.objects.exists()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2019", "2019"),
        ("2019-05", "2019-05"),
        (" 2019-05-26 ", "2019-05-26"),
        ("26.05.2019", "2019-05-26"),
        ("6.5.2019", "2019-05-06"),
        ("05.2019", "2019-05"),
        ("", "None"),
    ],
)
def test_dates_are_parsed_in_common_formats(text: str, stored: str):
    assert str(PartialDateField(label="").clean(text)) == stored


def test_last_day_in_office_is_shown_beside_the_end(administrator: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, ends="2019-06-01")
    response = administrator.get(page("delegations_chamber_change", chamber.pk))
    assert "31 May 2019" in words(response)


def test_end_without_a_date_is_stored(administrator: Client, chamber: Chamber):
    quota = factories.SeatQuotaFactory(chamber=chamber, starts="2015")
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address) | {"quotas-0-ended": "on"}
    assert save(administrator, address, data).status_code == 302
    quota.refresh_from_db()
    assert quota.ended


# People


def test_person_and_mandate_are_added_in_one_save(administrator: Client, chamber: Chamber):
    address = page("delegations_person_add")
    data = filled_in(administrator, address) | {
        "name_en": "Viktor Kogut",
        "mandates-TOTAL_FORMS": "1",
        "mandates-0-chamber": chamber.pk,
        "mandates-0-role": "head",
        "mandates-0-starts": "2020-01-02",
        "mandates-0-political_group_en": "Independent",
    }
    assert save(administrator, address, data).status_code == 302
    mandate = Delegate.objects.get()
    assert (mandate.person.name_en, mandate.role, mandate.chamber) == ("Viktor Kogut", "head", chamber)
    assert mandate.political_group_en == "Independent"


def test_person_without_a_name_is_a_form_error(administrator: Client):
    address = page("delegations_person_add")
    response = administrator.post(address, filled_in(administrator, address))
    assert "Give the name in at least one language." in words(response)
    assert not Person.objects.exists()


def test_second_representative_of_a_parliament_is_a_form_error_of_the_person(administrator: Client):
    first = factories.RepresentativeFactory(starts="2015")
    other = factories.PersonFactory()
    address = page("delegations_person_change", other.pk)
    data = filled_in(administrator, address) | {
        "services-TOTAL_FORMS": "1",
        "services-0-parliament": first.parliament_id,
        "services-0-starts": "2020",
    }
    response = administrator.post(address, data)
    assert "This parliament has another representative in the same period." in words(response)
    assert Representative.objects.get() == first


def test_representative_is_ended_and_succeeded_on_the_page_of_the_parliament(administrator: Client):
    first = factories.RepresentativeFactory(starts="2015")
    other = factories.PersonFactory()
    address = page("delegations_parliament_change", first.parliament_id)
    data = filled_in(administrator, address) | {
        "representatives-TOTAL_FORMS": "2",
        "representatives-0-ends": "2020-03-01",
        "representatives-1-person": other.pk,
        "representatives-1-starts": "2020-03-01",
    }
    assert save(administrator, address, data).status_code == 302
    assert [row.person for row in first.parliament.representatives.on(date(2020, 2, 29))] == [first.person]
    assert [row.person for row in first.parliament.representatives.on(date(2020, 3, 1))] == [other]


def test_empty_code_of_a_chamber_is_generated(administrator: Client):
    parliament = factories.ParliamentFactory(slug="kazakhstan")
    address = page("delegations_parliament_change", parliament.pk)
    data = filled_in(administrator, address) | {
        "chambers-TOTAL_FORMS": "1",
        "chambers-0-name_ru": "Мажилис",
        "chambers-0-kind": "lower",
        "chambers-0-members_called": "deputies",
        "chambers-0-order": "1",
    }
    assert administrator.post(address, data).status_code == 302
    assert Chamber.objects.get().slug == "kazakhstan-mazhilis"


def test_website_without_exactly_one_owner_is_a_form_error(administrator: Client, chamber: Chamber):
    address = page("delegations_link_add")
    data = filled_in(administrator, address) | {"url": "https://house.example/"}
    assert "A website belongs to a parliament or to a chamber" in words(administrator.post(address, data))
    data |= {"chamber": chamber.pk}
    assert save(administrator, address, data).status_code == 302
    assert chamber.links.get().url == "https://house.example/"


# Deletion


def test_parliament_with_a_chamber_cannot_be_deleted(administrator: Client, chamber: Chamber):
    address = page("delegations_parliament_delete", chamber.parliament_id)
    text = words(administrator.post(address, {"post": "yes", "change_reason": "Never true"}))
    assert "stays, because the facts below rest on it" in text
    assert "House of Representatives" in text
    assert Parliament.objects.filter(pk=chamber.parliament_id).exists()


def test_source_in_use_cannot_be_deleted_and_the_page_lists_its_facts(administrator: Client, chamber: Chamber):
    used, unused = factories.SourceFactory(), factories.SourceFactory()
    factories.SeatQuotaFactory(chamber=chamber, sources=[used])
    deleting = {"post": "yes", "change_reason": "Never true"}
    response = administrator.post(page("delegations_source_delete", used.pk), deleting)
    assert response.status_code == 200
    assert "House of Representatives" in words(response)
    assert administrator.post(page("delegations_source_delete", unused.pk), deleting).status_code == 302
    assert list(Source.objects.all()) == [used]


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_changelists_have_no_delete_action(administrator: Client, name: str):
    MODELS[name](2)
    address = page(f"{name}_changelist")
    assert "delete_selected" not in administrator.get(address).text
    model = next(each for each in site._registry if each._meta.label_lower == name.replace("_", ".", 1))
    keys = list(model.objects.values_list("pk", flat=True))
    administrator.post(address, {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    assert set(keys) <= set(model.objects.values_list("pk", flat=True))


def test_article_without_a_story_gets_a_new_one(administrator: Client):
    assert administrator.post(page("news_article_add"), article_form(administrator)).status_code == 302
    article = Article.objects.get()
    assert (article.slug, article.state, article.story) == (
        "council-meets-in-yerevan",
        "draft",
        Story.objects.get(),
    )


def test_add_form_of_a_translation_is_prefilled_with_story_language_and_shared_fields(administrator: Client):
    topic, parliament = factories.TopicFactory(), factories.ParliamentFactory()
    article = factories.ArticleFactory(topics=[topic], parliaments=[parliament])
    response = administrator.get(page("news_article_change", article.pk))
    offered = f"{page('news_article_add')}?story={article.story_id}&language=ru"
    assert offered.replace("&", "&amp;") in response.text
    data = filled_in(administrator, offered)
    assert data["language"] == "ru"
    assert data["story"] == str(article.story_id)
    data |= {"title": "Заседание", "summary": "Совет собрался.", "body": "<p>Совет собрался.</p>"}
    assert administrator.post(offered, data).status_code == 302
    translation = article.story.articles.get(language="ru")
    assert list(translation.topics.all()) == [topic]
    assert list(translation.parliaments.all()) == [parliament]
    there = page("news_article_change", translation.pk)
    assert there in administrator.get(page("news_article_change", article.pk)).text


def test_second_article_of_a_story_in_one_language_is_a_form_error(administrator: Client):
    article = factories.ArticleFactory()
    data = article_form(administrator, story=article.story_id)
    response = administrator.post(page("news_article_add"), data)
    assert "This story has an article in this language already." in words(response)
    assert Article.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"body": "<div>" * 300 + "text"}, "The text is too long or its elements are nested too deeply."),
        ({"body": "a" * 200_001}, "The text is too long or its elements are nested too deeply."),
        ({"body": "<p></p>"}, "Write the text."),
        ({"body": "<a" + "<" * 2000}, "Write the text."),
        ({"published_at_0": "9999-99-99"}, "Enter a valid date."),
        ({"published_at_0": "0001-01-01"}, "Dates must lie between 1900 and 2100."),
        ({"published_at_0": "9999-12-31"}, "Dates must lie between 1900 and 2100."),
        ({"story": "abc"}, "Select a valid choice."),
        ({"topics": ["abc", "99999999999999999999"]}, "“abc” is not a valid value."),
        ({"language": "xx"}, "Select a valid choice."),
        ({"title": "a\x00b"}, "Null characters are not allowed."),
        ({"corrections-TOTAL_FORMS": "abc"}, "ManagementForm data is missing"),
    ],
)
def test_invalid_article_is_a_form_error(administrator: Client, changes: dict, sentence: str):
    response = administrator.post(page("news_article_add"), article_form(administrator, **changes))
    assert response.status_code == 200
    assert sentence in words(response)
    assert not Article.objects.exists()


def test_script_in_a_body_is_not_stored(administrator: Client):
    body = "<p>Text<script>alert(1)</script><img src=https://evil.example/x.png></p>"
    assert administrator.post(page("news_article_add"), article_form(administrator, body=body)).status_code == 302
    assert Article.objects.get().body == "<p>Text</p>"


def test_correction_is_added_on_the_page_of_the_article(administrator: Client):
    article = factories.ArticleFactory()
    address = page("news_article_change", article.pk)
    data = filled_in(administrator, address) | {
        "corrections-TOTAL_FORMS": "1",
        "corrections-0-date": "2020-05-27",
        "corrections-0-text": "An earlier version gave 27 May as the date.",
    }
    assert administrator.post(address, data).status_code == 302
    assert article.corrections.get().date == date(2020, 5, 27)


def test_changelist_marks_a_scheduled_article(administrator: Client):
    later = timezone.now() + timezone.timedelta(days=3)
    factories.ArticleFactory(published_at=later)
    response = administrator.get(page("news_article_changelist"))
    assert "scheduled" in words(response)


def test_view_on_site_link_is_shown_for_published_articles_only(administrator: Client):
    public = factories.ArticleFactory()
    draft = factories.ArticleFactory(state=Article.State.DRAFT)
    assert "View on site" in words(administrator.get(page("news_article_change", public.pk)))
    assert "View on site" not in words(administrator.get(page("news_article_change", draft.pk)))


# Accounts


def test_administrator_creates_a_user_and_adds_it_to_a_group(administrator: Client):
    group = Group.objects.create(name="Interns")
    address = page("cspa_user_add")
    data = filled_in(administrator, address) | {
        "username": "anna",
        "password1": factories.PASSWORD,
        "password2": factories.PASSWORD,
    }
    assert administrator.post(address, data).status_code == 302
    anna = User.objects.get(username="anna")
    address = page("cspa_user_change", anna.pk)
    data = filled_in(administrator, address) | {"is_staff": "on", "groups": [group.pk]}
    assert administrator.post(address, data).status_code == 302
    anna.refresh_from_db()
    assert anna.is_staff
    assert list(anna.groups.all()) == [group]


ASSIGNED = "Of a delegation secretary: the only delegations that this account keeps. None: all of them."


def test_parliaments_are_assigned_on_the_page_of_a_user(administrator: Client):
    anna, (belarus, armenia) = factories.UserFactory(), factories.ParliamentFactory.create_batch(2)
    address = page("cspa_user_change", anna.pk)
    shown = administrator.get(address)
    assert f"Assigned parliaments: {ASSIGNED}" in words(shown)
    assert "Field of work" in words(shown)
    data = filled_in(administrator, address)
    assert administrator.post(address, data | {"assigned_parliaments": [armenia.pk]}).status_code == 302
    assert list(anna.parliaments.all()) == [armenia]
    assert "Changed Assigned parliaments." in LogEntry.objects.first().get_change_message()
    assert filled_in(administrator, address)["assigned_parliaments"] == [str(armenia.pk)]
    # What another has seen since is not overwritten.
    late = administrator.post(address, data | {"assigned_parliaments": [belarus.pk]})
    assert "Nothing was saved" in words(late)
    assert list(anna.parliaments.all()) == [armenia]
    # An empty choice takes all of them back.
    data = filled_in(administrator, address)
    del data["assigned_parliaments"]
    assert administrator.post(address, data).status_code == 302
    assert not anna.parliaments.exists()
    history = administrator.get(page("cspa_user_history", anna.pk))
    assert f"Assigned parliaments {armenia} –" in words(history)
    assert [row.label for row in history.context["differences"]] == ["Assigned parliaments"]
    former = {"restore": history.context["old"].key, "newest": history.context["newest"]}
    administrator.post(page("cspa_user_history", anna.pk), former)
    assert list(anna.parliaments.all()) == [armenia]


def test_assigned_parliament_is_chosen_by_autocomplete(administrator: Client):
    anna, parliament = factories.UserFactory(), factories.ParliamentFactory()
    shown = administrator.get(page("cspa_user_change", anna.pk))
    assert shown.context["adminform"].form.fields["assigned_parliaments"].widget.can_add_related
    select = parsed(shown).get_element_by_id("id_assigned_parliaments")
    asked = {name: select.get(f"data-{name.replace('_', '-')}") for name in ("app_label", "model_name", "field_name")}
    offered = administrator.get(reverse("admin:autocomplete"), asked | {"term": parliament.slug}).json()
    assert offered["results"] == [{"id": str(parliament.pk), "text": str(parliament)}]


def test_user_with_view_permission_sees_assigned_parliaments_read_only(client: Client):
    chief, parliament = factories.UserFactory(is_superuser=True), factories.ParliamentFactory()
    chief.parliaments.add(parliament)
    me = factories.UserFactory()
    me.groups.add(Group.objects.get(name="Administrators"))
    client.force_login(me)
    shown = words(client.get(page("cspa_user_change", chief.pk)))
    assert f"Assigned parliaments: {ASSIGNED} {parliament}" in shown


# Bad input


STRANGE = [
    "title__regex=(",
    "title__foo=1",
    "body__contains=a",
    "state__exact=%00",
    "state%00=draft",
    "topics__id__exact=abc",
    "topics__id__exact=99999999999999999999",
    "published_at__year=99999",
    "published_at__year=abc",
    "published_at__gte=9999-99-99",
    "published_at__gte=0001-01-01",
    "published_at__lt=10000-01-01",
    "story__articles__title=a",
    "p=abc",
    "p=0",
    "p=99999999999999999999",
    "p=" + "9" * 5000,
    "o=abc",
    "o=99999",
    "q=%00",
    "q=a%00b",
    "q=%ff%fe",
    "q=" + "a" * 2000,
    "q=%22%27",
    "all=abc",
    "e=1",
    "_to_field=abc",
    "_popup=abc",
    "today=abc",
]


@pytest.mark.parametrize("model", ["news_article", "delegations_delegate", "cspa_user"])
def test_malformed_query_of_a_changelist_never_answers_500(administrator: Client, model: str):
    MODELS[model](1)
    for query in STRANGE:
        response = administrator.get(f"{page(f'{model}_changelist')}?{query}", follow=True)
        assert response.status_code in {200, 400}, query
        assert len(words(response)) > 40, query


def test_regex_lookup_in_a_query_answers_400(administrator: Client):
    factories.ArticleFactory()
    assert administrator.get(page("news_article_changelist") + "?title__regex=(").status_code == 400


def test_malformed_query_of_an_add_form_shows_an_empty_form(administrator: Client):
    for query in (
        "published_at=9999-99-99",
        "published_at=0001-01-01T00:00:00%2B05:00",
        "story=abc",
        "story=99999999999999999999",
        "topics=abc,1",
        "topics=%00",
        "title=%00",
        "language=xx",
        "nonsense=1",
        "corrections=1",
        "_changelist_filters=%00",
    ):
        response = administrator.get(f"{page('news_article_add')}?{query}")
        assert response.status_code == 200, query
        assert "Add article" in words(response), query


@pytest.mark.parametrize("model", ["news_article", "delegations_source", "cspa_user", "auth_group"])
def test_malformed_selection_answers_400_and_deletes_nothing(administrator: Client, model: str):
    row = MODELS[model](1)[0]
    for selected in ("abc", "", "-1", "1.5", "٣", "9" * 5000, "99999999999999999999", "\x00"):
        data = {"action": "delete_selected", "_selected_action": [row.pk, selected], "post": "yes"}
        assert administrator.post(page(f"{model}_changelist"), data).status_code == 400, selected
        row.refresh_from_db()


@pytest.mark.parametrize(
    "path",
    [
        "news/article/abc/change/",
        "news/article/99999999999999999999/change/",
        "news/article/%00/change/",
        "news/article/" + "9" * 5000 + "/change/",
        "news/article/abc/history/",
        "autocomplete/",
        "autocomplete/?app_label=news&model_name=article&field_name=story&term=%00",
        "autocomplete/?app_label=news&model_name=article&field_name=story&page=abc",
        "autocomplete/?app_label=news&model_name=article&field_name=title",
        "autocomplete/?app_label=%00",
        "r/99999999999999999999/1/",
        "r/1/abc/",
    ],
)
def test_malformed_path_never_answers_500(administrator: Client, path: str):
    factories.ArticleFactory()
    response = administrator.get(page("index") + path, follow=True)
    assert response.status_code in {200, 400, 403, 404}


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"quotas-TOTAL_FORMS": "99999999"}, marks=pytest.mark.long),
        {"quotas-INITIAL_FORMS": "7", "quotas-TOTAL_FORMS": "9"},
        {"quotas-0-id": "abc"},
        {"quotas-0-id": "99999999999999999999"},
        {"quotas-0-chamber": "abc"},
        {"quotas-0-sources": ["abc", "\x00"]},
        {"quotas-0-seats": "9" * 5000},
        {"quotas-0-seats": "NaN"},
        {"parliament": "abc"},
        {"order": "99999999999999999999"},
    ],
)
def test_forged_fields_of_a_chamber_are_refused(administrator: Client, chamber: Chamber, forged: dict):
    factories.SeatQuotaFactory(chamber=chamber, seats=7)
    address = page("delegations_chamber_change", chamber.pk)
    before = list(SeatQuota.objects.values())
    response = administrator.post(address, filled_in(administrator, address) | forged)
    assert response.status_code == 200
    assert "Please correct the error" in words(response)
    assert list(SeatQuota.objects.values()) == before


def test_forged_id_of_another_chamber_s_quota_changes_nothing(administrator: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber, seats=7)
    other = factories.SeatQuotaFactory(seats=5)
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address) | {"quotas-0-id": other.pk, "quotas-0-seats": "99"}
    assert administrator.post(address, data).status_code == 200
    other.refresh_from_db()
    assert other.seats == 5


def test_form_with_a_deleted_row_is_a_form_error(administrator: Client, chamber: Chamber):
    quota = factories.SeatQuotaFactory(chamber=chamber, seats=7)
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address) | {"quotas-0-seats": "8"}
    quota.delete()
    response = administrator.post(address, data)
    assert response.status_code == 200
    assert "Please correct the error" in words(response)


def test_concurrent_overlapping_quota_is_a_form_error(
    administrator: Client, chamber: Chamber, monkeypatch: pytest.MonkeyPatch
):
    """Both forms are valid when they are checked. The database refuses the second, and the page shows the error."""
    from delegations.forms import PeriodFormSet

    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address) | {"quotas-0-seats": "8"}
    data["quotas-0-sources"] = [factories.SourceFactory().pk]
    factories.SeatQuotaFactory(chamber=chamber, seats=7)
    monkeypatch.setattr(PeriodFormSet, "_overlaps", lambda *args: False)
    response = administrator.post(address, data, follow=True)
    assert response.status_code == 200
    assert "Nothing was saved: somebody changed the same facts meanwhile." in words(response)
    assert SeatQuota.objects.get().seats == 7
