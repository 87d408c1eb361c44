"""Admin forms, submitted with the values that a browser would send."""

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from .markup import parsed, text


def page(name: str, *args) -> str:
    return reverse(f"admin:{name}", args=args)


def filled_in(client: Client, address: str) -> dict:
    """The POST data of the form at ``address``, as a browser would send it unchanged."""
    response = client.get(address)
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
            if kind == "checkbox" and name in ("groups", "permissions", "user_permissions"):
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
