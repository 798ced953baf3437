"""What a listing remembers of a million members: in temporary files, never in memory."""

import heapq
import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import IO, NamedTuple, Self

# What a run of records may take in memory before it is sorted and written out, in bytes.
_RUN = 4 * 1024 * 1024
_PER_RECORD = 41
_PIECE = 32 * 1024
_LENGTH = struct.Struct(">I")


class _Temporary(AbstractContextManager["_Temporary"]):
    """A nameless file that is gone when it is closed."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # What is still to be written when there is no room for it is not needed any more.
        with suppress(OSError):
            self._file.close()


class Sorted(_Temporary):
    """Byte strings given in any order, iterated in theirs: an external merge sort."""

    def __init__(self) -> None:
        super().__init__()
        self._run: list[bytes] = []
        self._held = 0
        self._ends = [0]

    def add(self, record: bytes) -> None:
        """Take a record."""
        self._run.append(record)
        self._held += len(record) + _PER_RECORD
        if self._held > _RUN:
            self._write()

    def __iter__(self) -> Iterator[bytes]:
        """Yield every record in order; equal ones follow each other."""
        self._write()
        self._file.flush()
        bounds = zip(self._ends, self._ends[1:], strict=False)
        return heapq.merge(*(self._records(begin, end) for begin, end in bounds))

    def _write(self) -> None:
        self._run.sort()
        for record in self._run:
            self._file.write(_LENGTH.pack(len(record)) + record)
        self._ends.append(self._file.tell())
        self._run, self._held = [], 0

    def _records(self, begin: int, end: int) -> Iterator[bytes]:
        # Not through the file object: the runs are read in turns, each at its own place.
        descriptor = self._file.fileno()
        piece = b""
        at = 0
        while begin < end or at < len(piece):
            size = _LENGTH.unpack_from(piece, at)[0] if at + _LENGTH.size <= len(piece) else None
            if size is None or at + _LENGTH.size + size > len(piece):
                wanted = max(_PIECE, size or 0)
                more = os.pread(descriptor, min(wanted, end - begin), begin)
                if not more:
                    raise OSError("a temporary file is shorter than what was written to it")
                begin += len(more)
                piece, at = piece[at:] + more, 0
                continue
            at += _LENGTH.size
            yield piece[at : at + size]
            at += size


class Listed(NamedTuple):
    """A document as it was found, until it is known whether the archive is to be trusted."""

    path: bytes
    size: int
    modified_us: int | None
    position: int
    crc: int | None


class Spool(_Temporary):
    """Documents in the order in which they were found."""

    _record = struct.Struct("<qqqII")
    _unknown = -(2**63)

    def add(self, listed: Listed) -> None:
        """Take a document."""
        modified = self._unknown if listed.modified_us is None else listed.modified_us
        self._file.write(
            self._record.pack(
                listed.position, listed.size, modified, listed.crc or 0, len(listed.path)
            )
            + listed.path
        )

    def finish(self) -> None:
        """Write down what is still in memory.

        Raises:
            OSError: there is no room for it.
        """
        self._file.flush()

    def __iter__(self) -> Iterator[Listed]:
        """Yield every document."""
        self._file.seek(0)
        while header := self._file.read(self._record.size):
            position, size, modified, crc, length = self._record.unpack(header)
            path = self._file.read(length)
            known = None if modified == self._unknown else modified
            yield Listed(path, size, known, position, crc)
