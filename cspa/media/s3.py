"""Storage of uploads in an S3-compatible bucket (MEDIA_BUCKET_URL), with the same URLs as on a disk.

Django imports the module only if the setting names it; boto3 is large.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files import File
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage


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

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with translate_s3_errors():
            file: File[bytes] = super()._open(name, mode)
            return file

    def _save(self, name: str, content: "File[bytes]") -> str:
        with translate_s3_errors():
            stored: str = super()._save(name, content)
            return stored

    def exists(self, name: str) -> bool:
        with translate_s3_errors():
            exists: bool = super().exists(name)
            return exists

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with translate_s3_errors():
            folders_and_files: tuple[list[str], list[str]] = super().listdir(name)
            return folders_and_files

    def delete(self, name: str) -> None:
        with translate_s3_errors():
            super().delete(name)


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
