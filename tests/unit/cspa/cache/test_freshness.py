"""Freshness of the page cache: an edit of any public column shows on cached pages at once."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from delegations.models import Person

from ....support import factories
from ....support.page_cache import LIST, Reader

pytestmark = pytest.mark.django_db(transaction=True)

# Whatever a reader sees of them is something else afterwards.
COLUMNS = {
    "delegations_person": "name_en family_name_en given_name_en",
    "delegations_personname": "name_en note_en",
    "delegations_parliament": "name_en short_name_en",
    "delegations_chamber": "name_en",
    "delegations_delegate": "political_group_en constituency_en",
    "delegations_assemblypost": "office_en",
    "delegations_body": "name_en",
    "delegations_link": "url",
    "delegations_source": "title_en url",
    "delegations_confirmation": "confirmed_by_en",
    "news_topic": "name_en",
    "news_article": "title summary dateline body",
    "news_quotation": "words function speaker",
    "news_correction": "text",
    "news_attachment": "title",
    "news_picture": "alt_en credit_en",
}


@pytest.mark.long
def test_edit_of_any_public_column_shows_on_the_next_request(reader: Reader, client: Client):
    chamber = factories.ChamberFactory()
    source, person = factories.SourceFactory(url="https://example.org/"), factories.PersonFactory()
    factories.PersonNameFactory(person=person, starts="2010", ends="2020")
    factories.SeatQuotaFactory(chamber=chamber, sources=[source])
    factories.DelegateFactory(
        chamber=chamber, person=person, political_group_en="Group", constituency_en="East", sources=[source]
    )
    factories.RepresentativeFactory(parliament=chamber.parliament, person=person, sources=[source])
    factories.AssemblyPostFactory(
        person=person, body=factories.BodyFactory(), role="chair", office_en="Office", sources=[source]
    )
    factories.LinkFactory(chamber=chamber, sources=[source])
    factories.ConfirmationFactory(parliament=chamber.parliament, confirmed_by_en="Speaker", source=source)
    topic, picture = factories.TopicFactory(), factories.PictureFactory(alt_en="A hall", credit_en="Press service")
    quoted = f"<blockquote><p>We agree.</p><p>— {person.name_en}, Speaker</p></blockquote>"
    for day in (1, 2, 3):
        article = factories.ArticleFactory(
            published_at=datetime(2020, 5, day, tzinfo=UTC),
            dateline="Minsk",
            body=f"<p>About.</p>{quoted}",
            picture=picture,
            topics=[topic],
            people=[person],
            parliaments=[chamber.parliament],
            sources=[source],
        )
        factories.CorrectionFactory(article=article)
        factories.AttachmentFactory(article=article)
    addresses = [
        *("/en/", LIST, f"{LIST}2020/05/", article.get_absolute_url(), topic.get_absolute_url()),
        *("/en/delegations/", "/en/delegations/?on=2019-05-05", "/en/delegations/?named=yes", "/en/search/?q=about"),
        *(f"{chamber.parliament.get_absolute_url()}{on}" for on in ("", "?on=2019-05-05")),
        *("/ru/delegations/", chamber.parliament.get_absolute_url().replace("/en/", "/ru/")),
    ]
    before = {address: reader.get(address).content for address in [*addresses, person.get_absolute_url()]}
    changes = 0
    for table, columns in COLUMNS.items():
        for column in columns.split():
            with connection.cursor() as cursor:
                cursor.execute(f'UPDATE "{table}" SET "{column}" = "{column}" || \'x\'')
                assert cursor.rowcount > 0
            named = Person.objects.get().get_absolute_url()
            after = {address: reader.get(address).content for address in [*addresses, named]}
            wrong = [address for address, content in after.items() if content != client.get(address).content]
            assert wrong == [], (table, column)
            assert after != before, (table, column)
            before, changes = after, changes + 1
    assert changes == 28
