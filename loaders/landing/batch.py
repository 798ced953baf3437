"""Copies a batch: documents, manifest rows and supersessions, in one transaction."""

import random
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import psycopg
from psycopg import errors

from loaders.errors import WorkFailed
from loaders.landing import binary_copy as binary
from loaders.landing import ledger
from loaders.landing.ledger import LandingTime
from loaders.landing.model import LARGEST_IN_BATCH, Counters, Document, Planned, Refusal
from loaders.landing.quarantine import entries as quarantine
from loaders.landing.quarantine.reasons import (
    Explanation,
    explain,
    is_doubtful,
    without_the_bytes,
)
from loaders.landing.reading import ChangedWhileReading, read_again, read_documents, stream
from loaders.landing.versions import (
    INCOMING,
    create_incoming_table,
    current_versions,
    settle_against_current,
)
from loaders.sources.source import Source

_ATTEMPTS = 6
_EXPLAINED_AT_MOST = 64 * 1024 * 1024

_COPY_DOCUMENTS = """
copy {} (
    kind, source_path, content_sha256, session_key, user_key, source_modified_at,
    load_id, landed_at, payload
) from stdin (format binary)
"""

_COPY_FILES = """
copy raw.files (
    source_path, kind, verdict, size_bytes, modified_at, etag, content_sha256, state,
    first_seen_at, last_changed_at, load_id
) from stdin (format binary)
"""


class BatchResult(NamedTuple):
    """What a batch adds to the counters, and the files that had vanished before they were read."""

    counters: Counters
    gone: tuple[str, ...]


def copy_batch(
    connection: psycopg.Connection, source: Source, load_id: int, batch: Sequence[Planned]
) -> BatchResult:
    """Read a batch and commit its documents, refusals and manifest rows.

    If the application changes its rows meanwhile, the batch is tried again.

    Raises:
        WorkFailed: the ledger says that this load is over, or the batch conflicted with other
            writers too often.
        psycopg.Error: the connection or the server failed.
    """
    # A folder that changes while it is listed may show a name twice.
    once = list({planned.path: planned for planned in batch}.values())
    read = read_documents(source, once)
    everything_known = False
    for attempt in range(_ATTEMPTS):
        try:
            with connection.transaction():
                counters = _commit(
                    connection, source, load_id, read.documents, read.refusals, everything_known
                )
            return BatchResult(counters, tuple(read.gone))
        except ChangedWhileReading as error:
            is_last_try = attempt == _ATTEMPTS - 2
            read = read_again(source, read, error.document, is_last_try=is_last_try)
        except (errors.UniqueViolation, errors.SerializationFailure, errors.DeadlockDetected):
            everything_known = True
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - spreads retries
    raise WorkFailed(
        f"A batch from {batch[0].path} on met other writers {_ATTEMPTS} times. Load again."
    )


def _commit(
    connection: psycopg.Connection,
    source: Source,
    load_id: int,
    documents: Sequence[Document],
    unread: Sequence[Refusal],
    everything_known: bool,
) -> Counters:
    ledger.hold(connection, load_id)
    clock = ledger.landing_time(connection)
    refusals = list(unread)
    current = current_versions(connection, _known_paths(documents, everything_known))

    new, same, other = [], [], []
    for document in documents:
        there = current.get(document.planned.path)
        if there is None:
            new.append(document)
        elif there == (document.planned.match.kind, document.sha256):
            same.append(document)
        else:
            other.append(document)

    target = _Target(connection, source, load_id, clock)
    landed, refused = target.land("raw.documents", new)
    refusals += refused
    changed = history = 0
    if other:
        create_incoming_table(connection)
        met, refused = target.land(INCOMING, other)
        refusals += refused
        changed, history = settle_against_current(connection, clock.at)
        same += met

    _write_manifest(connection, load_id, clock, [*landed, *same], refusals, everything_known)
    quarantine.resolve(connection, _known_paths([*landed, *same]), "landed", clock.at)
    quarantined = quarantine.record(connection, refusals, load_id, clock.at)

    seen = len(documents) + len(unread)
    arrived = len(landed) + changed + history
    return Counters(
        seen=seen,
        landed=arrived,
        changed=changed,
        unchanged=seen - arrived - quarantined,
        quarantined=quarantined,
        bytes=sum(document.stamp.size for document in documents),
    )


def _known_paths(items: Sequence[Document | Refusal], everything_known: bool = False) -> list[str]:
    """Return the paths that the manifest had when the load was planned, or all."""
    return [
        item.planned.path
        for item in items
        if everything_known or item.planned.first_seen_us is not None
    ]


