"""Storage of uploads in an S3-compatible bucket (MEDIA_BUCKET_URL), with the same URLs as on a disk.

Django imports the module only if the setting names it; boto3 is large.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage


@contextmanager
def translate_s3_errors() -> Iterator[None]:
    """Translate errors of boto3 into FileNotFoundError and ConnectionError."""
    try:
        yield
    except ClientError as error:
        # The service answers 400 for an invalid name.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
            raise FileNotFoundError(str(error)) from error
        raise ConnectionError(str(error)) from error
    except BotoCoreError as error:
        raise ConnectionError(str(error)) from error


class Bucket(S3Storage):
    """S3 storage that raises FileNotFoundError for a missing file, ConnectionError if the bucket fails."""

    file_overwrite = False
    client_config = Config(
        # Seconds.
        connect_timeout=3,
        read_timeout=10,
        retries={"total_max_attempts": 2},
        # Every S3 implementation supports path-style URLs.
        s3={"addressing_style": "path"},
        # Other implementations than Amazon's may lack the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )

    def url(self, name: str, *_arguments: Any, **_options: Any) -> str:
        """URL on this site (``cspa.pages.views.media``), so that browsers connect to no other host."""
        return settings.MEDIA_URL + filepath_to_uri(name)

    _open = translate_s3_errors()(S3Storage._open)
    _save = translate_s3_errors()(S3Storage._save)
    exists = translate_s3_errors()(S3Storage.exists)
    listdir = translate_s3_errors()(S3Storage.listdir)
    delete = translate_s3_errors()(S3Storage.delete)
