"""Scopes of a news list and its feeds: all news, a topic, a delegation or a person."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cspa.absolute_urls import cached_reverse
from cspa.exports.feeds import FORMATS
from delegations.models import Parliament, Person

from .models import Article, ArticleQuerySet, Topic

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Moved(Exception):  # noqa: N818  a redirect, not an error
    """The request used a former address of the subject; ``scope`` has the present one."""

    def __init__(self, scope: "Scope"):
        self.scope = scope


@dataclass(frozen=True)
class Scope:
    """The scope of all news. A subclass limits it to the ``subject`` in the address."""

    subject: Any = None

    # URL names of the list and of its feeds.
    page: ClassVar[str] = "feed"
    subscription: ClassVar[str] = "subscription"
    # The field of an article that refers to the subject.
    relation: ClassVar[str] = ""
    # The kind of subject, shown above the heading.
    kicker: ClassVar["StrOrPromise"] = ""

    @classmethod
    def of(cls) -> "Scope":
        """The scope of a URL's arguments. Raise Http404 for an unknown subject, Moved for a former address."""
        return cls()

    @property
    def heading(self) -> str:
        return self.subject.name if self.subject else _("News")

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the scope's URLs, in their order."""
        return {"slug": self.subject.slug} if self.subject else {}

    def stories(self) -> ArticleQuerySet:
        """The published articles of the scope in all languages."""
        articles = Article.objects.published()
        return articles.filter(**{self.relation: self.subject}) if self.subject else articles

    @property
    def url(self) -> str:
        return cached_reverse(f"news:{self.page}", *self.arguments.values())

    def feed_url(self, ending: str) -> str:
        return cached_reverse(f"news:{self.subscription}", *self.arguments.values(), ending)

    @cached_property
    def feeds(self) -> list[tuple[str, str, str]]:
        """Title, URL and media type of each feed."""
        return [(feed.title, self.feed_url(ending), feed.media_type) for ending, feed in FORMATS.items()]


class TopicScope(Scope):
    page, subscription, relation, kicker = "topic", "topic_subscription", "topics", gettext_lazy("Topic")

    @classmethod
    def of(cls, slug: str) -> "TopicScope":  # type: ignore[override]  # of an address of its own
        topic = Topic.objects.filter(slug=slug).first()
        if topic is None:
            if present := Topic.formerly_at(slug):
                raise Moved(cls(present))
            raise Http404
        return cls(topic)


class DelegationScope(Scope):
    page, subscription, relation = "delegation", "delegation_subscription", "parliaments"
    kicker = gettext_lazy("Delegation")

    @classmethod
    def of(cls, slug: str) -> "DelegationScope":  # type: ignore[override]  # of an address of its own
        parliament = Parliament.objects.filter(slug=slug).first()
        if parliament is None:
            raise Moved(cls(get_object_or_404(Parliament, former_slugs__slug=slug)))
        return cls(parliament)

    @property
    def heading(self) -> str:
        return self.subject.label


class PersonScope(Scope):
    page, subscription, relation = "person", "person_subscription", "people"
    kicker = gettext_lazy("Person")

    @classmethod
    def of(cls, public_id: int, slug: str) -> "PersonScope":  # type: ignore[override]  # of an address of its own
        person = get_object_or_404(Person.objects.public().known_as(public_id))
        if (public_id, slug) != (person.public_id, person.slug):
            raise Moved(cls(person))
        return cls(person)

    @property
    def arguments(self) -> dict[str, Any]:
        return {"public_id": self.subject.public_id, "slug": self.subject.slug}
