"""The history of an article: each save with author and time, comparison, restoring and concurrent saves."""

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from cspa import audit
from cspa.models import RowChange
from news.legacy_page import import_page
from news.models import Article

from ..support import factories
from ..support.admin_forms import filled_in
from ..support.legacy_pages import KYRGYZ

pytestmark = pytest.mark.django_db


def history(article: Article) -> str:
    return reverse("admin:news_article_history", args=[article.pk])


def change(article: Article) -> str:
    return reverse("admin:news_article_change", args=[article.pk])


def restoring(article: Article, **said: str) -> dict[str, str]:
    """The data that the button of the newest state with ``said`` sends."""
    states = list(audit.history_of(article))
    key = next(change.pk for change, state in states if all(state[name] == value for name, value in said.items()))
    return {"restore": str(key), "newest": str(states[0][0].pk), "change_reason": "A slip"}


@pytest.fixture
def article(administrator: Client) -> Article:
    """An article that was created once and changed twice in the admin."""
    article = factories.ArticleFactory(
        title="First", body="<p>One</p>", topics=[factories.TopicFactory(name_en="Peace")]
    )
    for title, body in (("Second", "<p>Two</p>"), ("Third", "<p>Three</p>")):
        data = filled_in(administrator, change(article)) | {"title": title, "body": body, "slug": ""}
        assert administrator.post(change(article), data).status_code == 302
    article.refresh_from_db()
    return article


def test_history_lists_each_save_with_author_and_time(administrator: Client, article: Article):
    states = administrator.get(history(article)).context["page_obj"].object_list
    assert [past.state["title"] for past in states] == ["Third", "Second", "First"]
    assert states[0].change.entry.user.username in administrator.get(history(article)).text
    assert states[-1].change is None


def test_history_compares_the_last_two_states_or_any_two(administrator: Client, article: Article):
    response = administrator.get(history(article))
    differences = {entry.label: (entry.before, entry.after) for entry in response.context["differences"]}
    assert differences == {"Title": ("Second", "Third"), "Text": ("Two", "Three"), "Address": ("second", "third")}
    first, last = 0, RowChange.objects.of(article).latest("pk").pk
    # The order of the choice does not matter.
    for old, new in ((first, last), (last, first)):
        response = administrator.get(history(article), {"old": old, "new": new})
        differences = {entry.label: (entry.before, entry.after) for entry in response.context["differences"]}
        assert differences["Title"] == ("First", "Third")


def test_restoring_a_state_is_a_save_of_its_own(administrator: Client, article: Article):
    article.state = "withdrawn"
    article.withdrawal_reason = "cancelled"
    article.save()
    response = administrator.post(history(article), restoring(article, title="Second"), follow=True)
    assert "Restored: the state of" in response.text
    article.refresh_from_db()
    assert (article.title, article.body) == ("Second", "<p>Two</p>")
    assert article.state == "withdrawn"
    change = RowChange.objects.of(article).latest("pk")
    assert (change.before["title"], change.after["title"]) == ("Third", "Second")
    assert (change.entry.kind, change.entry.reason) == ("restore", "A slip")
    assert [topic.name for topic in article.topics.all()] == ["Peace"]
    assert Article.objects.search("two", "en").get() == article


def test_state_that_is_no_longer_valid_is_refused_with_a_message(administrator: Client, article: Article):
    factories.ArticleFactory(slug="second", published_at=article.published_at)
    response = administrator.post(history(article), restoring(article, title="Second"), follow=True)
    assert "Nothing was restored" in response.text
    article.refresh_from_db()
    assert article.title == "Third"


@pytest.mark.long
def test_malformed_states_answer_400(administrator: Client, article: Article):
    other = factories.ArticleFactory(slug="other")
    data = filled_in(administrator, change(other)) | {"title": "Changed"}
    assert administrator.post(change(other), data).status_code == 302
    for key in ("x", "-1", "9" * 30, "", RowChange.objects.of(other).get().pk):
        assert administrator.post(history(article), {"restore": key}).status_code == 400
        assert administrator.get(history(article), {"old": key, "new": key}).status_code == 400


def test_user_with_view_permission_sees_states_and_cannot_restore(client: Client, article: Article):
    reader = factories.UserFactory()
    reader.user_permissions.add(Permission.objects.get(codename="view_article"))
    client.force_login(reader)
    response = client.get(history(article))
    assert response.status_code == 200
    assert 'name="restore"' not in response.text
    assert client.post(history(article), restoring(article, title="Second")).status_code == 404


def test_concurrent_save_is_refused_and_keeps_both_texts(administrator: Client):
    article = factories.ArticleFactory(title="First", body="<p>One</p>")
    mine, theirs = filled_in(administrator, change(article)), filled_in(administrator, change(article))
    other = Client()
    other.force_login(factories.UserFactory(is_superuser=True, username="anna"))
    assert other.post(change(article), theirs | {"body": "<p>Anna's text</p>"}).status_code == 302
    response = administrator.post(change(article), mine | {"body": "<p>My text</p>"})
    assert response.status_code == 200
    assert "anna changed “First” while you worked on it" in response.text
    assert [(entry.before, entry.after) for entry in response.context["adminform"].form.conflicts] == [
        ("Anna's text", "My text")
    ]
    article.refresh_from_db()
    assert article.body == "<p>Anna's text</p>"
    # The form still holds what was typed; saving again is a decision, and the other text stays in the history.
    again = mine | {"body": "<p>My text</p>", "_seen": response.context["adminform"].form.state_token}
    assert administrator.post(change(article), again).status_code == 302
    article.refresh_from_db()
    assert article.body == "<p>My text</p>"
    assert "<p>Anna's text</p>" in [state["body"] for _change, state in audit.history_of(article)]


def test_repeated_page_import_makes_a_revision():
    call_command("loaddata", "seed", verbosity=0)
    article = Article.objects.get()
    former = article.body
    page = f"{KYRGYZ.format(7)}\n{article.title}\n26 May 2020\n{article.title}\nAnother text.".encode()
    import_page(page, update=True)
    article.refresh_from_db()
    assert former in [state["body"] for _change, state in audit.history_of(article)]
    assert article.body == "<p>Another text.</p>"
