"""Pages of no single app: home, the standing pages, errors, and what machines ask for."""

import re
import sys
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import select_template
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date
from django.utils.translation import get_language, get_language_from_request, override
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from delegations.dates import today
from delegations.models import Seats, delegations_on
from news.models import Article

from ..absolute_urls import Unreadable, absolute, origin
from ..api.middleware import DOCUMENT, DOCUMENTATION, PREFIX
from ..cache.versions import DATABASE_ERRORS
from ..i18n import language_codes

LATEST = 5
RETRY = 5  # seconds
# Secrets, and what the page itself put into the form.
_NOT_TYPED = re.compile("^_|token|password|secret|_FORMS$|^(code|note|next|action)$|(^|-)(seen|asked|id)$")


def root(request: HttpRequest, page: str = "home") -> HttpResponse:
    """To the home page, or another one, in the reader's language, as the browser asks for it."""
    with override(get_language_from_request(request)):
        response = HttpResponseRedirect(reverse(page))
    patch_vary_headers(response, ["Accept-Language"])
    return response


class HomeView(TemplateView):
    """The latest news and the delegations at a glance."""

    template_name = "home.html"

    def get_context_data(self, **kwargs):
        language = get_language()
        with override(next(code for code in language_codes() if code != language)):
            elsewhere_url = reverse("news:feed")
        articles = Article.objects.published()
        delegations = delegations_on(today(), figures_only=True)
        return super().get_context_data(
            latest=articles.in_language().for_list()[:LATEST],
            elsewhere=articles.number_elsewhere(language),
            elsewhere_url=elsewhere_url,
            delegations=delegations,
            totals=Seats.sum(delegation.figures for delegation in delegations),
            **kwargs,
        )


class DataView(TemplateView):
    """What there is as data, and how to take it."""

    template_name = "data.html"

    def get_context_data(self, **kwargs):
        examples = [
            (_("The delegations with their seats, on a day:"), f"{PREFIX}delegations/?on=2020-05-26"),
            (_("Who sits for one parliament today:"), f"{PREFIX}delegates/?delegation=belarus"),
            (_("People by name, in any alphabet:"), f"{PREFIX}people/?q=kogut"),
            (_("The whole directory as Popolo:"), reverse("data:popolo")),
            (_("The latest ten articles in Russian:"), f"{PREFIX}articles/?language=ru&limit=10"),
        ]
        return super().get_context_data(
            origin=origin(self.request), examples=examples, documentation=DOCUMENTATION, document=DOCUMENT, **kwargs
        )


class StandingView(TemplateView):
    """A page that changes with the project's code; its text is a template per language."""

    template_name = "standing.html"
    page = ""
    title = ""

    def get_context_data(self, **kwargs):
        languages = dict.fromkeys([get_language(), *language_codes()])
        text = select_template([f"pages/{code}/{self.page}.html" for code in languages]).template.name
        return super().get_context_data(text=text, text_language=text.split("/")[1], title=self.title, **kwargs)


STANDING = {
    "about": _("About the Assembly"),
    "contact": _("Contact"),
    "privacy": _("Privacy"),
    "accessibility": _("Accessibility"),
}


def error_page(status: int):
    """A view for an error: the site's own dress, nothing from the database."""

    def view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        words = str(exception) if isinstance(exception, Unreadable) else ""
        return render(request, f"{status}.html", {"is_error": True, "words": words}, status=status)

    return view


bad_request, forbidden, not_found, broken = map(error_page, (400, 403, 404, 500))


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 where the database is down or too busy, or the files are down."""
    is_down = isinstance(sys.exception(), (*DATABASE_ERRORS, ConnectionError))
    return unavailable(request) if is_down else broken(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database is down, or the files are. Who sent a text from a page of this site gets it back."""
    # What another site sent is not shown as if somebody had typed it here.
    own = request.headers.get("Sec-Fetch-Site") == "same-origin"
    context = {"is_error": True, "typed": list(_typed(request)) if own and request.method == "POST" else []}
    response = render(request, "503.html", context, status=503)
    response["Retry-After"] = RETRY
    response["Cache-Control"] = "no-store"
    return response


def _typed(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Name and value of what somebody typed into a form; no secrets, and nothing that the page itself put there."""
    for name, values in request.POST.lists():
        if not _NOT_TYPED.search(name):
            yield from ((name, value) for value in values if len(value) > 1 and not value.isdecimal())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came without its token."""
    return forbidden(request)


def robots(request: HttpRequest) -> HttpResponse:
    """robots.txt (RFC 9309)."""
    private = ["/admin/", *(f"/{code}/confirm/" for code in language_codes())]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in private)]
    lines.append(f"Sitemap: {absolute(request, reverse('sitemap'))}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def security(request: HttpRequest) -> HttpResponse:
    """security.txt (RFC 9116)."""
    expires = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=180)
    with override(settings.LANGUAGE_CODE):
        contact = absolute(request, reverse("contact"))
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(language_codes())}",
        f"Canonical: {origin(request)}{request.path}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def media(request: HttpRequest, path: str) -> HttpResponse:
    """An uploaded file, where no proxy in front serves it; 503 where the storage is down."""
    try:
        file = default_storage.open(path)
        changed = default_storage.get_modified_time(path)
    except ConnectionError:
        return unavailable(request)
    except (OSError, ValueError, SuspiciousOperation) as error:  # a name that no storage takes
        raise Http404 from error
    response = FileResponse(file)
    response["Content-Length"] = file.size
    response["Last-Modified"] = http_date(changed.timestamp())
    response["Cache-Control"] = "public, max-age=3600"
    return response
