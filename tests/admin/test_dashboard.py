"""The dashboard: each task counts the rows of the list it links, and users see only tasks they have permission for."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from cspa import audit
from cspa.models import ChangeSet, User
from delegations.dates import today
from delegations.models import Person
from links.models import Address
from news.models import Article, Picture, Story

from ..support import factories
from ..support.admin_forms import page, words
from ..support.counting import Costs, assert_same_cost, cost, up_to

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(factories.UserFactory(is_superuser=True))
    return client


def signed_in(group: str, **more) -> Client:
    """A client signed in as a member of ``group``; ``parliaments=[…]`` are assigned to the user."""
    parliaments = more.pop("parliaments", [])
    user = factories.UserFactory(**more)
    user.groups.add(Group.objects.get(name=group))
    user.parliaments.set(parliaments)
    client = Client()
    client.force_login(user)
    return client


def lines(client: Client) -> dict[str, int]:
    """The count of each line of the dashboard, by its URL."""
    sections = client.get(page("index")).context["sections"]
    return {line.url: line.number for _label, found in sections for line in found}


def tasks(client: Client) -> set[str]:
    """The counts by model and task, such as "delegate ending"."""
    return {" ".join(re.search(r"/(\w+)/\?todo=(.+)", address).groups()) for address in lines(client)}


def write_work(number: int) -> None:
    """Create ``number`` rows for each task, and for each a row that does not belong to it."""
    source = factories.SourceFactory()
    now = timezone.now()
    parliaments = factories.create_many(factories.ParliamentFactory, [{}] * number)
    chambers = factories.create_many(factories.ChamberFactory, [{"parliament": row} for row in parliaments])
    # No source, no first day, two names missing.
    factories.create_many(factories.SeatQuotaFactory, [{"chamber": row, "seats": 2} for row in chambers])
    old = {"date": today() - timedelta(days=400), "source": source}
    factories.create_many(factories.ConfirmationFactory, [old | {"parliament": row} for row in parliaments])
    soon = {"starts": "2020-01-01", "ends": (today() + timedelta(days=10)).isoformat()}
    english = {"name_ru": "", "given_name_ru": "", "family_name_ru": ""}
    people = factories.create_many(
        factories.PersonFactory,
        [english | {"name_en": f"Namesake {index}", "photo": "people/x.jpg"} for index in range(number)],
    )
    factories.create_many(
        factories.DelegateFactory,
        [soon | {"chamber": row, "person": person} for row, person in zip(chambers, people, strict=True)],
    )
    factories.create_many(
        factories.PersonFactory, [english | {"name_en": f"{index} Namesake"} for index in range(number)]
    )
    others = factories.create_many(
        factories.PersonFactory, [{"name_en": "", "given_name_en": "", "family_name_en": ""}] * number
    )
    factories.create_many(
        # The row has no first day either.
        factories.RepresentativeFactory,
        [
            {"parliament": row, "person": other, "ends": soon["ends"]}
            for row, other in zip(parliaments, others, strict=True)
        ],
    )
    factories.create_many(
        factories.AssemblyPostFactory, [soon | {"person": other, "body": factories.assembly()} for other in others]
    )
    whole = factories.create_many(factories.ChamberFactory, [{"parliament": row} for row in parliaments])
    factories.create_many(
        factories.SeatQuotaFactory,
        [{"chamber": row, "seats": 1, "starts": "2020", "sources": [source]} for row in whole],
    )
    delegates = factories.create_many(factories.PersonFactory, [{}] * number)
    factories.create_many(
        # The row has no first day.
        factories.DelegateFactory,
        [
            {"chamber": row, "person": person, "sources": [source]}
            for row, person in zip(whole, delegates, strict=True)
        ],
    )
    # The articles of each story.
    later = {"text_changed_at": now - timedelta(days=2)}
    stories = [
        story
        for index in range(number)
        for story in (
            [{"state": "review"}],
            [{"published_at": now + timedelta(days=2), "title": f"To come {index}"}],
            [{"state": "draft", "text_changed_at": now - timedelta(days=60)}],
            [{}, {"language": "ru"} | later],
            [{"language": "ru"}, later],
            [{"language": "ru"}],
        )
    ]
    saved = Story.objects.bulk_create(Story() for _story in stories)
    articles = factories.create_many(
        factories.ArticleFactory,
        [row | {"story": story} for story, rows in zip(saved, stories, strict=True) for row in rows],
    )
    originals = articles[5::8]
    websites = factories.create_many(factories.LinkFactory, [{"parliament": row} for row in parliaments])
    factories.create_many(factories.AddressFactory, [{"websites": [row]} for row in websites])
    factories.create_many(factories.AddressFactory, [{"articles": [row]} for row in originals])
    file = factories.PictureFactory().file.name
    pictures = factories.PictureFactory.build_batch(number, credit_en="", credit_ru="", file=file)
    for index, picture in enumerate(pictures):
        # The file does not exist, since generating its sizes takes long.
        picture.file.name = f"pictures/{index}.jpg"
    Picture.objects.bulk_create(pictures)
    factories.ArticleFactory(state="draft", published_at=now + timedelta(days=2))
    factories.ArticleFactory(published_at=now + timedelta(days=20))
    Address.objects.create(url="https://example.org/", outcome="answered").websites.add(factories.LinkFactory())


WORK = {
    "delegate ending": 1,
    "delegate source": 1,
    "delegate date": 1,
    "representative ending": 1,
    "representative source": 1,
    "representative date": 1,
    "assemblypost ending": 1,
    "parliament confirmation": 1,
    "chamber names": 1,
    "seatquota source": 1,
    "seatquota date": 1,
    "person namesakes": 2,
    "person photo": 2,
    "person credit": 1,
    "person name_en": 1,
    "person name_ru": 1,
    "article review": 1,
    "article asleep": 1,
    "article scheduled": 1,
    "article into-en": 1,
    "article into-ru": 1,
    "article again-en": 1,
    "article again-ru": 1,
    "picture credit": 1,
    "address directory": 1,
    "address news": 1,
}


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "ru"])
def test_each_task_links_a_list_of_as_many_rows(administrator: Client, language: str):
    write_work(2)
    administrator.post(page("language"), {"language": language})
    found = lines(administrator)
    assert tasks(administrator) == set(WORK)
    for address, number in found.items():
        response = administrator.get(address)
        assert response.context["cl"].result_count == number > 0, address
    shown = words(administrator.get(page("index")))
    for address, number in found.items():
        assert f"{number} " in shown, address


def test_counts_equal_the_number_of_rows_with_work(administrator: Client):
    write_work(3)
    found = {
        " ".join(re.search(r"/(\w+)/\?todo=(.+)", address).groups()): n for address, n in lines(administrator).items()
    }
    assert {name: found[name] for name in WORK if name not in ("article into-en", "article into-ru")} == {
        name: 3 * number for name, number in WORK.items() if name not in ("article into-en", "article into-ru")
    }
    # What is scheduled is to be translated, too; the one of twenty days as well.
    assert found["article into-ru"] == 3 + 1
    assert found["article into-en"] == 3


@up_to(300)
def test_dashboard_costs_the_same_with_any_number_of_tasks(administrator: Client, sizes: tuple[int, ...]):
    def measure(rows: int) -> Costs:
        write_work(rows)
        return {"desk": cost(lambda: administrator.get(page("index")))}

    assert_same_cost(measure, sizes)


def test_dashboard_without_tasks_shows_one_sentence(administrator: Client):
    shown = words(administrator.get(page("index")))
    assert "Nothing needs doing today." in shown
    assert "0 " not in shown.partition("All lists")[0].partition("Nothing needs")[2]
    factories.ArticleFactory(state="review")
    shown = words(administrator.get(page("index")))
    assert "Nothing needs doing" not in shown
    assert "1 article waits for review" in shown


def test_dashboard_links_every_changelist(administrator: Client):
    shown = administrator.get(page("index"))
    for name in ("delegations_parliament", "delegations_source", "news_topic", "cspa_user", "links_address"):
        assert f'href="{page(f"{name}_changelist")}"' in shown.text


# Who sees what


def test_dashboard_shows_each_role_the_tasks_it_has_permission_for():
    write_work(1)
    directory = {name for name in WORK if not name.startswith(("article", "picture", "address"))}
    news = {"article review", "article asleep", "picture credit"}
    translations = {f"article {task}-{code}" for task in ("into", "again") for code in ("en", "ru")}
    # Only publishers may change the translation of a published article.
    into = {name for name in translations if "into" in name}
    assert tasks(signed_in("Delegation secretaries")) == directory | {"address directory"}
    assert tasks(signed_in("Publishers")) == news | translations | {"article scheduled", "address news"}
    assert tasks(signed_in("News editors")) == news | into
    assert tasks(signed_in("Translators", translates_into="ru")) == {"article into-ru"}
    assert tasks(signed_in("Translators")) == set()
    assert tasks(signed_in("Administrators")) == set()


def test_translator_sees_an_unpublished_translation_older_than_its_original():
    original = factories.ArticleFactory()
    mine = factories.ArticleFactory(language="ru", story=original.story, state="draft")
    Article.objects.filter(pk=mine.pk).update(text_changed_at=timezone.now() - timedelta(days=2))
    assert tasks(signed_in("Translators", translates_into="ru")) == {"article again-ru"}
    assert tasks(signed_in("Translators", translates_into="en")) == set()


def test_secretary_with_assigned_parliaments_sees_their_tasks_only():
    write_work(2)
    mine = Person.objects.filter(mandates__chamber__quotas__seats=2).order_by("pk").first()
    parliament = mine.mandates.get().chamber.parliament
    client = signed_in("Delegation secretaries", parliaments=[parliament])
    found = lines(client)
    ending = next(address for address in found if "delegate/?todo=ending" in address)
    assert found[ending] == 1
    assert list(client.get(ending).context["cl"].result_list) == list(mine.mandates.all())
    silent = next(address for address in found if "address/?todo=directory" in address)
    assert found[silent] == 1
    (address,) = client.get(silent).context["cl"].result_list
    assert [website.parliament for website in address.websites.all()] == [parliament]
    assert Address.objects.failing().exclude(pk=address.pk).exists()


@pytest.mark.long
def test_last_imports_are_shown_to_users_with_permission_only(administrator: Client):
    for number in range(5):
        clerk = factories.UserFactory(username=f"clerk{number}")
        with audit.record_changes(ChangeSet.Kind.IMPORT, clerk, details="list.csv"):
            factories.DelegateFactory.create_batch(number + 1)
    shown = words(administrator.get(page("index")))
    assert "clerk4, list.csv : Added: chamber: 5, delegate: 5, parliament: 5, person: 5" in shown
    assert "clerk2" in shown
    assert "clerk1" not in shown
    parliament = factories.ParliamentFactory()
    for client in (
        signed_in("Publishers"),
        signed_in("Delegation secretaries", parliaments=[parliament]),
    ):
        assert "clerk4" not in words(client.get(page("index")))
    assert "clerk4" in words(signed_in("Delegation secretaries").get(page("index")))


# What counts


@time_machine.travel(NOW, tick=False)
def test_mandate_is_ending_soon_until_the_day_in_the_label(administrator: Client, settings):
    # The session begins at the frozen time.
    administrator.force_login(User.objects.get())
    settings.DESK_ENDING_DAYS = 10
    for ends in ("2026-11-25", "2026-11-26", "2026-12-05", "2026-12-06", "2026", None):
        factories.DelegateFactory(starts="2020-01-01", ends=ends)
    response = administrator.get("/admin/delegations/delegate/?todo=ending")
    assert [str(row.ends) for row in response.context["cl"].result_list.order_by("end")] == [
        "2026-11-26",
        "2026-12-05",
    ]
    assert "2 mandates end by 5 December 2026" in words(administrator.get(page("index")))


def test_seats_are_not_missing_if_roster_is_confirmed_or_parliament_does_not_participate(administrator: Client):
    for_sure = factories.SeatQuotaFactory(starts="2020-01-01").chamber
    factories.ConfirmationFactory(parliament=for_sure.parliament, date=today())
    away = factories.SeatQuotaFactory().chamber
    factories.ParticipationFactory(parliament=away.parliament, ends="2020-01-01")
    full = factories.SeatQuotaFactory(seats=1).chamber
    factories.DelegateFactory(chamber=full)
    substituted = factories.SeatQuotaFactory(seats=1).chamber
    factories.DelegateFactory(chamber=substituted, role="substitute")
    response = administrator.get("/admin/delegations/chamber/?todo=names")
    assert list(response.context["cl"].result_list) == [substituted]


@time_machine.travel(NOW, tick=False)
def test_dashboard_shows_the_next_scheduled_article_with_local_time(administrator: Client, settings):
    # The session begins at the frozen time.
    administrator.force_login(User.objects.get())
    for days in (3, 1, 8):
        factories.ArticleFactory(title=f"In {days} days", published_at=NOW + timedelta(days=days))
    shown = words(administrator.get(page("index")))
    assert "26 November 2026, 12:00: In 1 days 28 November 2026, 12:00: In 3 days" in shown.replace(" at ", ", ")
    assert "In 8 days" not in shown


def test_draft_is_no_longer_stale_after_a_save(administrator: Client):
    draft = factories.ArticleFactory(state="draft")
    long_ago = timezone.now() - timedelta(days=60)
    Article.objects.filter(pk=draft.pk).update(text_changed_at=long_ago)
    assert "article asleep" in tasks(administrator)
    with audit.record_changes(ChangeSet.Kind.EDIT):
        draft.topics.add(factories.TopicFactory())
    assert "article asleep" not in tasks(administrator)


def test_withdrawn_translation_is_no_task(administrator: Client):
    article = factories.ArticleFactory()
    factories.ArticleFactory(language="ru", story=article.story, state="withdrawn")
    assert tasks(administrator) == set()


@pytest.mark.parametrize("value", ["", "nonsense", "ENDING", "%00", "a" * 10_000])
def test_unknown_task_answers_400(administrator: Client, value: str):
    for model in ("delegations_delegate", "news_article", "links_address"):
        response = administrator.get(f"{page(f'{model}_changelist')}?todo={value}")
        assert response.status_code == 400, value
