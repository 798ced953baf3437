"""A gzip stream that can be read at any offset; going back a little is cheap."""

import zlib
from typing import NamedTuple, Protocol

from loaders.sources.archives.file import ArchiveFile, Damaged

_PACKED = 32 * 1024
_UNPACKED = 64 * 1024
# A mark keeps zlib's window and both pieces: about 150 kB.
_MOST_MARKS = 16


class _Inflater(Protocol):
    """zlib's decompression object, whose class has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...
    def copy(self) -> "_Inflater": ...


class _Mark(NamedTuple):
    begin: int
    ready: bytes
    inflater: _Inflater
    packed_at: int
    packed: bytes


class Gunzipped:
    """The content of a file of one or more gzip streams, whose checksums are verified.

    Reading forwards continues at the cursor. Reading backwards starts again at the nearest
    mark, or else at the beginning of the file.
    """

    def __init__(self, file: ArchiveFile) -> None:
        self._file = file
        self._marks: dict[int, _Mark] = {}
        self._restore(_Mark(0, b"", zlib.decompressobj(31), 0, b""))

    @property
    def consumed(self) -> int:
        """How many compressed bytes have been read."""
        return self._packed_at - len(self._packed)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return size bytes of the content from offset, fewer only where it ends.

        Raises:
            Damaged: the stream breaks off, or does not match its checksum.
        """
        if not self._go_to(offset):
            return b""
        begin = offset - self._begin
        content = self._ready[begin : begin + size]
        if len(content) == size:
            return content
        pieces = [content]
        left = size - len(content)
        while left and self._advance():
            pieces.append(self._ready[:left])
            left -= len(pieces[-1])
        return b"".join(pieces)

    def mark(self, offset: int) -> None:
        """Make it quick to return to offset; of more than 16 marks the oldest is dropped."""
        if not self._go_to(offset) or self._begin in self._marks:
            return
        if len(self._marks) == _MOST_MARKS:
            del self._marks[next(iter(self._marks))]
        self._marks[self._begin] = _Mark(
            self._begin, self._ready, self._inflater.copy(), self._packed_at, self._packed
        )

    def _go_to(self, offset: int) -> bool:
        """Move the cursor to the piece that holds offset; False if the content ends before it."""
        if self._begin <= offset < self._begin + len(self._ready):
            return True
        here = self._begin if self._begin <= offset else -1
        behind = [mark for mark in self._marks.values() if here < mark.begin <= offset]
        if behind:
            self._restore(max(behind, key=lambda mark: mark.begin))
        elif here < 0:
            self._restore(_Mark(0, b"", zlib.decompressobj(31), 0, b""))
        while offset >= self._begin + len(self._ready):
            if not self._advance():
                return False
        return True

    def _restore(self, mark: _Mark) -> None:
        self._begin, self._ready, inflater, self._packed_at, self._packed = mark
        # The mark may be needed again.
        self._inflater = inflater.copy()

    def _advance(self) -> bool:
        """Unpack the next piece; False at the end."""
        self._begin += len(self._ready)
        self._ready = b""
        while not self._ready:
            if self._inflater.eof and not self._begin_next_stream():
                return False
            if not self._packed:
                self._fetch()
            try:
                self._ready = self._inflater.decompress(self._packed, _UNPACKED)
            except zlib.error as error:
                raise Damaged(f"its gzip stream is damaged ({_reason(error)})") from None
            if not (self._ready or self._packed or self._inflater.eof):
                raise Damaged("its gzip stream breaks off")
            self._packed = self._inflater.unconsumed_tail or self._inflater.unused_data
        return True

    def _begin_next_stream(self) -> bool:
        """Begin the next stream; False if there is none.

        Tapes are padded with zeros, and 'cat a.gz b.gz' is a gzip file too.
        """
        while not self._packed.strip(b"\0"):
            if not self._fetch():
                return False
        if self._packed[0] == 0:
            raise Damaged("it has other data after its gzip stream")
        self._inflater = zlib.decompressobj(31)
        return True

    def _fetch(self) -> bool:
        self._packed = self._file.pread(self._packed_at, _PACKED)
        self._packed_at += len(self._packed)
        return bool(self._packed)


def _reason(error: zlib.error) -> str:
    # The message is: Error -3 while decompressing data: incorrect data check.
    return str(error).rpartition(": ")[2]
