"""Search for offices and bodies: who holds on a day what a text names, as in "Chair" or "chair defence commission".

The names of offices are computed, so they are compared in Python: bodies and parliaments are few.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property, partial

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from cspa.i18n import language_codes, translated_columns
from cspa.search.stems import Query, stems

from .models import AssemblyPost, Body, Delegate, Parliament, Person, Representative
from .models.people import PersonQuerySet

# Letters of the shortest word that can name an office by itself; shorter ones are such as "of" and "the".
SHORTEST_WORD = 4


class OfficeSearch:
    """What ``text`` names: bodies, and offices with their holders on a day. Compared in all languages."""

    def __init__(self, text: str):
        self._queries = {code: Query.of(text, code) for code in language_codes()}

    @cached_property
    def _all_bodies(self) -> list[Body]:
        return list(Body.objects.in_protocol_order())

    def bodies(self) -> list[Body]:
        """Bodies whose names contain each word of the text."""
        return [body for body in self._all_bodies if self._contains(" ".join(_names(body)))]

    def holders(self, day: date) -> PersonQuerySet:
        """The public people who hold on ``day`` an office that the text names."""
        posts, mandates, services = [], [], []
        for body in self._all_bodies:
            for role in AssemblyPost.Role:
                if self._means(partial(_words, AssemblyPost(body=body, role=role)), _names(body)):
                    posts.append(Q(body=body, role=role))
        for parliament in Parliament.objects.all():
            names = _names(parliament)
            for head in (Delegate.Role.HEAD, Delegate.Role.DEPUTY_HEAD):
                if self._means(Delegate(role=head).get_role_display, names):
                    mandates.append(Q(chamber__parliament=parliament, role=head))
            if self._means(lambda: _("plenipotentiary representative"), names):
                services.append(Q(parliament=parliament))
        held = [
            Exists(model.objects.on(day).filter(Q(*conditions, _connector=Q.OR), person=OuterRef("pk")))
            for model, conditions in ((AssemblyPost, posts), (Delegate, mandates), (Representative, services))
            if conditions
        ]
        people = Person.objects.public()
        return people.filter(Q(*held, _connector=Q.OR)).in_order() if held else people.none()

    def _contains(self, names: str) -> bool:
        return any(query.score(names) == 1 for query in self._queries.values())

    def _means(self, office: Callable[[], object], names: Iterable[str]) -> bool:
        """Whether the text names the ``office`` of what has ``names``: all words are known, and one is of the office.

        Without the second condition the name of a commission would find all of its members.
        """
        for code, query in self._queries.items():
            with override(code):
                title = str(office())
            own = {stem for word in title.split() if len(word) >= SHORTEST_WORD for stem in stems(word, code)}
            if query.score(" ".join([title, *names])) == 1 and not own.isdisjoint(query.required_stems):
                return True
        return False


def _words(post: AssemblyPost) -> str:
    return f"{post.get_role_display()} {post.written_title}"


def _names(row: Body | Parliament) -> list[str]:
    columns = [*translated_columns("name"), "also_known_as"]
    columns += translated_columns("short_name") if isinstance(row, Parliament) else []
    return [text for column in columns if (text := getattr(row, column))]
