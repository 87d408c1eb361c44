"""Quotations as a page shows them: the words with who said them, and as what."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cspa.richtext import rendered

from .models import Article, Quotation


def body(article: Article) -> SafeString:
    """The text of ``article`` for a page, each speaker linked to a page where there is one."""
    return rendered(article.body, [caption(quotation) for quotation in article.quotations.all()])


def caption(quotation: Quotation) -> SafeString:
    """Who said it, as what, and in which language, where that is not the article's."""
    person = quotation.person
    if person and person.withdrawn:
        who = format_html("{}", person.public_name)
    elif person:
        who = format_html('<a href="{}">{}</a>', person.get_absolute_url(), quotation.speaker)
    else:
        who = format_html("{}", quotation.speaker)
    if quotation.function:
        who = format_html("{}, {}", who, quotation.function)
    if quotation.original_language and quotation.original_language != quotation.article.language:
        language = quotation.get_original_language_display()
        note = _("translated from: %(language)s") % {"language": language}
        who = format_html('{} <span class="note">({})</span>', who, note)
    return who
