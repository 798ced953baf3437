"""A container of Azure Blob Storage (az://) or a bucket of S3 (s3://) as a source.

An error of one blob is an OSError of open, which quarantines that document: it is archived or
forbidden, or reading it fails while the store still lists. An error of the store as a whole is
WorkFailed, which ends the load and quarantines nothing: it is unreachable or throttles, or the
credentials or the container are gone. A long series of refused documents counts as the store's
error too: permission to read was withdrawn, or only listing was ever permitted.
"""

import importlib
import importlib.util
import os
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from loaders.errors import WorkFailed, WrongRequest
from loaders.sources.object_stores.client import (
    ATTEMPTS,
    Blob,
    Page,
    Part,
    StoreClient,
    with_retries,
)
from loaders.sources.object_stores.faults import Fault, StoreFault, Trouble
from loaders.sources.paths import JSON, Endings, escaped, is_document
from loaders.sources.source import PATH_NOT_UTF8, Entry, Source, Stamp

T = TypeVar("T")

# The size of one request: sixteen open documents stay small.
PART_BYTES = 2 * 1024 * 1024
OPENED_AT_ONCE = 16
# Twice as many as are open at once: one forbidden folder does not end the load.
REFUSED_IN_A_ROW = 2 * OPENED_AT_ONCE


@dataclass(frozen=True)
class _Kind:
    package: str
    extra: str
    module: str
    # S3 never lists more than 1,000; parsing 5,000 of Azure takes 40 MB.
    page_size: int
    container: str
    credentials: str


_KINDS = {
    "az": _Kind(
        package="adlfs",
        extra="azure",
        module="loaders.sources.object_stores.azure",
        page_size=2000,
        container="container",
        credentials="AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME with "
        "AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN or an identity of Azure",
    ),
    "s3": _Kind(
        package="s3fs",
        extra="s3",
        module="loaders.sources.object_stores.s3",
        page_size=1000,
        container="bucket",
        credentials="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
        "AWS_ENDPOINT_URL for a server other than Amazon's",
    ),
}
_SUPPORTED = "az://container/prefix and s3://bucket/prefix"


