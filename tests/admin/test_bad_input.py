"""Malformed and forged requests to the admin: a clear error, never a 500."""

from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone

from delegations.models import Chamber, SeatQuota

from ..support import factories
from ..support.admin_forms import MODELS, filled_in, page, words

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize("action", ["change", "delete"])
def test_empty_to_field_is_ignored(administrator: Client, action: str):
    address = page(f"news_article_{action}", factories.ArticleFactory().pk)
    assert administrator.get(f"{address}?_to_field=").status_code == 200
    # That of the form takes precedence.
    assert administrator.post(address, {"_to_field": ""}).status_code in {200, 302}


def test_regex_lookup_in_a_query_answers_400(administrator: Client):
    factories.ArticleFactory()
    assert administrator.get(page("news_article_changelist") + "?title__regex=(").status_code == 400


@pytest.mark.parametrize(("time", "number"), [("2026-05-26", 1), ("2026-05-26T00:30", 1), ("2026-05-26T00:31", 0)])
def test_time_without_a_zone_in_a_query_is_local(administrator: Client, time: str, number: int):
    factories.ArticleFactory(published_at=timezone.make_aware(datetime(2026, 5, 26, 0, 30)))
    response = administrator.get(f"{page('news_article_changelist')}?published_at__gte={time}")
    assert len(response.context["cl"].result_list) == number


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
