"""The pages of the admin: access, lists, headers, and what they cost."""

import base64
import hashlib
import re
from pathlib import Path

import django_prose_editor
import pytest
from django.contrib.admin import site
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client, RequestFactory

from cspa.settings import EDITOR_STYLE
from delegations.models import Chamber

from ..support import factories
from ..support.admin_forms import MODELS, page, words
from ..support.counting import Costs, assert_same_cost, cost, up_to
from ..support.markup import parsed

pytestmark = pytest.mark.django_db


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
    # Only check_links and the import add and delete rows of these models.
    if model in ("links_address", "delegations_fileimport"):
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
                "PersonName",
                "Delegate",
                "Representative",
                "Body",
                "AssemblyPost",
                "SeatQuota",
                "Participation",
                "Confirmation",
                "ConfirmationRequest",
                "Proposal",
                "Link",
                "Source",
                "Observation",
                "FileImport",
            ],
        ),
        ("news", ["Article", "Picture", "Topic", "LegacyAddress"]),
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
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ):
        assert directive in policy
    assert "'self'" not in policy.partition("script-src")[2]
    assert "no-store" in response["Cache-Control"]


def test_scripts_of_all_pages_have_the_nonce_of_the_page(administrator: Client, chamber: Chamber):
    addresses = [page("index"), page("delegations_chamber_convocation", chamber.pk)]
    addresses += [page(f"{model}_changelist") for model in MODELS] + [page("news_article_add"), page("cspa_user_add")]
    for address in addresses:
        response = administrator.get(address)
        nonce = re.search("script-src 'nonce-([^']+)'", response["Content-Security-Policy"]).group(1)
        scripts = list(parsed(response).iter("script"))
        assert len(scripts) > 1, address
        assert {script.get("nonce") for script in scripts} == {nonce}, address


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


def test_rows_of_each_model_are_ordered_in_pages_of_autocomplete():
    request = RequestFactory().get("/")
    request.user = factories.UserFactory(is_superuser=True)
    assert [model for model, page in site._registry.items() if not page.get_queryset(request).ordered] == []


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


def test_label_of_each_translated_field_names_its_language(rf: RequestFactory):
    request = rf.get("/")
    request.user = factories.UserFactory(is_superuser=True)
    labels = {}
    for each in site._registry.values():
        forms = [
            each.get_form(request),
            *(inline.get_formset(request).form for inline in each.get_inline_instances(request)),
        ]
        for form in forms:
            for name, field in form.base_fields.items():
                for ending, language in (("_en", "(English)"), ("_ru", "(Русский)")):
                    if name.endswith(ending):
                        labels[form, name] = str(field.label).endswith(language)
    assert len(labels) > 70
    assert [(form._meta.model, name) for (form, name), names in labels.items() if not names] == []
