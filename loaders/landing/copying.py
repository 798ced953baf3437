"""Copying a batch: documents, manifest rows and supersessions, in one transaction."""

import random
import time
from collections.abc import Sequence
from typing import NamedTuple

import psycopg
from psycopg import errors

from loaders.errors import WorkFailed
from loaders.landing import binary_copy as binary
from loaders.landing import ledger, quarantine
from loaders.landing.ledger import LandingTime
from loaders.landing.model import Counters, Document, Planned, Refusal
from loaders.landing.reading import ChangedWhileReading, read_document, stream
from loaders.landing.verdict import (
    CHANGED_WHILE_READING,
    explain,
    is_suspicious,
    refuse_unread,
)
from loaders.landing.versions import (
    INCOMING,
    current_versions,
    meet_current_versions,
    open_waiting_room,
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
    source_path, kind, verdict, size_bytes, modified_at, content_sha256, state,
    first_seen_at, last_changed_at, load_id
) from stdin (format binary)
"""


class BatchResult(NamedTuple):
    """What a batch adds to the counters, and the files that were gone when it came to them."""

    counters: Counters
    gone: tuple[str, ...]


def copy_batch(
    connection: psycopg.Connection, source: Source, load_id: int, batch: Sequence[Planned]
) -> BatchResult:
    """Read a batch and commit what becomes of it.

    Rows that changed under the batch (the app writes all the time) make it look again.

    Raises:
        WorkFailed: the ledger says that this load is over, or the batch met other writers
            too often.
        psycopg.Error: the connection or the server failed.
    """
    read = [(planned, read_document(source, planned)) for planned in batch]
    gone = tuple(planned.path for planned, outcome in read if outcome is None)
    outcomes = [outcome for _, outcome in read if outcome is not None]
    everything_known = False
    for attempt in range(_ATTEMPTS):
        try:
            with connection.transaction():
                counters = _commit(connection, source, load_id, outcomes, everything_known)
            return BatchResult(counters, gone)
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
    outcomes: Sequence[Document | Refusal],
    everything_known: bool,
) -> Counters:
    ledger.hold(connection, load_id)
    clock = ledger.landing_time(connection)
    documents = [outcome for outcome in outcomes if isinstance(outcome, Document)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    current = current_versions(connection, _known_paths(documents, everything_known))

    new, same, other = [], [], []
    for document in documents:
        there = current.get(document.planned.path)
        if there is None:
            new.append(document)
        elif there == (document.planned.kind, document.sha256):
            same.append(document)
        else:
            other.append(document)

    target = _Target(connection, source, load_id, clock)
    landed, refused = target.land("raw.documents", new)
    refusals += refused
    changed = history = 0
    if other:
        open_waiting_room(connection)
        met, refused = target.land(INCOMING, other)
        refusals += refused
        changed, history = meet_current_versions(connection, clock.at)
        same += met

    _write_manifest(connection, load_id, clock, [*landed, *same], refusals, everything_known)
    quarantine.resolve(connection, _known_paths([*landed, *same]), "landed", clock.at)
    quarantined = quarantine.record(connection, refusals, load_id, clock.at)

    arrived = len(landed) + changed + history
    return Counters(
        seen=len(outcomes),
        landed=arrived,
        changed=changed,
        unchanged=len(outcomes) - arrived - quarantined,
        quarantined=quarantined,
        bytes=sum(d.size for d in documents),
    )


def _known_paths(items: Sequence[Document | Refusal], everything_known: bool = False) -> list[str]:
    """Return the paths that the manifest had when the load was planned, or simply all."""
    return [
        item.planned.path
        for item in items
        if everything_known or item.planned.first_seen_us is not None
    ]


class _Target:
    """Where documents of one batch go, and what the server says of each."""

    def __init__(
        self, connection: psycopg.Connection, source: Source, load_id: int, clock: LandingTime
    ) -> None:
        self._connection = connection
        self._source = source
        self._tail = binary.int8(load_id) + binary.timestamptz(clock.unix_us)

    def land(
        self, table: str, documents: Sequence[Document]
    ) -> tuple[list[Document], list[Refusal]]:
        """Send documents to a table; return those it took and the refusals of the others."""
        together: list[Document] = []
        alone: list[Document] = []
        for document in documents:
            is_alone = document.content is None or is_suspicious(document.content)
            (alone if is_alone else together).append(document)
        landed: list[Document] = []
        refusals: list[Refusal] = []
        todo = [together, *([document] for document in alone)]
        while todo:
            group = todo.pop()
            if not group:
                continue
            try:
                with self._connection.transaction():
                    self._send(table, group)
                landed += group
            except ChangedWhileReading:
                refusals.append(refuse_unread(group[0].planned, CHANGED_WHILE_READING))
            except psycopg.Error as error:
                if not _is_documents_fault(error):
                    raise
                if len(group) == 1:
                    refusals.append(self._refusal(group[0], error))
                else:
                    middle = len(group) // 2
                    todo += [group[:middle], group[middle:]]
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
                copy.write(b"".join(self._head(d) + (d.content or b"") for d in documents))
            copy.write(binary.TRAILER)

    def _head(self, document: Document) -> bytes:
        planned = document.planned
        return (
            _NINE_COLUMNS
            + binary.text(planned.kind)
            + binary.text(planned.path)
            + binary.bytea(document.sha256)
            + binary.text(planned.session_key)
            + binary.text(planned.user_key)
            + binary.timestamptz(document.modified_us)
            + self._tail
            + binary.jsonb_head(document.size)
        )

    def _refusal(self, document: Document, error: psycopg.Error) -> Refusal:
        content = document.content
        if content is None:
            content = self._read_again(document)
        sqlstate = error.sqlstate or ""
        said = ": ".join(filter(None, (error.diag.message_primary, error.diag.message_detail)))
        if content or document.size == 0:
            reason, offset, first = explain(document.planned.path, content, sqlstate, said)
        else:
            reason, offset, first = f"{document.planned.path}: {said}", None, None
        return Refusal(
            planned=document.planned,
            size=document.size,
            modified_us=document.modified_us,
            sha256=document.sha256,
            code=sqlstate,
            reason=reason,
            byte_offset=offset,
            first_bytes=first,
        )

    def _read_again(self, document: Document) -> bytes:
        if document.size > _EXPLAINED_AT_MOST:
            return b""
        try:
            return b"".join(stream(self._source, document))
        except ChangedWhileReading:
            return b""


_NINE_COLUMNS = b"\x00\x09"


def _is_documents_fault(error: psycopg.Error) -> bool:
    """Tell a bad document from a bad day (design §4, "Whose fault an error is")."""
    sqlstate = error.sqlstate or ""
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
    planned = item.planned
    first_seen_us = clock.unix_us if planned.first_seen_us is None else planned.first_seen_us
    return binary.row(
        (
            binary.text(planned.path),
            binary.text(planned.kind),
            binary.text(planned.verdict),
            binary.int8(item.size),
            binary.timestamptz(item.modified_us),
            binary.bytea(item.sha256),
            binary.text(state),
            binary.timestamptz(first_seen_us),
            binary.timestamptz(clock.unix_us),
            binary.int8(load_id),
        )
    )