def is_object_store(text: str) -> bool:
    """Return whether this is a URL, of any scheme; anything else is a path on disk."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) is not None


def open_object_store(url: str, root: str = "", endings: Endings = JSON) -> Source:
    """Return the documents below az://container/prefix or s3://bucket/prefix as a source.

    root is a further folder below the prefix. Both are literal, without escapes. Credentials come
    from the environment only. No request is made yet.

    Raises:
        WrongRequest: another scheme, a URL with credentials in it, a missing extra, or no
            credentials in the environment.
    """
    scheme, _, rest = url.partition("://")
    container, _, prefix = rest.partition("/")
    kind = _KINDS.get(scheme.lower())
    # The URL may hold a secret, so these messages do not repeat it.
    if kind is None:
        raise WrongRequest(f"Such a URL cannot be loaded. Give a directory, or {_SUPPORTED}.")
    if re.search("[@:]", container) or re.search("[?#]", rest):
        raise WrongRequest(
            "A URL with a user, a password, a query or a fragment is not accepted: it would end "
            f"up in the ledger. Give {_SUPPORTED}, and the credentials in the environment."
        )
    if not re.fullmatch(r"[$A-Za-z0-9][A-Za-z0-9._-]{1,254}", container):
        raise WrongRequest(f"The URL names no {kind.container}. Give {_SUPPORTED}.")
    if importlib.util.find_spec(kind.package) is None:
        raise WrongRequest(
            f"{scheme.lower()}:// needs the extra: pip install 'pulse-elt[{kind.extra}]'."
        )
    if scheme.lower() == "az" and not any(
        os.environ.get(f"AZURE_STORAGE_{name}") for name in ("CONNECTION_STRING", "ACCOUNT_NAME")
    ):
        raise WrongRequest(f"No credentials for az://. Set {kind.credentials}.")
    folder = "/".join(part for part in (prefix.strip("/"), root.strip("/")) if part)
    return ObjectStore(scheme.lower(), container, folder + "/" if folder else "", endings)


@dataclass(frozen=True)
class ObjectStore:
    """The blobs of a container whose names begin with folder; see Source.

    It connects in each process at first use. A process forked after that must exit without
    Python's exit handlers, as multiprocessing's processes do: they would close connections of the
    parent.
    """

    scheme: str
    container: str
    folder: str
    endings: Endings = JSON
    # By process. Inherited ones are never used, and never released, for the same reason.
    _connections: dict[int, "_Connection"] = field(default_factory=dict, repr=False, compare=False)
    _locks: dict[int, threading.Lock] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The URL."""
        return f"{self.scheme}://{self.container}/{self.folder}".rstrip("/")

    @property
    def most_workers(self) -> int | None:
        """Any number."""
        return None

    @property
    def notices(self) -> tuple[str, ...]:
        """None: a listing says it all."""
        return ()

    @property
    def opened_at_once(self) -> int:
        """How many open documents hide the latency of requests."""
        return OPENED_AT_ONCE

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the blobs, with one page at a time in memory; see Source.list.

        Raises:
            WrongRequest: the container cannot be listed; the message says what to do.
        """
        page_size = _KINDS[self.scheme].page_size
        token: str | None = None
        try:
            connection = self._connection()
            while True:
                page = connection.page(self.folder + prefix, token, page_size)
                for blob in page.blobs:
                    if is_document(blob.name.encode(errors="surrogatepass"), self.endings):
                        yield _entry(blob, self.folder)
                token = page.token
                if token is None:
                    return
        except StoreFault as error:
            raise WrongRequest(self._why_not_listed(error.fault)) from None

    def look(self, entry: Entry) -> Entry | None:
        """Return the entry as listed: open notices if a blob has changed."""
        return entry

    @contextmanager
    def open(self, entry: Entry) -> Iterator["_OpenBlob"]:
        """Open a blob, pinned to the etag of its entry; see Source.open. Thread-safe.

        A blob that has changed since is opened as it is now, with its new stamp. read raises the
        same errors as open.

        Raises:
            FileNotFoundError: it is gone.
            OSError: this blob cannot be read.
            WorkFailed: the store as a whole fails.
        """
        connection = self._connection_to_read()
        name = self.folder + entry.path
        stamp = entry.stamp

        def read(start: int, etag: str | None, length: int | None = PART_BYTES) -> Part:
            return self._part(connection, name, start, length, etag)

        is_empty = stamp is not None and stamp.size == 0
        first = read(0, stamp.etag if stamp else None, None if is_empty else PART_BYTES)
        yield _OpenBlob(first, read)

    def _connection(self) -> "_Connection":
        process = os.getpid()
        # One lock per process: an inherited one may be held by a thread of the parent.
        with self._locks.setdefault(process, threading.Lock()):
            if process not in self._connections:
                module = importlib.import_module(_KINDS[self.scheme].module)
                self._connections[process] = _Connection(module.open_container(self.container))
            return self._connections[process]

    def _connection_to_read(self) -> "_Connection":
        try:
            return self._connection()
        except StoreFault as error:
            raise WorkFailed(self._why_not_read(error.fault)) from None

    def _part(
        self, connection: "_Connection", name: str, start: int, length: int | None, etag: str | None
    ) -> Part:
        """Read a part of the blob with that etag, or the first part of its replacement."""
        attempts = [(start, length, etag)]
        while True:
            try:
                part = connection.part(name, *attempts[-1])
                break
            except StoreFault as error:
                trouble = error.fault.trouble
                if trouble is Trouble.CHANGED and len(attempts) == 1:
                    attempts.append((0, PART_BYTES, None))
                elif trouble is Trouble.BEYOND_END and attempts[-1][1] is not None:
                    # An empty blob has no valid range.
                    attempts.append((0, None, None))
                else:
                    self._raise(connection, error.fault)
        connection.accepted()
        return part

    def _raise(self, connection: "_Connection", fault: Fault) -> NoReturn:
        if fault.trouble is Trouble.GONE:
            connection.accepted()
            raise FileNotFoundError(fault.words)
        # One blob may break a server or a signature while the store still answers.
        may_be_its_own = fault.trouble in (Trouble.LOST, Trouble.CREDENTIALS)
        if may_be_its_own and connection.answers(self.folder):
            fault = Fault(Trouble.OWN, fault.words)
        is_its_own = fault.trouble in (Trouble.FORBIDDEN, Trouble.OWN, Trouble.CHANGED)
        if is_its_own and connection.refused() < REFUSED_IN_A_ROW:
            raise OSError(f"the store does not hand it out: {fault.words}")
        raise WorkFailed(self._why_not_read(fault))

    def _why_not_listed(self, fault: Fault) -> str:
        kind = _KINDS[self.scheme]
        if fault.trouble in (Trouble.NO_CONTAINER, Trouble.GONE):
            return f"{self.name}: the {kind.container} {self.container} does not exist."
        if fault.trouble is Trouble.FORBIDDEN:
            return (
                f"{self.name} may not be listed with these credentials ({fault.words}). "
                f"Grant them list and read permission, or set others: {kind.credentials}."
            )
        if fault.trouble is Trouble.CREDENTIALS:
            return (
                f"{self.name} is not open to these credentials ({fault.words}). "
                f"Set {kind.credentials}."
            )
        if fault.trouble in (Trouble.LOST, Trouble.BUSY):
            return (
                f"{self.name} cannot be reached: {fault.words}, {ATTEMPTS} times. "
                f"Look at the network and at the address in the environment: {kind.credentials}."
            )
        return f"{self.name} cannot be listed: {fault.words}."

    def _why_not_read(self, fault: Fault) -> str:
        kind = _KINDS[self.scheme]
        again = "What has landed stays; load again for the rest."
        if fault.trouble is Trouble.CREDENTIALS:
            what = f"does not accept the credentials any more ({fault.words})"
            again = f"Set {kind.credentials}. {again}"
        elif fault.trouble is Trouble.NO_CONTAINER:
            what = f"is gone: there is no such {kind.container} any more"
        elif fault.trouble in (Trouble.LOST, Trouble.BUSY):
            what = f"does not answer: {fault.words}, {ATTEMPTS} times"
        else:
            what = f"lists documents but hands none out, {REFUSED_IN_A_ROW} in a row: {fault.words}"
            again = f"Grant the credentials to read. {again}"
        return f"{self.name} {what}. {again}"


class _Connection:
    """A client of one process, shared by its threads, with its count of refusals."""

    def __init__(self, client: StoreClient) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._refused_in_a_row = 0

    def page(self, prefix: str, token: str | None, most: int) -> Page:
        return self._finished(
            with_retries(self.client, lambda: self.client.page(prefix, token, most))
        )

    def part(self, name: str, start: int, length: int | None, etag: str | None) -> Part:
        return self._finished(
            with_retries(self.client, lambda: self.client.part(name, start, length, etag))
        )

    def answers(self, folder: str) -> bool:
        """Return whether the store answers a listing now."""
        try:
            self._finished(self.client.page(folder, None, 1))
        except Exception as error:
            if self.client.fault(error) is None:
                raise
            return False
        return True

    def _finished(self, request: Coroutine[Any, Any, T]) -> T:
        from loaders.sources.object_stores.event_loop import finished, started

        return finished(started(self.client.loop, request))

    def accepted(self) -> None:
        with self._lock:
            self._refused_in_a_row = 0

    def refused(self) -> int:
        """Count a refusal; return how many there were since the last success."""
        with self._lock:
            self._refused_in_a_row += 1
            return self._refused_in_a_row


class _OpenBlob:
    """An open blob: the first part is in memory, the others are fetched when they are read."""

    def __init__(self, first: Part, read: Callable[[int, str | None], Part]) -> None:
        self._read = read
        self._stamp = first.stamp
        self._content = first.content
        self._position = 0
        self._fetched = len(first.content)
        self._is_replaced = False

    def read(self, size: int) -> bytes:
        """Return at most size further bytes; none at the end, or after the blob changed."""
        if self._position == len(self._content):
            self._fetch()
        chunk = self._content[self._position : self._position + size]
        self._position += len(chunk)
        return chunk

    def stamp(self) -> Stamp:
        """Return the stamp of what was read, or of its replacement."""
        return self._stamp

    def _fetch(self) -> None:
        self._content, self._position = b"", 0
        if self._is_replaced or self._fetched >= self._stamp.size:
            return
        part = self._read(self._fetched, self._stamp.etag)
        if _is_same(part.stamp, self._stamp):
            self._content = part.content
            self._fetched += len(part.content)
        else:
            self._stamp = part.stamp
            self._is_replaced = True


def _is_same(one: Stamp, other: Stamp) -> bool:
    # Rewriting the same content keeps its etag in S3, so the reader may continue.
    return one == other or (one.etag == other.etag is not None and one.size == other.size)


def _entry(blob: Blob, folder: str) -> Entry:
    text, problem = escaped(blob.name[len(folder) :].encode(errors="surrogatepass"))
    if "\0" in text:
        # S3 allows NUL, PostgreSQL's text does not.
        text = "/" + text.replace("\\", "\\\\").replace("\0", "\\x00")
        problem = problem or PATH_NOT_UTF8
    return Entry(text, blob.stamp, problem)