class _Target:
    """Sends the documents of one batch, and turns the server's errors into refusals."""

    def __init__(
        self, connection: psycopg.Connection, source: Source, load_id: int, clock: LandingTime
    ) -> None:
        self._connection = connection
        self._source = source
        self._tail = binary.int8(load_id) + binary.timestamptz(clock.unix_us)

    def land(
        self, table: str, documents: Sequence[Document]
    ) -> tuple[list[Document], list[Refusal]]:
        """Send documents to a table; return those it accepted, and the refusals of the others."""
        landed: list[Document] = []
        refusals: list[Refusal] = []
        todo = _groups(documents)
        while todo:
            group = todo.pop()
            try:
                with self._connection.transaction():
                    self._send(table, group)
                landed += group
            except psycopg.Error as error:
                if not _is_documents_fault(error, group):
                    raise
                if len(group) == 1:
                    refusals.append(self._refusal(group[0], error))
                else:
                    half = len(group) // 2
                    todo += [group[:half], group[half:]]
        return landed, refusals

    def _send(self, table: str, documents: Sequence[Document]) -> None:
        # The table's name is one of the two constants above, never input.
        with self._connection.cursor().copy(_COPY_DOCUMENTS.format(table).encode()) as copy:
            copy.write(binary.HEADER)
            if documents[0].content is None:
                copy.write(self._head(documents[0]))
                for chunk in stream(self._source, documents[0]):
                    copy.write(chunk)
            else:
                pieces: list[bytes] = []
                for document in documents:
                    pieces += (self._head(document), document.content or b"")
                copy.write(b"".join(pieces))
            copy.write(binary.TRAILER)

    def _head(self, document: Document) -> bytes:
        planned, stamp, sha256, _ = document
        match = planned.match
        return b"".join(
            (
                _NINE_COLUMNS,
                binary.repeated_text(match.kind),
                binary.text(planned.entry.path),
                binary.bytea(sha256),
                binary.repeated_text(match.session_key),
                binary.repeated_text(match.user_key),
                binary.timestamptz(stamp.modified_us),
                self._tail,
                binary.jsonb_head(stamp.size),
            )
        )

    def _refusal(self, document: Document, error: psycopg.Error) -> Refusal:
        sqlstate = error.sqlstate or ""
        said = ": ".join(filter(None, (error.diag.message_primary, error.diag.message_detail)))
        return Refusal(
            document.planned,
            document.stamp,
            document.sha256,
            sqlstate,
            *self._explanation(document, sqlstate, said),
        )

    def _explanation(self, document: Document, sqlstate: str, said: str) -> Explanation:
        path, content = document.planned.path, document.content
        if content is None:
            if document.stamp.size > _EXPLAINED_AT_MOST:
                return without_the_bytes(path, said)
            try:
                content = b"".join(stream(self._source, document))
            except ChangedWhileReading:
                return without_the_bytes(path, said)
        return explain(path, content, sqlstate, said)


_NINE_COLUMNS = b"\x00\x09"


def _groups(documents: Iterable[Document]) -> list[list[Document]]:
    """Return one group to send together; large and doubtful documents are sent alone."""
    together: list[Document] = []
    alone: list[list[Document]] = []
    for document in documents:
        if document.content is None or is_doubtful(document.content):
            alone.append([document])
        else:
            together.append(document)
    return [together, *alone] if together else alone


def _is_documents_fault(error: psycopg.Error, group: Sequence[Document]) -> bool:
    """Return whether the document caused the error (docs/design.md §4, "Whose fault an error is").

    Near 1 GiB the server fails to allocate the parsed document, and reports an internal error.
    """
    sqlstate = error.sqlstate or ""
    if sqlstate == "XX000":
        alone = len(group) == 1 and group[0].stamp.size > LARGEST_IN_BATCH
        # The source file of the server's allocators; the message may be in any language.
        return alone and error.diag.source_file == "mcxt.c"
    return sqlstate.startswith("22") or sqlstate in ("54000", "54001")


def _write_manifest(
    connection: psycopg.Connection,
    load_id: int,
    clock: LandingTime,
    good: Sequence[Document],
    refusals: Sequence[Refusal],
    everything_known: bool,
) -> None:
    known = _known_paths([*good, *refusals], everything_known)
    if known:
        connection.execute("delete from raw.files where source_path = any (%s)", (known,))
    rows = [_manifest_row(item, "landed", load_id, clock) for item in good]
    rows += [_manifest_row(item, "quarantined", load_id, clock) for item in refusals]
    with connection.cursor().copy(_COPY_FILES.encode()) as copy:
        copy.write(binary.HEADER + b"".join(rows) + binary.TRAILER)


def _manifest_row(item: Document | Refusal, state: str, load_id: int, clock: LandingTime) -> bytes:
    entry, match, _, _, first_seen_us = item.planned
    size, modified_us, etag = item.stamp
    now = binary.timestamptz(clock.unix_us)
    return binary.row(
        (
            binary.text(entry.path),
            binary.repeated_text(match.kind),
            binary.repeated_text(match.disposition),
            binary.int8(size),
            binary.timestamptz(modified_us),
            binary.text(etag),
            binary.bytea(item.sha256),
            binary.repeated_text(state),
            now if first_seen_us is None else binary.timestamptz(first_seen_us),
            now,
            binary.int8(load_id),
        )
    )
