"""Reads documents: bytes and hash, or the reason why there are none."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from loaders.landing.model import LARGEST_DOCUMENT, LARGEST_IN_BATCH, Document, Planned, Refusal
from loaders.landing.quarantine.reasons import CHANGED_WHILE_READING, refuse_unread
from loaders.sources.source import TOO_LARGE, UNREADABLE, OpenDocument, Source

_ATTEMPTS = 4
_CHUNK = 1024 * 1024


class ChangedWhileReading(Exception):
    """A file has changed since it was hashed."""

    def __init__(self, document: Document) -> None:
        super().__init__(document.planned.path)
        self.document = document


class Read(NamedTuple):
    """The outcome of reading files; gone are the paths of those that have vanished."""

    documents: list[Document]
    refusals: list[Refusal]
    gone: list[str]


def read_documents(source: Source, planned: Sequence[Planned]) -> Read:
    """Read planned files, as many at a time as the source can serve."""
    if source.opened_at_once > 1:
        with ThreadPoolExecutor(source.opened_at_once) as threads:
            outcomes = list(threads.map(lambda one: read_document(source, one), planned))
    else:
        outcomes = [read_document(source, one) for one in planned]
    return Read(
        [outcome for outcome in outcomes if isinstance(outcome, Document)],
        [outcome for outcome in outcomes if isinstance(outcome, Refusal)],
        [one.path for one, outcome in zip(planned, outcomes, strict=True) if outcome is None],
    )


def read_again(source: Source, read: Read, changed: Document, *, is_last_try: bool) -> Read:
    """Return the outcome with one document read again, or refused if it keeps changing."""
    others = [document for document in read.documents if document is not changed]
    if is_last_try:
        refusal = refuse_unread(changed.planned, CHANGED_WHILE_READING)
        return Read(others, [*read.refusals, refusal], read.gone)
    again = read_documents(source, [changed.planned])
    return Read(others + again.documents, read.refusals + again.refusals, read.gone + again.gone)


def read_document(source: Source, planned: Planned) -> Document | Refusal | None:
    """Read a planned file; None when it has vanished since it was listed.

    A file that changes while it is read is read again, a few times.
    """
    entry = planned.entry
    stamp = entry.stamp
    if entry.problem is not None or stamp is None:
        return refuse_unread(planned, entry.problem or UNREADABLE)
    try:
        for _ in range(_ATTEMPTS):
            if stamp.size > LARGEST_DOCUMENT:
                return refuse_unread(planned, TOO_LARGE)
            read = _whole if stamp.size <= LARGEST_IN_BATCH else _hashed
            with source.open(entry) as opened:
                content, size, sha256 = read(opened, stamp.size)
                now = opened.stamp()
            if now == stamp and size == stamp.size:
                return Document(planned, stamp, sha256, content)
            stamp = now
            entry = entry._replace(stamp=now)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return refuse_unread(planned, UNREADABLE, error.strerror or str(error))
    return refuse_unread(planned, CHANGED_WHILE_READING)


def stream(source: Source, document: Document) -> Iterator[bytes]:
    """Yield the bytes of a document that was hashed before.

    Raises:
        ChangedWhileReading: they have changed, or cannot be read any more.
    """
    digest = hashlib.sha256()
    left = document.stamp.size
    entry = document.planned.entry._replace(stamp=document.stamp)
    try:
        with source.open(entry) as opened:
            while left and (chunk := opened.read(min(_CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise ChangedWhileReading(document) from error
    if digest.digest() != document.sha256:
        raise ChangedWhileReading(document)


def _whole(opened: OpenDocument, expected: int) -> tuple[bytes | None, int, bytes]:
    content = opened.read(expected + 1)
    if len(content) < expected:
        # A short read is rare: ask until there is no more.
        while more := opened.read(expected + 1 - len(content)):
            content += more
    return content, len(content), hashlib.sha256(content).digest()


def _hashed(opened: OpenDocument, expected: int) -> tuple[bytes | None, int, bytes]:
    digest = hashlib.sha256()
    size = 0
    while size <= expected and (chunk := opened.read(_CHUNK)):
        digest.update(chunk)
        size += len(chunk)
    return None, size, digest.digest()
