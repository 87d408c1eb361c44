"""Articles that translate each other become one story."""

import csv
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cspa import audit
from cspa.models import ChangeSet
from delegations.importer import ImportRefusedError, Report
from delegations.importer.readers.files import check_size, text_of
from delegations.importer.records import Note
from delegations.importer.row_diff import Action

from ..legacy_addresses import article_place, articles_at
from ..models import Article, LegacyAddress
from ..models.legacy_addresses import legacy_address, own_address

KIND = "articles"


class JoinReport(Report):
    kinds = {KIND: Article}  # type: ignore[dict-item]  # a kind that no directory has


def join(articles: Iterable[Article]) -> bool:
    """Make the stories of ``articles`` one, that of the first; return whether that changes any.

    Raises ImportRefusedError if two of them are in one language.
    """
    first, *others = articles
    is_changed = False
    for other in others:
        if other.story_id == first.story_id:
            continue
        for article in Article.objects.filter(story=other.story_id):
            if Article.objects.filter(story=first.story_id, language=article.language).exists():
                message = _("The story has an article in this language already: %(title)s")
                raise ImportRefusedError(message % {"title": article.title})
            article.story = first.story
            article.save(update_fields=["story"])
            is_changed = True
        other.story = first.story
    return is_changed


def join_table(data: bytes, *, dry_run: bool = False) -> JoinReport:
    """Join the articles of each row of a table, all or nothing.

    The headings are languages, the cells addresses of articles, on this site or the former one. Raises
    ImportRefusedError if ``data`` is no such table.
    """
    report = JoinReport.empty()
    with audit.record_changes(ChangeSet.Kind.IMPORT):
        for line, cells in _rows(data):
            try:
                articles = [_article(language, text) for language, text in cells.items() if text]
                action = Action.CHANGED if articles and join(articles) else Action.UNCHANGED
                if articles:
                    report.count(action, KIND, line, str(articles[0]))
            except (ValidationError, ImportRefusedError) as error:
                message = error.messages[0] if isinstance(error, ValidationError) else str(error)
                report.conflicts.append(Note(line, message, KIND))
        report.saved = not (report.conflicts or dry_run)
        if not report.saved:
            transaction.set_rollback(True)
    return report


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    check_size(len(data))
    lines = text_of(data).splitlines()
    table = csv.reader(lines, delimiter=max(",;\t", key=lines[0].count))
    languages = [name.strip().casefold() for name in next(table)]
    known = [code for code, _name in settings.LANGUAGES]
    if len(languages) < 2 or len(set(languages)) < len(languages) or not set(languages) <= set(known):
        message = _("The headings of the table are languages: %(names)s.")
        raise ImportRefusedError(message % {"names": ", ".join(known)})
    try:
        for cells in table:
            yield table.line_num, dict(zip(languages, map(str.strip, cells), strict=False))
    except csv.Error as error:
        raise ImportRefusedError(_("Line %(line)d is no line of a table.") % {"line": table.line_num}) from error


def _article(language: str, text: str) -> Article:
    """Return the article in ``language`` at an address. Raises ValidationError if there is none."""
    try:
        key = LegacyAddress.objects.filter(address=legacy_address(text)).values_list("article", flat=True).first()
    except ValidationError as error:
        if getattr(error, "code", "") != "own_address":
            raise
        place = article_place(own_address(text))
        key = articles_at({place}).get(place) if place else None
    article = Article.objects.filter(pk=key or 0, language=language).select_related("story").first()
    if article is None:
        message = _("There is no article in this language (%(language)s) at this address: %(address)s")
        raise ValidationError(message, params={"language": language, "address": text[:500]})
    return article
