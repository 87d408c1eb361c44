"""Former addresses of the API, which redirect to the present ones."""

from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect

from ..models import SluggedModel


def moved(request: HttpRequest, former: str, present: str) -> HttpResponsePermanentRedirect:
    """Redirect to the address of the request with ``present`` in the place of ``former``, its last part."""
    query = request.GET.urlencode()
    path = request.path.removesuffix(f"{former}/") + f"{present}/"
    return HttpResponsePermanentRedirect(f"{path}?{query}" if query else path)


def moved_row(request: HttpRequest, model: type[SluggedModel], slug: str) -> HttpResponsePermanentRedirect:
    """Redirect to the row of ``model`` that gave ``slug`` up. Raise Http404 where there is none."""
    row = model.formerly_at(slug)
    if row is None:
        raise Http404
    return moved(request, slug, row.address_value())
