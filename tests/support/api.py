"""Requests to the API, and rows that it returns."""

from news.models import Story

from . import factories

API = "/api/v1/"
LISTS = [
    "delegations",
    "parliaments",
    "chambers",
    "people",
    "delegates",
    "representatives",
    "posts",
    "bodies",
    "changes",
    "articles",
    "quotations",
    "topics",
]
# Those that answer for any day.
DAY_LISTS = LISTS[:9]

QUOTATION = "<p>A</p><blockquote><p>We agree.</p><p>— Ann Lee, Minister</p></blockquote>"


def ask(client, path, **headers):
    response = client.get(f"{API}{path}", headers=headers)
    assert response.status_code == 200, response.content
    return response.json()


def refused(client, path, status=400):
    """The problem document with which ``path`` is answered."""
    response = client.get(f"{API}{path}")
    assert response.status_code == status, (path[:80], response.status_code, response.content[:200])
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["detail"]
    return problem


def house(**person):
    """A mandate of one person in one chamber of belarus, from 2019-05 until 2021."""
    parliament = factories.ParliamentFactory(slug="belarus", country="BY", name_en="National Assembly")
    chamber = factories.ChamberFactory(parliament=parliament, slug="belarus-house", kind="lower")
    source = factories.SourceFactory(title_en="Decree No. 12")
    factories.SeatQuotaFactory(chamber=chamber, seats=7, sources=[source])
    return factories.DelegateFactory(
        chamber=chamber,
        person=factories.PersonFactory(**person),
        role="head",
        starts="2019-05",
        ends="2021",
        sources=[source],
    )


def fill(rows, start="2008-01-01"):
    """Create ``rows`` rows of everything that a list contains."""
    sources = [factories.SourceFactory()]
    parliaments = factories.create_many(factories.ParliamentFactory, [{}] * rows)
    chambers = factories.create_many(factories.ChamberFactory, [{"parliament": row} for row in parliaments])
    representatives = factories.create_many(factories.PersonFactory, [{}] * rows)
    delegates = factories.create_many(factories.PersonFactory, [{}] * rows)
    topics = factories.create_many(factories.TopicFactory, [{}] * rows)
    stories = Story.objects.bulk_create(Story() for _number in range(rows))
    of_chambers = [{"chamber": row, "sources": sources} for row in chambers]
    in_office = [{"person": row, "sources": sources} for row in representatives]
    factories.create_many(factories.SeatQuotaFactory, [row | {"starts": start} for row in of_chambers])
    factories.create_many(factories.LinkFactory, of_chambers)
    factories.create_many(factories.PersonNameFactory, in_office)
    factories.create_many(
        factories.RepresentativeFactory,
        [row | {"parliament": parliament} for row, parliament in zip(in_office, parliaments, strict=True)],
    )
    assembly = factories.assembly()
    factories.create_many(factories.BodyFactory, [{"parent": assembly, "sources": sources}] * rows)
    factories.create_many(factories.AssemblyPostFactory, [row | {"body": assembly} for row in in_office])
    factories.create_many(
        factories.DelegateFactory,
        [row | {"person": person, "starts": start} for row, person in zip(of_chambers, delegates, strict=True)],
    )
    factories.create_many(
        factories.ArticleFactory,
        [
            {"topics": [topic], "parliaments": [parliament], "story": story, "body": QUOTATION}
            for topic, parliament, story in zip(topics, parliaments, stories, strict=True)
        ],
    )
