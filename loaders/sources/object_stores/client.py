"""The common parts of the clients of az:// and s3://: pages of blobs, parts of a blob, retries."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from loaders.sources.object_stores.faults import Fault, StoreFault, Trouble
from loaders.sources.source import Stamp

T = TypeVar("T")

ATTEMPTS = 5
CONNECT_SECONDS = 10
READ_SECONDS = 30

# Doubled after each attempt: four waits of at most 7.5 s in total.
_FIRST_WAIT_SECONDS = 0.5


class Blob(NamedTuple):
    """One listed blob: its full name in the container, and its stamp."""

    name: str
    stamp: Stamp


class Page(NamedTuple):
    """The answer to one listing request; token asks for the next page, None after the last."""

    blobs: list[Blob]
    token: str | None


class Part(NamedTuple):
    """The answer to one read; the stamp is that of the whole blob, from the same response."""

    content: bytes
    stamp: Stamp


class StoreClient(Protocol):
    """One container of a store, used by one process; every call is one request."""

    loop: asyncio.AbstractEventLoop

    async def page(self, prefix: str, token: str | None, most: int) -> Page:
        """List at most `most` blobs whose names begin with prefix, folders left out."""

    async def part(self, name: str, start: int, length: int | None, etag: str | None) -> Part:
        """Read length bytes from start, if the blob still has that etag.

        length None asks for all of a blob that was listed as empty.
        """

    def fault(self, error: Exception) -> Fault | None:
        """Interpret an error of the client's library; None for any other error."""


def checked(part: Part, start: int, length: int | None) -> Part:
    """Return the part if it has the expected length.

    Raises:
        ConnectionError: it was cut short.
    """
    rest = max(part.stamp.size - start, 0)
    if len(part.content) != (rest if length is None else min(length, rest)):
        raise ConnectionError("the answer was cut short")
    return part


def stamp_of(size: int, modified: datetime, etag: str | None) -> Stamp:
    """Return a stamp that is the same from a listing and from a response.

    Some S3 servers list milliseconds, which the header of a response cannot express.
    """
    return Stamp(size, int(modified.timestamp()) * 1_000_000, etag.strip('"') if etag else None)


async def with_retries(client: StoreClient, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Make a request, and retry it after transient failures.

    Raises:
        StoreFault: it failed permanently, or ATTEMPTS times.
    """
    wait = _FIRST_WAIT_SECONDS
    for left in reversed(range(ATTEMPTS)):
        try:
            return await request()
        except Exception as error:
            fault = client.fault(error)
            if fault is None:
                raise
            if fault.trouble not in (Trouble.BUSY, Trouble.LOST) or not left:
                # The library's message may quote the request and its signature.
                raise StoreFault(fault) from None
        # So that not all sixteen retry at the same moment.
        await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - no secret
        wait *= 2
    raise AssertionError
