"""The admin, used through its real forms."""

from datetime import date

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from cspa.models import User
from delegations.dates import PartialDate
from delegations.forms import PartialDateField
from delegations.models import Chamber, Delegate, Parliament, Person, Representative, SeatQuota, Source
from news.models import Article, Story

from ..support import factories
from ..support.admin_forms import article_form, filled_in, page, save, words
from ..support.markup import parsed

pytestmark = pytest.mark.django_db


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
        ({"starts": "spring 2019"}, "“spring 2019” is not a date."),
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


@pytest.mark.parametrize("text", ["by 2019-05-26", "By 26.05.2019", "к 26.05.2019", "не позднее 2019-05-26"])
def test_day_by_which_a_fact_held_is_parsed_in_both_languages(text: str):
    field = PartialDateField(label="", is_start=True)
    assert str(field.clean(text)) == "by 2019-05-26"
    with override("ru"):
        assert field.prepare_value(field.clean(text)) == "к 2019-05-26"
        assert str(field.clean("к 2019-05-26")) == "by 2019-05-26"


@pytest.mark.parametrize(("text", "is_start"), [("by 2019-05-26", False), ("by 2019-05", True), ("к 2019", True)])
def test_day_by_which_a_fact_held_is_a_whole_day_and_no_end(text: str, is_start: bool):
    with pytest.raises(ValidationError, match="whole day"):
        PartialDateField(label="", is_start=is_start).clean(text)


def test_day_by_which_a_quota_held_is_saved_and_shown_again(administrator: Client, chamber: Chamber):
    factories.SeatQuotaFactory(chamber=chamber)
    address = page("delegations_chamber_change", chamber.pk)
    data = filled_in(administrator, address) | {"quotas-0-starts": "by 2019-05-26"}
    assert save(administrator, address, data).status_code == 302
    assert str(SeatQuota.objects.get().starts) == "by 2019-05-26"
    data = filled_in(administrator, address)
    assert data["quotas-0-starts"] == "by 2019-05-26"
    assert save(administrator, address, data).status_code == 302
    assert str(SeatQuota.objects.get().starts) == "by 2019-05-26"


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
