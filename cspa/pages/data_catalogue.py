"""What `/data/` offers, described for catalogues of data: in the terms of DCAT-AP, and of schema.org."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, gettext, gettext_noop, override

from delegations.dates import FOUNDED
from delegations.tables import TABLES as OF_THE_DIRECTORY
from news.tables import TABLES as OF_THE_NEWS

from ..absolute_urls import absolute_url, base_url
from ..api.middleware import DOCUMENT, DOCUMENTATION, PREFIX
from ..exports.tabular import FORMATS
from ..i18n import language_codes

TABLES = {table.name: table for table in [*OF_THE_DIRECTORY, *OF_THE_NEWS]}
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
NAME = gettext_noop("Delegations, people and news of the CSTO Parliamentary Assembly")
PUBLISHER = gettext_noop("CSTO Parliamentary Assembly")
DESCRIPTION = gettext_noop(
    "Who sits in the Assembly on any day, how many seats each chamber has, what every figure rests on, and what was "
    "published about it."
)

_EU = "http://publications.europa.eu/resource/authority"
# The terms that DCAT-AP prescribes; other languages have those of the Library of Congress.
_LANGUAGES = {"en": f"{_EU}/language/ENG", "ru": f"{_EU}/language/RUS"}
_OTHER_LANGUAGE = "http://id.loc.gov/vocabulary/iso639-1/{}"
_FORMATS = {
    "csv": f"{_EU}/file-type/CSV",
    "json": f"{_EU}/file-type/JSON",
    "xlsx": f"{_EU}/file-type/XLSX",
    "zip": f"{_EU}/file-type/ZIP",
}
_IRI = {"@type": "@id"}
_TEXT = {"@container": "@language"}
# In the document itself: whoever reads it asks no other host.
_CONTEXT: dict[str, Any] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    **{name: {"@id": f"dct:{name}", **_TEXT} for name in ("title", "description")},
    **{name: {"@id": f"dct:{name}", **_IRI} for name in ("license", "language", "conformsTo", "format")},
    **{name: {"@id": f"dct:{name}", **_IRI} for name in ("accrualPeriodicity", "publisher")},
    **{name: {"@id": f"dcat:{name}", **_IRI} for name in ("accessURL", "downloadURL", "landingPage", "mediaType")},
    **{name: {"@id": f"dcat:{name}", **_IRI} for name in ("theme", "endpointURL", "endpointDescription")},
    **{name: {"@id": f"dcat:{name}", **_IRI} for name in ("dataset", "distribution", "service", "servesDataset")},
    "keyword": {"@id": "dcat:keyword", **_TEXT},
    "temporal": "dct:temporal",
    "startDate": {"@id": "dcat:startDate", "@type": "xsd:date"},
    "name": {"@id": "foaf:name", **_TEXT},
    "homepage": {"@id": "foaf:homepage", **_IRI},
}


class Distribution(NamedTuple):
    """A file that holds the data."""

    # Untranslated.
    title: str
    path: str
    media_type: str
    # What it conforms to.
    standard: str = ""

    @property
    def ending(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def label(self) -> str:
        """The title in the active language, with the format."""
        return f"{gettext(self.title)} ({self.ending.upper()})"


def distributions() -> Iterator[Distribution]:
    archive = gettext_noop("All tables in one archive")
    yield Distribution(archive, reverse("data:archive"), "application/zip", "https://datapackage.org/")
    yield Distribution("Popolo", reverse("data:popolo"), "application/json", "https://www.popoloproject.com/specs/")
    for table in TABLES.values():
        for file_format, content_type in FORMATS.items():
            path = reverse("data:table", args=[table.name, file_format])
            yield Distribution(table.title, path, content_type.partition(";")[0])


def dcat(request: HttpRequest) -> str:
    """The catalogue as JSON-LD in the terms of DCAT-AP, in all languages at once."""
    site = base_url(request)
    catalogue, publisher = f"{site}{reverse('data:catalogue')}", f"{site}/#publisher"
    dataset = f"{catalogue}#dataset"
    languages = [_LANGUAGES.get(code, _OTHER_LANGUAGE.format(code)) for code in language_codes()]
    about = {"license": LICENCE, "language": languages, "publisher": publisher}
    document = {
        "@context": _CONTEXT,
        "@graph": [
            {
                "@id": catalogue,
                "@type": "dcat:Catalog",
                **about,
                "title": _texts(gettext_noop("Open data")),
                "description": _texts(DESCRIPTION),
                "homepage": f"{site}{reverse('data_root')}",
                "dataset": dataset,
                "service": f"{catalogue}#api",
            },
            {"@id": publisher, "@type": "foaf:Agent", "name": _texts(PUBLISHER), "homepage": f"{site}/"},
            {
                "@id": dataset,
                "@type": "dcat:Dataset",
                **about,
                "title": _texts(NAME),
                "description": _texts(DESCRIPTION),
                "keyword": _texts(gettext_noop("Delegations")),
                "theme": f"{_EU}/data-theme/GOVE",
                "accrualPeriodicity": f"{_EU}/frequency/CONT",
                "temporal": {"@type": "dct:PeriodOfTime", "startDate": FOUNDED.isoformat()},
                "landingPage": f"{site}{reverse('data_root')}",
                "distribution": [f"{site}{each.path}#distribution" for each in distributions()],
            },
            *(_distribution(each, site, languages) for each in distributions()),
            {
                "@id": f"{catalogue}#api",
                "@type": "dcat:DataService",
                **about,
                "title": _texts(gettext_noop("Programming interface")),
                "endpointURL": f"{site}{PREFIX}",
                "endpointDescription": f"{site}{DOCUMENT}",
                "landingPage": f"{site}{DOCUMENTATION}",
                "servesDataset": dataset,
            },
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _distribution(file: Distribution, site: str, languages: list[str]) -> dict[str, Any]:
    address = f"{site}{file.path}"
    return {
        "@id": f"{address}#distribution",
        "@type": "dcat:Distribution",
        "title": {code: _in(code, file) for code in language_codes()},
        "accessURL": address,
        "downloadURL": address,
        "mediaType": f"https://www.iana.org/assignments/media-types/{file.media_type}",
        "license": LICENCE,
        "language": languages,
        **({"format": _FORMATS[file.ending]} if file.ending in _FORMATS else {}),
        **({"conformsTo": file.standard} if file.standard else {}),
    }


def _in(language: str, file: Distribution) -> str:
    with override(language):
        return file.label


def _texts(message: str) -> dict[str, str]:
    """The message in each language."""
    texts = {}
    for code in language_codes():
        with override(code):
            texts[code] = gettext(message)
    return texts


def schema_org(request: HttpRequest) -> dict[str, Any]:
    """The data as a Dataset of schema.org in the active language, which search engines of data read."""
    publisher = {"@type": "GovernmentOrganization", "name": gettext(PUBLISHER), "url": base_url(request)}
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": gettext(NAME),
        "description": gettext(DESCRIPTION),
        "url": absolute_url(request, request.path),
        "license": LICENCE,
        "isAccessibleForFree": True,
        "inLanguage": get_language(),
        "temporalCoverage": f"{FOUNDED.isoformat()}/..",
        "creator": publisher,
        "publisher": publisher,
        "distribution": [
            {
                "@type": "DataDownload",
                "name": file.label,
                "encodingFormat": file.media_type,
                "contentUrl": absolute_url(request, file.path),
            }
            for file in distributions()
        ],
    }
