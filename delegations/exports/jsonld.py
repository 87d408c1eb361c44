"""JSON-LD of the pages of the directory (schema.org: GovernmentOrganization, Person, OrganizationRole)."""

from collections.abc import Callable, Iterable
from datetime import date

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cspa.absolute_urls import cached_reverse

from ..models import AssemblyPost, Body, Delegate, Delegation, Period, Person, PersonName, Representative
from ..models.periods import Certainty

CONTEXT = "https://schema.org"

#: Returns the absolute address of a path of this site.
Absolute = Callable[[str], str]


def directory(delegations: Iterable[Delegation], address: str, absolute: Absolute) -> dict:
    """Return the Assembly with those of ``delegations`` that count in it; ``address`` is that of the directory."""
    parliaments = [delegation.parliament for delegation in delegations if delegation.counted]
    return {
        "@context": CONTEXT,
        **assembly(),
        "url": address,
        "inLanguage": get_language(),
        "member": [
            {**_organization(parliament.name), "@id": url, "url": url}
            for parliament in parliaments
            for url in [absolute(parliament.get_absolute_url())]
        ],
    }


def delegation(delegation: Delegation, absolute: Absolute) -> dict:
    """Return a parliament with its chambers and their members on the day of ``delegation``."""
    parliament = delegation.parliament
    address = absolute(parliament.get_absolute_url())
    country = parliament.country.code
    return filled(
        {
            "@context": CONTEXT,
            "@type": "GovernmentOrganization",
            "@id": address,
            "url": address,
            "name": str(parliament.name),
            "inLanguage": get_language(),
            "address": {"@type": "PostalAddress", "addressCountry": country} if country else None,
            "sameAs": [link.url for link in delegation.links],
            "memberOf": assembly() if delegation.counted else None,
            "subOrganization": [
                filled(
                    {
                        "@type": "GovernmentOrganization",
                        "name": str(part.chamber.name),
                        "sameAs": [link.url for link in part.links],
                        "member": [_membership(row, absolute) for row in _stated(part.delegates, delegation.day)],
                    }
                )
                for part in delegation.chambers
            ],
            "employee": [
                {**_role(row, _("plenipotentiary representative")), "employee": named(row.person, absolute)}
                for row in _stated(delegation.representatives, delegation.day)
            ],
        }
    )


def _stated[M: Delegate | Representative | AssemblyPost](rows: Iterable[M], day: date) -> list[M]:
    """Return those of the rows that count on ``day`` which the record states to hold on it, with a public name."""
    return [row for row in rows if row.certainty(day) == Certainty.HELD and not row.person.withdrawn]


def person(
    person: Person,
    other_names: Iterable[PersonName],
    mandates: Iterable[Delegate],
    services: Iterable[Representative],
    posts: Iterable[AssemblyPost],
    absolute: Absolute,
) -> dict:
    """Return a person with all mandates, services and posts, and their dates in the known precision."""
    roles = [
        {**_role(row, row.get_role_display()), "memberOf": _organization(row.chamber.name, row.chamber.parliament)}
        for row in mandates
    ]
    roles += [
        {**_role(row, _("plenipotentiary representative")), "memberOf": _organization(row.parliament.name)}
        for row in services
    ]
    roles += [{**_role(row, row.title), "memberOf": body_reference(row.body)} for row in posts]
    called = person.called
    alternate = dict.fromkeys(str(bearer.name) for bearer in (person, *other_names) if bearer is not called)
    wikidata = [row.identifier for row in person.identifiers.all() if row.scheme == "wikidata"]
    return filled(
        {
            "@context": CONTEXT,
            "@type": "Person",
            **named(person, absolute),
            "alternateName": [name for name in alternate if name != called.name],
            "familyName": str(called.family_name),
            "givenName": str(called.given_name),
            "additionalName": str(called.patronymic),
            "sameAs": [f"https://www.wikidata.org/wiki/{identifier}" for identifier in wikidata],
            "memberOf": roles,
        }
    )


def body(
    body: Body | None, posts: Iterable[AssemblyPost], day: date, absolute: Absolute, parts: Iterable[Body] = ()
) -> dict:
    """Return a body (None: the Assembly) with those who, by the record, belong to it on ``day``, and its ``parts``."""
    about = body_reference(body) if body else {**assembly(), "url": absolute(cached_reverse("assembly:assembly"))}
    if body:
        about |= {"@id": absolute(body.get_absolute_url()), "url": absolute(body.get_absolute_url())}
    return filled(
        {
            "@context": CONTEXT,
            **about,
            "inLanguage": get_language(),
            "description": str(body.description) if body else "",
            "telephone": body.telephone if body else "",
            "email": body.email if body else "",
            "address": str(body.address) if body else "",
            "subOrganization": [
                {"@type": "GovernmentOrganization", "name": str(part.name), "url": absolute(part.get_absolute_url())}
                for part in parts
            ],
            "member": [
                {**_role(row, row.title), "member": named(row.person, absolute)} for row in _stated(posts, day)
            ],
        }
    )


def named(person: Person, absolute: Absolute) -> dict:
    """Return ``person`` as a reference within another record."""
    address = absolute(person.get_absolute_url())
    return {"@type": "Person", "@id": address, "url": address, "name": str(person.called.name)}


def _membership(row: Delegate, absolute: Absolute) -> dict:
    return {**_role(row, row.get_role_display()), "member": named(row.person, absolute)}


def _role(row: Period, name: str) -> dict:
    """Return the function with its dates. ``endDate`` is the last day in office where the end is exact."""
    end = row.last_day.isoformat() if row.last_day else str(row.ends or "")
    # schema.org has no word for a day by which an office was held.
    start = row.starts.iso if row.starts and row.starts.quality != "by" else ""
    return filled({"@type": "OrganizationRole", "roleName": name, "startDate": start, "endDate": end})


def _organization(name: str, parent=None) -> dict:
    parent = {"parentOrganization": _organization(parent.name)} if parent else {}
    return {"@type": "GovernmentOrganization", "name": str(name), **parent}


def body_reference(body: Body) -> dict:
    """Return the Assembly, or a body of it, as a reference within another record."""
    if body.kind == Body.Kind.ASSEMBLY:
        return assembly()
    return {"@type": "GovernmentOrganization", "name": str(body.name), "parentOrganization": assembly()}


def assembly() -> dict:
    """Return the Assembly as a reference within another record."""
    return {"@type": "GovernmentOrganization", "name": _("CSTO Parliamentary Assembly")}


def filled(data: dict) -> dict:
    """Return ``data`` without empty values."""
    return {key: value for key, value in data.items() if value not in ("", None, [])}
