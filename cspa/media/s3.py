"""Uploaded files in a bucket that speaks S3 (MEDIA_BUCKET_URL), for readers at the same addresses as on a disk.

Imported only where the setting asks for it: boto3 is large.
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
    """Raises FileNotFoundError for what is not there, ConnectionError where the bucket is away or refuses."""

    file_overwrite = False
    client_config = Config(
        connect_timeout=3,  # seconds
        read_timeout=10,
        retries={"total_max_attempts": 2},
        s3={"addressing_style": "path"},  # the one that every engine knows
        request_checksum_calculation="when_required",  # others than Amazon's may not know more
        response_checksum_validation="when_required",
    )

    def url(self, name: str, *_arguments: Any, **_options: Any) -> str:
        """On this site (``cspa.pages.views.media``): readers are led to no other host."""
        return settings.MEDIA_URL + filepath_to_uri(name)

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with in_reach():
            file: File[bytes] = super()._open(name, mode)
            return file

    def _save(self, name: str, content: "File[bytes]") -> str:
        with in_reach():
            stored: str = super()._save(name, content)
            return stored

    def exists(self, name: str) -> bool:
        with in_reach():
            there: bool = super().exists(name)
            return there

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with in_reach():
            folders_and_files: tuple[list[str], list[str]] = super().listdir(name)
            return folders_and_files

    def delete(self, name: str) -> None:
        with in_reach():
            super().delete(name)


@contextmanager
def in_reach() -> Iterator[None]:
    """What boto3 raises, as errors that the rest of the project knows."""
    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):  # 400: no name that it takes
            raise FileNotFoundError(str(error)) from error
        raise ConnectionError(str(error)) from error
    except BotoCoreError as error:
        raise ConnectionError(str(error)) from error
