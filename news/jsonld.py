"""JSON-LD of articles and quotations (schema.org: NewsArticle, Quotation)."""

from cspa.i18n import get_translated
from delegations.exports.jsonld import CONTEXT, Absolute, assembly, filled, named

from .models import Article, Picture, Quotation


def article(article: Article, absolute: Absolute) -> dict:
    """The NewsArticle of ``article``, with its subjects, sources, quotations and corrections."""
    url = absolute(article.get_absolute_url())
    publisher = {**assembly(), "url": absolute("/")}
    data = {
        "@context": CONTEXT,
        "@type": "NewsArticle",
        "@id": url,
        "url": url,
        "mainEntityOfPage": url,
        "headline": article.title,
        "description": article.summary,
        "inLanguage": article.language,
        "dateline": article.dateline,
        "image": _image(article.picture, article, absolute) if article.picture else {},
        "datePublished": article.published_at.isoformat(),
        "dateModified": article.updated_at.isoformat(),
        "author": publisher,
        "publisher": publisher,
        "keywords": [str(topic.name) for topic in article.topics.all()],
        "about": [
            {"@type": "GovernmentOrganization", "name": str(parliament.name), "url": absolute(address)}
            for parliament in article.parliaments.all()
            for address in [parliament.get_absolute_url()]
        ],
        "mentions": [named(person, absolute) for person in article.people.all()],
        "hasPart": [_quotation(quotation, article, absolute) for quotation in article.quotations.all()],
        "isBasedOn": [source.url for source in article.sources.all() if source.url],
        "correction": [
            {"@type": "CorrectionComment", "datePublished": note.date.isoformat(), "text": note.text}
            for note in article.corrections.all()
        ],
    }
    return filled(data)


def _image(picture: Picture, article: Article, absolute: Absolute) -> dict:
    return filled(
        {
            "@type": "ImageObject",
            "url": absolute(picture.address),
            "width": picture.width,
            "height": picture.height,
            "caption": picture.alt_in(article.language),
            "creditText": str(get_translated(picture, "credit", article.language)),
        }
    )


def _quotation(quotation: Quotation, article: Article, absolute: Absolute) -> dict:
    person = quotation.person
    speaker = (
        named(person, absolute) if person and not person.withdrawn else {"@type": "Person", "name": quotation.speaker}
    )
    if person and person.withdrawn:
        speaker = {}
    return filled(
        {
            "@type": "Quotation",
            "text": quotation.words,
            "inLanguage": article.language,
            "spokenByCharacter": filled({**speaker, "jobTitle": quotation.function if speaker else ""}),
        }
    )
