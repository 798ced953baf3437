"""The store: documents in PostgreSQL, configuration in files, by the rules of their paths."""

import json
import os
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulse_store.counters import OnEvent
from pulse_store.errors import (
    BlindWrite,
    NotStorable,
    ReadOnlyPath,
    StoreConflict,
    StoreUnavailable,
)
from pulse_store.fence import ELSEWHERE, Fence
from pulse_store.files import Files, read_document
from pulse_store.process import Process
from pulse_store.rules import Rules
from pulse_store.settings import FILES, Settings
from pulse_store.storable import as_stored, refuse_no_path, refuse_no_text, why_no_path

if TYPE_CHECKING:
    from pulse_store import statements
    from pulse_store.database import Deadline

# psycopg is imported with the first call: it takes longer than all the rest.

# Waiting for a server that restarts.
_SETTLE_PAUSE = 0.1
_REPORT_WAIT = 0.25


@dataclass(frozen=True)
class Version:
    """A document as it was read, and its number, for write_if."""

    document: Any
    number: int


class Store:
    """A store by its settings, those of the environment by default; connects when first used."""

    def __init__(
        self, settings: Settings | None = None, *, on_event: OnEvent | None = None
    ) -> None:
        self.settings = settings or Settings.from_environment()
        self._on_event = on_event
        self._fence = Fence()
        self._process = Process(self.settings, on_event)
        # What a fork inherits is kept: closing it would end the parent's connections.
        self._inherited: list[Process] = []
        _stores.add(self)

    @property
    def counters(self) -> Mapping[str, float]:
        """The counts of this process so far."""
        return self._process.counters.snapshot()

    def close(self) -> None:
        """Close idle connections; the next call opens new ones."""
        self._process.close()

    def read_json(self, path: str) -> Any | None:  # noqa: ANN401 - any JSON
        """Return the document at a path; None means one thing only: there is no such document.

        Raises:
            StoreUnavailable: it could not be read; writes of the path are refused until a read
                of it succeeds.
        """
        with self._call("read_json"):
            found = self._read(path)
        return None if found is None else found.document

    def read_version(self, path: str) -> Version | None:
        """Return the document with its version, None if there is none; see read_json."""
        with self._call("read_version"):
            return self._read(path)

    def exists(self, path: str) -> bool:
        """Return whether there is such a document; a failure is one of read_json."""
        with self._call("exists"):
            if why_no_path(path):
                return False
            from pulse_store import statements

            deadline = self._deadline()
            try:
                rules = self._process.rules(deadline)
                if not rules.is_stored(path):
                    files = self._files_for(path, rules)
                    return files is not None and files.exists(path)
                is_there = statements.exists(self._process.pool, path, deadline)
            except BaseException:
                self._fence.read_failed(path, of_existence=True)
                raise
            if is_there:
                self._fence.found(path)
            else:
                self._fence.read_succeeded(path, 0)
            return is_there

    def list_names(self, prefix: str) -> list[str]:
        """Return the names that begin with a plain prefix, in the order of their bytes.

        Raises:
            StoreUnavailable: they could not be listed.
        """
        with self._call("list_names"):
            if _begins_no_path(prefix):
                return []
            from pulse_store import statements

            deadline = self._deadline()
            rules = self._process.rules(deadline)
            found = statements.names(self._process.pool, prefix, deadline, self._deadline)
            names = {name for name in found if rules.is_stored(name)}
            files = self._process.files
            if files is None and rules.are_files(prefix):
                raise StoreUnavailable(
                    f"{prefix} is configuration, and no files are named: set {FILES}."
                )
            if files is not None and rules.may_list_files(prefix):
                listed = files.list(prefix)
                names.update(name for name in listed if not rules.is_stored(name))
            # The order of code points is that of UTF-8.
            return sorted(names)

    def write_json(self, path: str, document: Any) -> None:  # noqa: ANN401 - any JSON
        """Write a document over whatever is there; return after the commit.

        Raises:
            NotStorable, ReadOnlyPath: it can never be written there.
            BlindWrite: the last read of the path failed in this thread or task.
            StoreUnavailable: it was not written, or the message says that nobody knows.
        """
        with self._call("write_json"):
            text = self._checked(path, document)
            deadline = self._deadline()
            # A write that was sent long ago, and is thought lost, does not replace newer ones.
            seen = self._fence.version_seen(path)
            if seen == ELSEWHERE:
                self._refuse_unwritable(path, self._process.rules(deadline))
                self._process.counters.note("blind_write")
                raise BlindWrite(
                    f"{path} has moved to the database since it was read here. Read it again first."
                )
            try:
                version = self._write(path, text, seen, deadline)
            except StoreConflict:
                # The last write wins, but whoever runs this should know how often.
                self._process.counters.note("overwritten_unseen")
                version = self._write(path, text, None, deadline)
            if seen is not None:
                self._fence.written(path, version)

    def write_if(self, path: str, document: Any, version: Version | None) -> Version:  # noqa: ANN401
        """Write a document if its path still has that version; None: if there is none yet.

        Raises:
            StoreConflict: somebody else was faster; read it again and decide anew.
            NotStorable, ReadOnlyPath, BlindWrite, StoreUnavailable: as write_json.
        """
        with self._call("write_if"):
            text = self._checked(path, document)
            expected = 0 if version is None else version.number
            number = self._write(path, text, expected, self._deadline())
            self._fence.written(path, number)
            return Version(document, number)

    def query(
        self,
        name: str,
        query: str,
        parameters: tuple[object, ...],
        shaped: Callable[[list[tuple[Any, ...]]], Any],
        *,
        is_cached: bool = False,
    ) -> Any:  # noqa: ANN401 - any JSON
        """Return what is made of the rows of a reader's query, counted under its name.

        Raises:
            StoreUnavailable: there is no answer; or the marts were never built.
        """
        with self._call(name):
            from pulse_store import statements

            process, deadline = self._process, self._deadline()

            def ask() -> Any:  # noqa: ANN401 - any JSON
                return shaped(statements.rows(process.pool, query, parameters, deadline))

            if not is_cached or process.cache is None:
                return ask()
            question = [name, *map(str, parameters)]
            return process.cache.answer(question, ask, deadline)

    def note(self, name: str) -> None:
        """Count something that happened around the store, such as an error that was swallowed."""
        self._process.counters.note(name)

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        """Count a call, and report the counters after one that succeeded."""
        with self._process.counters.call(name):
            yield
        self._report_if_due()

    def _deadline(self) -> "Deadline":
        from pulse_store.database import Deadline

        return Deadline(self.settings.call_seconds)

    def _read(self, path: str) -> Version | None:
        if why_no_path(path):
            return None
        from pulse_store import statements

        deadline = self._deadline()
        try:
            rules = self._process.rules(deadline)
            if not rules.is_stored(path):
                files = self._files_for(path, rules)
                document = None if files is None else read_document(files, path)
                self._fence.read_succeeded(path, ELSEWHERE)
                return None if document is None else Version(document, 0)
            row = statements.read(self._process.pool, path, deadline)
            found = None if row is None else Version(_parsed(row[1], path), row[0])
            if found is not None:
                self._process.saw(found.number)
        except BaseException:
            self._fence.read_failed(path)
            raise
        self._fence.read_succeeded(path, found.number if found else 0)
        return found

    def _checked(self, path: str, document: Any) -> bytes:  # noqa: ANN401 - any JSON
        """Return a document's bytes, unless they must not be written."""
        refuse_no_path(path)
        text = as_stored(path, document)
        try:
            self._fence.refuse_blind_write(path)
        except BlindWrite:
            self._process.counters.note("blind_write")
            raise
        return text

    def _write(self, path: str, text: bytes, expected: int | None, deadline: "Deadline") -> int:
        """Write a document once, also where the connection is lost on the way."""
        from pulse_store import statements

        process = self._process
        self._refuse_unwritable(path, process.rules(deadline))
        write = statements.Write(path, text, process.newest)
        # Time remains to find out what became of it.
        patience = deadline.within(deadline.left * 0.75)
        lost: statements.CommitUnknown | None = None
        while True:
            try:
                if expected is None:
                    version = process.queues.send(process.pool, write, patience)
                else:
                    version = statements.send(process.pool, write, expected, patience)
                process.saw(version)
                return version
            except statements.RulesChanged:
                process.forget_rules()
                self._refuse_unwritable(path, process.rules(deadline))
                raise StoreUnavailable(f"The rules for {path} are being changed.") from None
            except statements.CommitUnknown as unknown:
                lost = unknown
                found = self._settle(write, lost, deadline)
            except StoreConflict:
                # The attempt that was lost may have come through meanwhile.
                found = self._settle(write, lost, deadline) if lost else None
                if found is None:
                    raise
            except statements.Passing:
                found = None
                if not deadline.left:
                    raise
            if found is not None:
                process.counters.note("settled")
                process.saw(found)
                return found
            patience = deadline

    def _settle(
        self, write: "statements.Write", lost: "statements.CommitUnknown", deadline: "Deadline"
    ) -> int | None:
        """Return the version that a write made whose commit is unknown, None if it made none.

        Raises:
            StoreUnavailable: nobody can say before the deadline.
        """
        from pulse_store import statements

        while True:
            try:
                return statements.find_written(self._process.pool, write, lost.process, deadline)
            except StoreUnavailable as error:
                if deadline.left <= _SETTLE_PAUSE:
                    raise StoreUnavailable(
                        f"Nobody knows whether {write.path} was written: {lost} Read it before "
                        "you write it again."
                    ) from error
            time.sleep(_SETTLE_PAUSE)

    def _refuse_unwritable(self, path: str, rules: Rules) -> None:
        rule = rules.of(path)
        if rule is None:
            raise NotStorable(f"{path} is of no kind that config/document_kinds.json lists.")
        if not rule.is_stored:
            raise ReadOnlyPath(
                f"{path} is configuration (kind {rule.kind}): it comes from files, and changes by "
                "a deployment."
            )

    def _files_for(self, path: str, rules: Rules) -> Files | None:
        """Return where a path that is no document may be; None: nowhere."""
        files = self._process.files
        if files is None and rules.of(path) is not None:
            raise StoreUnavailable(
                f"{path} is configuration, and no files are named: set {FILES} to their directory, "
                "or to az://container/prefix."
            )
        return files

    def _report_if_due(self) -> None:
        """Bring the counters to the database, once a minute, by the call that comes next."""
        process, now = self._process, time.monotonic()
        if now < process.report_at:
            return
        process.report_at = now + self.settings.report_seconds
        from pulse_store import statements

        instance = f"{self.settings.instance}/{process.pid}"
        counters = json.dumps(process.counters.snapshot())
        deadline = self._deadline().within(_REPORT_WAIT)
        try:
            statements.report(process.pool, instance, counters, deadline)
        except StoreUnavailable:
            process.counters.note("report_failed")

    def _after_fork(self) -> None:
        self._inherited.append(self._process)
        self._process = Process(self.settings, self._on_event)


def _parsed(text: str, path: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        # Such as a number of ten thousand digits, which a file brought.
        raise StoreUnavailable(f"Python cannot read {path}: {error}.") from error


def _begins_no_path(prefix: str) -> bool:
    """Return whether no path can begin so; a directory would list what lies outside of it."""
    refuse_no_text(prefix)
    try:
        prefix.encode()
    except UnicodeEncodeError:
        return True
    folders = prefix.split("/")[:-1]
    return "\x00" in prefix or any(folder in ("", ".", "..") for folder in folders)


_stores: "weakref.WeakSet[Store]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for store in list(_stores):
        store._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
