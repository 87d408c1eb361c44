"""A whole site of WordPress moves over."""

from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from news.models import Article, LegacyAddress, Picture

from ....support import factories
from .test_import_archive import SLUG, post, run, wxr
from .test_media import UPLOADS, attachment, with_lead

pytestmark = pytest.mark.django_db
TABLE = "<table><tr><td>Мест</td><td>7</td></tr></table>"


def test_fifty_posts_move_over_once_with_their_addresses(client: Client, media: Path, tmp_path: Path):
    folder = tmp_path / "uploads" / "2015" / "03"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"фото-{number}.jpg").write_bytes(factories.photo((40, 32)))
    posts = [
        with_lead(
            post(
                number,
                title=f"Заседание {number}",
                slug=f"{SLUG}-{number}",
                link=f"/2015/03/{SLUG}-{number}/",
                body=f"Текст {number}.\n\n<img src='{UPLOADS}фото-{number % 3}-300x200.jpg' alt='Зал'>\n\n{TABLE}",
            ),
            1000 + number % 3,
        )
        for number in range(1, 51)
    ]
    library = [attachment(1000 + number, f"фото-{number}.jpg", "Зал") for number in range(3)]
    file = wxr(tmp_path, *posts, *library)
    first = run(file, "--media", str(tmp_path / "uploads"))
    assert (first["saved"], first["added"]["articles"], first["added"]["pictures"]) == (True, 50, 3)
    assert first["not_kept"] == {"table": 50, "tr": 50, "td": 100}
    rows = [list(model.objects.order_by("pk").values()) for model in (Article, LegacyAddress, Picture)]
    second = run(file, "--media", str(tmp_path / "uploads"))
    assert second["unchanged"]["articles"] == 50
    assert not any(number for action in ("added", "changed", "ended") for number in second[action].values())
    assert rows == [list(model.objects.order_by("pk").values()) for model in (Article, LegacyAddress, Picture)]
    for number in range(1, 51):
        article = Article.objects.get(title=f"Заседание {number}")
        assert timezone.localdate(article.published_at).isoformat() == "2015-03-27"
        for address in (f"/2015/03/{SLUG}-{number}/", f"/2015/03/встреча-{number}", f"/?p={number}"):
            response = client.get(address)
            assert (response.status_code, response["Location"]) == (301, article.get_absolute_url())
