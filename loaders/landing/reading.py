"""Reading documents: bytes and hash, or the reason why there are none."""

import hashlib
from collections.abc import Iterator

from loaders.landing.model import LARGEST_DOCUMENT, LARGEST_IN_BATCH, Document, Planned, Refusal
from loaders.landing.verdict import CHANGED_WHILE_READING, refuse_unread
from loaders.sources.source import TOO_LARGE, UNREADABLE, OpenDocument, Source

_ATTEMPTS = 3
_CHUNK = 1024 * 1024


class ChangedWhileReading(Exception):
    """A file is no longer what it was when it was hashed."""


def read_document(source: Source, planned: Planned) -> Document | Refusal | None:
    """Read a planned file; None when it is gone since it was listed.

    A file that changes under our hands is read again, three times in all.
    """
    if planned.problem is not None:
        return refuse_unread(planned, planned.problem)
    try:
        for _ in range(_ATTEMPTS):
            with source.open(planned.path) as opened:
                if opened.size > LARGEST_DOCUMENT:
                    return refuse_unread(planned, TOO_LARGE)
                document = _read(opened, planned)
                if document is not None:
                    return document
    except FileNotFoundError:
        return None
    except OSError as error:
        return refuse_unread(planned, UNREADABLE, error.strerror or str(error))
    return refuse_unread(planned, CHANGED_WHILE_READING)


def stream(source: Source, document: Document) -> Iterator[bytes]:
    """Yield the bytes of a document that was hashed before.

    Raises:
        ChangedWhileReading: they are not the same any more, or cannot be had.
    """
    digest = hashlib.sha256()
    left = document.size
    try:
        with source.open(document.planned.path) as opened:
            while left and (chunk := opened.read(min(_CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise ChangedWhileReading from error
    if digest.digest() != document.sha256:
        raise ChangedWhileReading


def _read(opened: OpenDocument, planned: Planned) -> Document | None:
    """Return the document, or None if it changed while it was read."""
    if opened.size <= LARGEST_IN_BATCH:
        content = _all(opened)
        is_whole = len(content) == opened.size
        digest = hashlib.sha256(content)
    else:
        content = None
        digest = hashlib.sha256()
        size = 0
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
        is_whole = size == opened.size
    if not is_whole or not opened.is_unchanged():
        return None
    return Document(planned, opened.size, opened.modified_us, digest.digest(), content)


def _all(opened: OpenDocument) -> bytes:
    content = opened.read(opened.size + 1)
    if len(content) <= opened.size and content:
        # A short read is rare, and so is a file that grew: ask until there is no more.
        while len(content) < opened.size and (more := opened.read(opened.size - len(content))):
            content += more
    return content
