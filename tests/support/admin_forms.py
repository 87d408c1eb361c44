"""Admin forms, submitted with the values that a browser would send."""

from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from . import factories
from .markup import parsed, text

# Each model that has pages of its own, with a function that makes a number of rows.
MODELS = {
    "delegations_parliament": lambda n: [factories.ParticipationFactory() for _ in range(n)],
    "delegations_chamber": lambda n: [factories.SeatQuotaFactory() for _ in range(n)],
    "delegations_person": factories.PersonFactory.create_batch,
    "delegations_personname": factories.PersonNameFactory.create_batch,
    "delegations_delegate": factories.DelegateFactory.create_batch,
    "delegations_representative": factories.RepresentativeFactory.create_batch,
    "delegations_body": factories.BodyFactory.create_batch,
    "delegations_assemblypost": factories.AssemblyPostFactory.create_batch,
    "delegations_seatquota": factories.SeatQuotaFactory.create_batch,
    "delegations_participation": factories.ParticipationFactory.create_batch,
    "delegations_confirmation": factories.ConfirmationFactory.create_batch,
    "delegations_confirmationrequest": factories.ConfirmationRequestFactory.create_batch,
    "delegations_proposal": factories.ProposalFactory.create_batch,
    "delegations_observation": factories.ObservationFactory.create_batch,
    "delegations_fileimport": factories.FileImportFactory.create_batch,
    "delegations_link": lambda n: [
        factories.LinkFactory(chamber=factories.ChamberFactory() if number % 2 else None) for number in range(n)
    ],
    "delegations_source": factories.SourceFactory.create_batch,
    "news_article": factories.ArticleFactory.create_batch,
    "news_legacyaddress": factories.LegacyAddressFactory.create_batch,
    "news_picture": factories.PictureFactory.create_batch,
    "news_topic": factories.TopicFactory.create_batch,
    "links_address": factories.AddressFactory.create_batch,
    "cspa_user": factories.UserFactory.create_batch,
    "auth_group": lambda n: [Group.objects.create(name=f"group {number}") for number in range(n)],
}


def page(name: str, *args) -> str:
    return reverse(f"admin:{name}", args=args)


def filled_in(client: Client, address: str) -> dict:
    """The POST data of the form at ``address``, as a browser would send it unchanged."""
    return form_data(client.get(address))


def form_data(response: HttpResponse) -> dict:
    """The POST data of the form on the page, as a browser would send it unchanged."""
    assert response.status_code == 200
    form = next(form for form in parsed(response).iter("form") if form.get("id", "").endswith("_form"))
    data: dict = {}
    for field in form.iter():
        name, kind = field.get("name"), field.get("type")
        if (
            field.tag not in {"input", "select", "textarea"}
            or not name
            or "__prefix__" in name
            or kind in {"submit", "file"}
        ):
            continue
        if field.tag == "select":
            chosen = [option.get("value") for option in field.iter("option") if option.get("selected") is not None]
            if not chosen and field.get("multiple") is None:
                chosen = [option.get("value") for option in field.iter("option")][:1]
            data[name] = chosen if field.get("multiple") is not None else (chosen or [""])[0]
        elif kind not in {"checkbox", "radio"} or field.get("checked") is not None:
            missing = "on" if kind == "checkbox" else ""
            value = (field.text or "").lstrip("\n") if field.tag == "textarea" else field.get("value", missing)
            # A browser sends all checked boxes of one name.
            data[name] = [*data[name], value] if isinstance(data.get(name), list) else value
            if kind == "checkbox" and name in ("groups", "permissions", "user_permissions", "rows"):
                data[name] = data[name] if isinstance(data[name], list) else [value]
    return data


def save(client: Client, address: str, data: dict) -> HttpResponse:
    """Submit the form at ``address``. If it responds with warnings, confirm them and submit it again."""
    response = client.post(address, data)
    context = response.context or {}
    forms = [context["adminform"].form] if "adminform" in context else []
    forms += [form for inline in context.get("inline_admin_formsets", ()) for form in inline.formset.forms]
    asked = {form.confirmation_token_name: form.confirmation_token for form in forms if form.pending_warnings}
    return client.post(address, data | asked) if asked else response


def words(response) -> str:
    """The text of a page, with single spaces."""
    return text(response)


def article_form(client: Client, **changes) -> dict:
    return filled_in(client, page("news_article_add")) | {
        "language": "en",
        "title": "Council meets in Yerevan",
        "summary": "The Council met.",
        "body": "<p>The Council met in Yerevan.</p>",
        **changes,
    }
