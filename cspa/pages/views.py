"""Views of no single app: home page, static pages, error pages, robots.txt, security.txt and uploads."""

import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.template.loader import select_template
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date
from django.utils.translation import get_language, get_language_from_request, override
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from delegations.dates import today
from delegations.models import Chamber, delegations_on, totals_of
from news.models import Article, LegacyAddress
from news.models.legacy_addresses import NUMBERS_OF_PAGES

from ..absolute_urls import InvalidParameter, absolute_url, base_url, cached_reverse
from ..api.middleware import DOCUMENTATION, PREFIX
from ..cache.versions import DATABASE_ERRORS
from ..i18n import language_codes
from ..pagination import POSITIONS

# The parameter of a section of the sitemap, in Django's view.
SITEMAP_PAGE = "p"
LATEST_ARTICLES = 5
# Seconds for which a browser may follow a redirect of the former site without asking again.
REDIRECT_SECONDS = 86400
# Seconds in the Retry-After header.
RETRY_AFTER_SECONDS = 5
# Names of form fields that hold a secret, or a value that the user has not typed.
_NOT_TYPED = re.compile("^_|token|password|secret|_FORMS$|^(code|note|next|action)$|(^|-)(seen|asked|id)$")


def root(request: HttpRequest, page: str = "home") -> HttpResponse:
    """Redirect to the home page, or to ``page``, in the language that the browser prefers.

    The former site may have had its pages at "/" as well, by their numbers.
    """
    if NUMBERS_OF_PAGES & request.GET.keys() and (response := legacy_redirect(request)):
        return response
    with override(get_language_from_request(request)):
        response = HttpResponseRedirect(reverse(page))
    patch_vary_headers(response, ["Accept-Language"])
    return response


class HomeView(TemplateView):
    template_name = "home.html"

    def get_context_data(self, **kwargs):
        language = get_language()
        other = next(code for code in language_codes() if code != language)
        articles = Article.objects.published()
        return super().get_context_data(
            latest=articles.in_language().for_list()[:LATEST_ARTICLES],
            elsewhere=articles.number_elsewhere(language),
            elsewhere_url=cached_reverse("news:feed", language=other),
            totals=totals_of(delegations_on(today(), figures_only=True)),
            **kwargs,
        )


class StyleGuideView(TemplateView):
    template_name = "styleguide.html"
    # The seat diagram of the example, with every shape.
    extra_context: ClassVar = {"seats": [*((kind, 3, 7) for kind in Chamber.Kind), ("", 1, 3)]}


class StaticPageView(TemplateView):
    """Static page, whose text is a template for each language."""

    template_name = "standing.html"
    page = ""
    title = ""

    def get_context_data(self, **kwargs):
        languages = dict.fromkeys([get_language(), *language_codes()])
        text = select_template([f"pages/{code}/{self.page}.html" for code in languages]).template.name
        return super().get_context_data(text=text, text_language=text.split("/")[1], title=self.title, **kwargs)


STATIC_PAGES = {
    "about": _("About the Assembly"),
    "contact": _("Contact"),
    "privacy": _("Privacy"),
    "accessibility": _("Accessibility"),
}


def error_page(status: int):
    """View of an error page in the design of the site, without queries."""

    def view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        message = str(exception) if isinstance(exception, InvalidParameter) else ""
        return render(request, f"{status}.html", {"is_error": True, "words": message}, status=status)

    return view


bad_request, forbidden, missing, internal_error = map(error_page, (400, 403, 404, 500))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, or a redirect from an address of the former site, of which none is at a view of this one."""
    redirect = legacy_redirect(request) if request.resolver_match is None else None
    return redirect or missing(request, exception)


def legacy_redirect(request: HttpRequest) -> HttpResponse | None:
    if request.method not in ("GET", "HEAD"):
        return None
    query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace").decode(errors="replace")
    target = LegacyAddress.objects.target(request.path_info, query)
    if target is None:
        return None
    response = HttpResponsePermanentRedirect(target)
    # Without a bound, a browser keeps a target that the office has corrected since.
    response["Cache-Control"] = f"public, max-age={REDIRECT_SECONDS}"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 if the database is down or overloaded, or if the storage of files is down."""
    is_down = isinstance(sys.exception(), (*DATABASE_ERRORS, ConnectionError))
    return unavailable(request) if is_down else internal_error(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 for an outage of the database or the storage. The page returns the text of a form, so that none is lost."""
    # Do not show text that another site has sent as if the user had typed it here.
    is_own_form = request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "same-origin"
    context = {
        "is_error": True,
        "typed": list(_typed_fields(request)) if is_own_form else [],
        # As SQLite and PostgreSQL say of another writer.
        "is_locked": bool(re.search(" is locked| lock timeout", str(sys.exception()))),
    }
    response = render(request, "503.html", context, status=503)
    response["Retry-After"] = RETRY_AFTER_SECONDS
    response["Cache-Control"] = "no-store"
    return response


def refused(request: HttpRequest, status: int) -> HttpResponse:
    """Page of a request that the server does not handle: 400, 408, 413, or 503 if too many requests wait."""
    response = unavailable(request) if status == HTTPStatus.SERVICE_UNAVAILABLE else error_page(status)(request)
    response["Cache-Control"] = "no-store"
    return response


def _typed_fields(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Names and values of the form that the user has typed, without secrets and hidden fields."""
    for name, values in request.POST.lists():
        if not _NOT_TYPED.search(name):
            yield from ((name, value) for value in values if len(value) > 1 and not value.isdecimal())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without a valid CSRF token."""
    return forbidden(request)


def robots(request: HttpRequest) -> HttpResponse:
    """robots.txt (RFC 9309): the public site without days, filters, searches and exports, of which there is no end.

    An address with a parameter that no view declares, such as utm_source, is allowed: its page has a canonical link.
    """
    private = ["/admin/", *(f"/{code}/confirm/" for code in language_codes())]
    filters = set(_declared_parameters(get_resolver().url_patterns)) - {*POSITIONS, SITEMAP_PAGE}
    endless = [f"/*{mark}{name}=" for name in sorted(filters) for mark in "?&"]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in [*private, f"{PREFIX}*?", *endless])]
    # The longest rule that matches applies.
    lines.append(f"Allow: {DOCUMENTATION}?language=")
    lines.append(f"Sitemap: {absolute_url(request, reverse('sitemap'))}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _declared_parameters(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    """The query parameters of all public pages."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _declared_parameters(pattern.url_patterns)
        else:
            yield from getattr(pattern.callback, "cache_parameters", ())


def security(request: HttpRequest) -> HttpResponse:
    """security.txt (RFC 9116)."""
    expires = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=180)
    with override(settings.LANGUAGE_CODE):
        contact = absolute_url(request, reverse("contact"))
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(language_codes())}",
        f"Canonical: {base_url(request)}{request.path}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def media(request: HttpRequest, path: str) -> HttpResponse:
    """Uploaded file, for deployments without a proxy that serves uploads; 503 if the storage is down."""
    try:
        file = default_storage.open(path)
        changed = default_storage.get_modified_time(path)
    except ConnectionError:
        return unavailable(request)
    # The storage rejects the name, or has no such file.
    except (OSError, ValueError, SuspiciousOperation) as error:
        raise Http404 from error
    response = FileResponse(file)
    response["Content-Length"] = file.size
    response["Last-Modified"] = http_date(changed.timestamp())
    response["Cache-Control"] = "public, max-age=3600"
    # Readers of feeds show pictures on pages of their own.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
