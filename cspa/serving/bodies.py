"""Request bodies, read within a deadline and a size before the request takes a thread."""

import asyncio
from collections.abc import AsyncIterable
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from .limits import Limit

# Bytes. A form of the public site holds text alone; the largest upload of the back office is a file to import.
MAX_FORM_BYTES = 5 * 1024 * 1024
MAX_UPLOAD_BYTES = 60 * 1024 * 1024
# Seconds for the whole body.
FORM_SECONDS = 30.0
UPLOAD_SECONDS = 300.0
# A larger body waits on disk.
MAX_MEMORY_BYTES = 1024 * 1024
# Bodies of a worker process that arrive at the same time.
MAX_BODIES = 40

arriving = Limit(MAX_BODIES)


class BodyTooLargeError(Exception):
    """The body is larger than a request of its kind may be."""


class BodyTooSlowError(Exception):
    """The body has not arrived within its deadline."""


class BodyCutError(Exception):
    """The client has gone before the whole body arrived."""


async def read_body(
    chunks: AsyncIterable[bytes], length: int | None, client: str, has_session: bool
) -> tuple[BinaryIO, int]:
    """The body as a file, and its bytes; ``length`` is that of the header Content-Length.

    Raises BusyError, BodyTooLargeError (before anything is stored, where the length is known), BodyTooSlowError and
    BodyCutError.
    """
    largest = MAX_UPLOAD_BYTES if has_session else MAX_FORM_BYTES
    if length is not None and length > largest:
        raise BodyTooLargeError
    arriving.enter(client)
    # Closed by Django with the request.
    body = cast(BinaryIO, SpooledTemporaryFile(MAX_MEMORY_BYTES))  # noqa: SIM115  see above
    received = 0
    try:
        async with asyncio.timeout(UPLOAD_SECONDS if has_session else FORM_SECONDS):
            async for chunk in chunks:
                received += len(chunk)
                if received > largest:
                    raise BodyTooLargeError
                body.write(chunk)
        if length is not None and received != length:
            raise BodyCutError
    except TimeoutError as error:
        body.close()
        raise BodyTooSlowError from error
    except BaseException:
        body.close()
        raise
    finally:
        arriving.leave(client)
    body.seek(0)
    return body, received
