"""What a list of news and its feeds may be narrowed to: nothing, a topic, a delegation, a person."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from cspa.feeds import FORMATS
from delegations.models import Parliament, Person

from .models import Article, ArticleQuerySet, Topic


class Moved(Exception):  # noqa: N818  reads as what happened
    """The subject has another address now."""

    def __init__(self, scope: "Scope"):
        self.scope = scope


@dataclass(frozen=True)
class Scope:
    """All news; subclasses narrow it to a subject, which the address names."""

    subject: Any = None

    name = "feed"  # of the address of the list
    subscription = "subscription"  # of the addresses of its feeds

    @classmethod
    def of(cls) -> "Scope":
        """The scope that an address names; 404 where it names nothing, Moved where it is a former address."""
        return cls()

    @property
    def kicker(self) -> str:
        return ""

    @property
    def heading(self) -> str:
        return _("News")

    def stories(self) -> ArticleQuerySet:
        """Its published articles in every language."""
        return Article.objects.published()

    def arguments(self) -> dict[str, Any]:
        """What the addresses of the list and its feeds are made of."""
        return {}

    @property
    def url(self) -> str:
        return reverse(f"news:{self.name}", kwargs=self.arguments())

    def feed_url(self, ending: str) -> str:
        return reverse(f"news:{self.subscription}", kwargs={**self.arguments(), "ending": ending})

    @property
    def feeds(self) -> list[tuple[str, str, str]]:
        """Name, address and media type of each feed."""
        return [(feed.title, self.feed_url(ending), feed.media_type) for ending, feed in FORMATS.items()]


class TopicScope(Scope):
    """The news filed under a topic."""

    name, subscription = "topic", "topic_subscription"

    @classmethod
    def of(cls, slug: str) -> "TopicScope":
        return cls(get_object_or_404(Topic, slug=slug))

    @property
    def kicker(self) -> str:
        return _("Topic")

    @property
    def heading(self) -> str:
        return self.subject.name

    def stories(self) -> ArticleQuerySet:
        return super().stories().filter(topics=self.subject)

    def arguments(self) -> dict[str, Any]:
        return {"slug": self.subject.slug}


class DelegationScope(Scope):
    """The news about a parliament."""

    name, subscription = "delegation", "delegation_subscription"

    @classmethod
    def of(cls, slug: str) -> "DelegationScope":
        parliament = Parliament.objects.filter(slug=slug).first()
        if parliament is None:
            raise Moved(cls(get_object_or_404(Parliament, former_slugs__slug=slug)))
        return cls(parliament)

    @property
    def kicker(self) -> str:
        return _("Delegation")

    @property
    def heading(self) -> str:
        return self.subject.label

    def stories(self) -> ArticleQuerySet:
        return super().stories().filter(parliaments=self.subject)

    def arguments(self) -> dict[str, Any]:
        return {"slug": self.subject.slug}


class PersonScope(Scope):
    """The news that names a person."""

    name, subscription = "person", "person_subscription"

    @classmethod
    def of(cls, public_id: int, slug: str) -> "PersonScope":
        named = Q(public_id=public_id) | Q(former_ids__public_id=public_id)
        person = Person.objects.public().filter(named).distinct().first()
        if person is None:
            raise Http404
        if (public_id, slug) != (person.public_id, person.slug):
            raise Moved(cls(person))
        return cls(person)

    @property
    def kicker(self) -> str:
        return _("Person")

    @property
    def heading(self) -> str:
        return self.subject.name

    def stories(self) -> ArticleQuerySet:
        return super().stories().filter(people=self.subject)

    def arguments(self) -> dict[str, Any]:
        return {"public_id": self.subject.public_id, "slug": self.subject.slug}
