"""Request bodies: their size and their time are bounded before the request takes a thread."""

import asyncio

import pytest

from cspa.serving import bodies
from cspa.serving.bodies import BodyCutError, BodyTooLargeError, BodyTooSlowError, read_body
from cspa.serving.limits import BusyError

from ....support.rsgi import Protocol


def read(protocol: Protocol, length: int | None, has_session: bool = False) -> bytes:
    async def main() -> bytes:
        file, received = await read_body(protocol, length, "192.0.2.7", has_session)
        with file:
            content = file.read()
        assert len(content) == received
        return content

    return asyncio.run(main())


@pytest.mark.parametrize("length", [6, None])
def test_body_is_read_with_and_without_a_declared_length(length: int | None):
    assert read(Protocol([b"abc", b"def"]), length) == b"abcdef"


def test_body_larger_than_the_memory_limit_is_read_from_disk(monkeypatch):
    monkeypatch.setattr(bodies, "MAX_MEMORY_BYTES", 10)
    assert read(Protocol([b"x" * 8] * 4), 32) == b"x" * 32


def test_declared_length_above_the_limit_is_refused_before_anything_is_read():
    protocol = Protocol([], endless=True)
    with pytest.raises(BodyTooLargeError):
        read(protocol, bodies.MAX_FORM_BYTES + 1)
    with pytest.raises(BodyTooLargeError):
        read(protocol, bodies.MAX_UPLOAD_BYTES + 1, has_session=True)


def test_undeclared_body_above_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(bodies, "MAX_FORM_BYTES", 10)
    with pytest.raises(BodyTooLargeError):
        read(Protocol([b"x" * 8] * 2), None)
    assert read(Protocol([b"x" * 8] * 2), None, has_session=True) == b"x" * 16


def test_body_that_ends_early_is_no_body():
    with pytest.raises(BodyCutError):
        read(Protocol([b"abc"]), 6)


def test_body_that_does_not_end_in_time_is_too_slow(monkeypatch):
    monkeypatch.setattr(bodies, "FORM_SECONDS", 0.01)
    with pytest.raises(BodyTooSlowError):
        read(Protocol([b"abc"], endless=True), 6)


def test_one_client_cannot_take_all_places_of_arriving_bodies():
    async def main() -> None:
        async def send(client: str) -> asyncio.Task:
            task = asyncio.create_task(read_body(Protocol([b"a"], endless=True), 6, client, False))
            await asyncio.sleep(0)
            return task

        slow = [await send("192.0.2.7") for _number in range(bodies.MAX_BODIES)]
        refused = [task for task in slow if task.done()]
        assert len(refused) == bodies.MAX_BODIES // 2
        for task in refused:
            with pytest.raises(BusyError):
                task.result()
        file, _length = await read_body(Protocol([b"abcdef"]), 6, "192.0.2.8", False)
        file.close()
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        # The places are free again.
        file, _length = await read_body(Protocol([b"abcdef"]), 6, "192.0.2.7", False)
        file.close()

    asyncio.run(main())
