"""Import of saved pages of the Assembly's former site: a block of delegations, then one article.

The article consists of its title, its date as "26 May 2020" or "26 мая 2020", the title again, and one paragraph per
line. The month tells the language of the article.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from html import escape

from django.utils import timezone
from django.utils.translation import gettext as _
from slugify import slugify

from cspa import audit
from cspa.i18n import single_line
from cspa.models import ChangeSet
from cspa.richtext import MAX_LENGTH
from delegations.importer import ImportRefusedError, Report
from delegations.importer.readers.files import check_size, text_of
from delegations.importer.row_diff import Action
from delegations.legacy_pages.editions import EDITIONS
from delegations.legacy_pages.facts import import_block
from delegations.legacy_pages.parser import PageLine

from .models import EARLIEST, LATEST, Article

KIND = "articles"


@dataclass(frozen=True)
class Page:
    """A parsed page."""

    block: list[PageLine]
    # Line number of the title.
    line: int
    language: str
    title: str
    date: date
    paragraphs: list[str]

    @property
    def label(self) -> str:
        return f"{self.date:%Y-%m-%d} {self.title}"

    @property
    def body(self) -> str:
        """The unchanged paragraphs as HTML."""
        return "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in self.paragraphs)


def read(data: bytes) -> Page:
    """Parse a saved page. Raises ImportRefusedError if ``data`` is none."""
    check_size(len(data))
    text = text_of(data)
    if "\0" in text:
        raise ImportRefusedError(_("The file holds characters that no text has."))
    lines = [(number, line.strip()) for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1) if line.strip()]
    for place in range(1, len(lines) - 2):
        before, dated, after = lines[place - 1][1], lines[place][1], lines[place + 1][1]
        found = _date(single_line(dated))
        if found and single_line(before) == single_line(after):
            break
    else:
        raise ImportRefusedError(
            _("This is no page of the Assembly's site: there is no title, date (26 May 2020), title again and text.")
        )
    block = lines[: place - 1]
    if not any(edition.delegation.fullmatch(single_line(text)) for edition in EDITIONS for _number, text in block):
        raise ImportRefusedError(
            _("This is no page of the Assembly's site: no line before the article tells of a delegation to it.")
        )
    language, day = found
    page = Page(
        block=block,
        line=lines[place - 1][0],
        language=language,
        title=single_line(before),
        date=_day(day, single_line(dated), lines[place][0]),
        paragraphs=[text for _number, text in lines[place + 2 :]],
    )
    if len(page.title) > Article._meta.get_field("title").max_length or len(page.body) > MAX_LENGTH:
        raise ImportRefusedError(_("The title or the text of the article is too long."))
    return page


def _date(text: str) -> tuple[str, tuple[int, int, int]] | None:
    """Return the language and the year, month and day of a date; None if ``text`` is none."""
    dates = ((edition.language, edition.date(text)) for edition in EDITIONS)
    return next(((language, day) for language, day in dates if day), None)


def _day(numbers: tuple[int, int, int], text: str, line: int) -> date:
    try:
        found = date(*numbers)
    except ValueError:
        found = None
    if found is None or not EARLIEST.date() <= found <= LATEST.date():
        raise ImportRefusedError(_("Line %(line)d: there is no such day: %(text)s") % {"line": line, "text": text})
    return found


class PageReport(Report):
    """Report on the delegations and the article of a page."""

    kinds = {**Report.kinds, KIND: Article}
    # As it is on record after the import.
    article: Article | None = None

    @classmethod
    def of_delegations(cls, report: Report) -> "PageReport":
        return cls(
            **vars(report) | {"counts": {action: {**kinds, KIND: 0} for action, kinds in report.counts.items()}}
        )


def import_page(
    data: bytes, as_of: date | None = None, update: bool = False, state: Article.State = Article.State.PUBLISHED
) -> PageReport:
    """Import a saved page that was seen on ``as_of`` (None: unknown): the block of delegations, and the article.

    A new article gets ``state``. If the article on record differs, the report warns, or ``update`` replaces the text.
    A page with conflicts is not saved at all. Raises ImportRefusedError if the file is no such page.
    """
    page = read(data)
    with audit.record_changes(ChangeSet.Kind.IMPORT):
        report = PageReport.of_delegations(import_block(page.block, as_of))
        if not report.conflicts:
            _import_article(page, report, update, state)
    return report


def _import_article(page: Page, report: PageReport, update: bool, state: Article.State) -> None:
    """Add or compare the article. Language, date and title identify it."""
    known = Article.objects.filter(language=page.language, date=page.date)
    article = next((row for row in known if single_line(row.title) == page.title), None)
    if article is None:
        midnight = timezone.make_aware(datetime.combine(page.date, time()))
        article = Article(
            language=page.language,
            title=page.title,
            slug=_free_slug(page, {row.slug for row in known}),
            body=page.body,
            published_at=midnight,
            state=state.value,
        )
        article.save()
        report.article = article
        report.count(Action.ADDED, KIND, page.line, page.label)
        return
    report.article = article
    if article.state not in (state, Article.State.PUBLISHED):
        report.warn(
            page.line,
            _("On record the article is not published: %(state)s") % {"state": article.get_state_display()},
            KIND,
        )
    article_as_read = Article(title=page.title, body=page.body, published_at=article.published_at)
    article_as_read.derive()
    if article.body == article_as_read.body:
        report.count(Action.UNCHANGED, KIND, page.line, page.label)
    elif update:
        article.body = page.body
        article.save()
        report.count(Action.CHANGED, KIND, page.line, page.label, [_("the text was replaced")])
    else:
        report.count(Action.UNCHANGED, KIND, page.line, page.label)
        report.warn(
            page.line,
            _("On record the article has another text, which stays (--update replaces it): %(title)s")
            % {"title": page.title},
            KIND,
        )


def _free_slug(page: Page, taken: set[str]) -> str:
    """Return the title as a slug, with a number if another article of the day has the same slug."""
    slug = slugify(page.title, max_length=100, word_boundary=True) or "article"
    numbered = (f"{slug}-{number}" for number in range(2, len(taken) + 3))
    return next(free for free in [slug, *numbered] if free not in taken)
