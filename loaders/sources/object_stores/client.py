"""What az:// and s3:// have in common: pages of blobs, parts of a blob, faults, patience."""

import asyncio
import random
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol, TypeVar

from loaders.sources.source import Stamp

T = TypeVar("T")

ATTEMPTS = 5
CONNECT_SECONDS = 10
READ_SECONDS = 30

# Doubled from one attempt to the next: four waits of at most 7.5 s together.
_FIRST_WAIT_SECONDS = 0.5


class Blob(NamedTuple):
    """One listed blob: its full name in the container, and its stamp."""

    name: str
    stamp: Stamp


class Page(NamedTuple):
    """What one listing request brought; token asks for the next page, None after the last."""

    blobs: list[Blob]
    token: str | None


class Part(NamedTuple):
    """What one read brought; the stamp is that of the whole blob, from the same response."""

    content: bytes
    stamp: Stamp


class Trouble(Enum):
    """What an error of a store means to us."""

    GONE = auto()
    CHANGED = auto()
    BEYOND_END = auto()
    FORBIDDEN = auto()
    OWN = auto()
    NO_CONTAINER = auto()
    CREDENTIALS = auto()
    BUSY = auto()
    LOST = auto()


@dataclass(frozen=True)
class Fault:
    """A store's error. words are ours, a status or an identifier, never the store's text."""

    trouble: Trouble
    words: str


class StoreFault(Exception):
    """A fault that trying again did not, or would not, mend."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.words)
        self.fault = fault


class StoreClient(Protocol):
    """One container of one store, as one process sees it; every call is one request."""

    loop: asyncio.AbstractEventLoop

    async def page(self, prefix: str, token: str | None, most: int) -> Page:
        """List at most `most` blobs whose names begin with prefix, folders left out."""

    async def part(self, name: str, start: int, length: int | None, etag: str | None) -> Part:
        """Read length bytes from start, if the blob still has that etag.

        length None asks for all of a blob that is thought to be empty.
        """

    def fault(self, error: Exception) -> Fault | None:
        """Say what an error of the client's library means; None: it is none of its errors."""


_BY_CODE = {
    Trouble.NO_CONTAINER: (
        "NoSuchBucket InvalidBucketName ContainerNotFound ContainerBeingDeleted ContainerDisabled"
        " InvalidResourceName"
    ),
    Trouble.CREDENTIALS: (
        "InvalidAccessKeyId SignatureDoesNotMatch ExpiredToken InvalidToken TokenRefreshRequired"
        " RequestTimeTooSkewed AuthorizationHeaderMalformed AccountProblem AllAccessDisabled"
        " AuthenticationFailed InvalidAuthenticationInfo NoAuthenticationInformation"
        " AuthorizationFailure AuthorizationProtocolMismatch AuthorizationServiceMismatch"
        " AuthorizationResourceTypeMismatch AuthorizationSourceIPMismatch AccountIsDisabled"
        " InsufficientAccountPermissions PublicAccessNotPermitted PermanentRedirect"
    ),
    Trouble.OWN: "BlobArchived BlobBeingRehydrated InvalidObjectState",
    Trouble.BUSY: "SlowDown ServerBusy Throttling ThrottlingException RequestLimitExceeded",
    Trouble.LOST: "RequestTimeout OperationTimedOut InternalError",
}
_TROUBLE_OF_CODE = {code: trouble for trouble, codes in _BY_CODE.items() for code in codes.split()}
_TROUBLE_OF_STATUS = {
    401: Trouble.CREDENTIALS,
    403: Trouble.FORBIDDEN,
    404: Trouble.GONE,
    408: Trouble.LOST,
    412: Trouble.CHANGED,
    416: Trouble.BEYOND_END,
    429: Trouble.BUSY,
    503: Trouble.BUSY,
}


def fault_of_answer(status: int, code: object) -> Fault:
    """Say what an answer with this status and error code means."""
    text = str(getattr(code, "value", code) or "")
    # A code is an identifier; anything else may quote the request and what signed it.
    name = text if re.fullmatch(r"[A-Za-z][A-Za-z.]{0,60}", text) else ""
    trouble = _TROUBLE_OF_CODE.get(name) or _TROUBLE_OF_STATUS.get(status)
    if trouble is None:
        trouble = Trouble.LOST if status >= 500 else Trouble.OWN
    return Fault(trouble, f"{status} {name}".strip())


def behind(error: BaseException) -> list[BaseException]:
    """Return an error and those that it was raised from or upon."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in seen:
        seen.append(found)
        found = found.__cause__ or found.__context__
    return seen


def fault_of_connection(error: BaseException) -> Fault:
    """Say what an error means that came instead of an answer."""
    names = " ".join(type(one).__name__ for one in behind(error))
    for pattern, words in (
        ("Timeout", "no answer in time"),
        ("DNS|gaierror", "its name is not known"),
        ("Certificate|SSL", "no secure connection"),
        ("Refused|ConnectorError|EndpointConnection", "connection refused"),
    ):
        if re.search(pattern, names):
            return Fault(Trouble.LOST, words)
    return Fault(Trouble.LOST, "connection lost")


def checked(part: Part, start: int, length: int | None) -> Part:
    """Return the part if it is as long as it has to be; a cut one is as good as none.

    Raises:
        ConnectionError: it is not.
    """
    rest = max(part.stamp.size - start, 0)
    if len(part.content) != (rest if length is None else min(length, rest)):
        raise ConnectionError("the answer was cut short")
    return part


def stamp_of(size: int, modified: datetime, etag: str | None) -> Stamp:
    """Return a stamp that is the same whether it comes from a listing or from a response.

    Some S3 servers list thousandths of seconds that the header of a response cannot have.
    """
    return Stamp(size, int(modified.timestamp()) * 1_000_000, etag.strip('"') if etag else None)


async def with_retries(client: StoreClient, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Make a request, and make it again while its failure may pass.

    Raises:
        StoreFault: it failed for good, or ATTEMPTS times.
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
                # What the library says may quote the request and what signed it.
                raise StoreFault(fault) from None
        # Not all sixteen at the same moment again.
        await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - no secret
        wait *= 2
    raise AssertionError
