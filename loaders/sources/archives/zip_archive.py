"""A zip archive as a source."""

import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing

from loaders.sources.archives.archive import Archive, Member
from loaders.sources.archives.file import ArchiveFile, Refused, Window
from loaders.sources.archives.limits import Limits, Meter
from loaders.sources.archives.spill import Spill
from loaders.sources.archives.zip_directory import (
    ENCRYPTED,
    CentralHeader,
    central_header,
    find_directory,
)
from loaders.sources.paths import Endings
from loaders.sources.source import Entry, Stamp

_LOCAL = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_PIECE = 1024 * 1024
_PACKED = 64 * 1024


class ZipArchive(Archive):
    """The members of a zip archive. An entry's position is that of its directory entry.

    Only that always has the sizes and the checksum: the local headers of an archive written
    as a stream do not.
    """

    def __init__(self, file: ArchiveFile, root: str, limits: Limits, endings: Endings) -> None:
        super().__init__(file, root, limits, endings)
        # One window for the directory, one for the contents.
        self._headers = Window(file)
        self._contents = Window(file)

    def _members(self, meter: Meter) -> Iterator[Member]:
        directory = find_directory(self._file)
        consumed = 0
        with closing(Spill("local_at", "content_end", "name")) as extents:
            for header in directory.headers(self._headers):
                consumed += len(header.raw_name)
                meter.header(0, consumed)
                yield _member(header)
                content = ZipContent(self._contents, header, directory.begin)
                meter.begin(consumed)
                while piece := content.read(_PIECE):
                    meter.content(len(piece), consumed + content.consumed)
                consumed += content.consumed
                meter.crc = header.crc
                extents.add(header.local_at, content.end, header.raw_name)
            _refuse_overlaps(extents)

    def _reader(self, entry: Entry, stamp: Stamp) -> Callable[[int], bytes]:
        header, _ = central_header(self._headers, entry.position)
        if header.size != stamp.size:
            raise Refused("is not the member that was listed")
        return ZipContent(self._contents, header, self._file.size).read


class ZipContent:
    """The content of one member, unpacked and compared with its checksum as it is read.

    limit is the offset in the file where the content must have ended.

    Raises:
        Refused: the two headers of the member differ, or the content reaches beyond limit.
    """

    def __init__(self, window: Window, header: CentralHeader, limit: int) -> None:
        self._window = window
        self._header = header
        self._at = _content_begin(window, header, limit)
        self.end = self._at + header.packed_size
        if self.end > limit:
            raise Refused("reaches beyond the end of what the archive holds")
        self._inflater = zlib.decompressobj(-15) if header.method == _DEFLATED else None
        self._packed = b""
        self._produced = 0
        self._crc = 0
        self._is_over = False

    @property
    def consumed(self) -> int:
        """How many packed bytes of the member have been read."""
        return self._header.packed_size - (self.end - self._at) - len(self._packed)

    def read(self, size: int) -> bytes:
        """Return at most size further bytes; none at the end.

        Raises:
            Refused: the content is not what its header declares.
        """
        if self._is_over:
            return b""
        # One byte more than declared, so that longer content is noticed at once.
        content = self._unpack(min(size, self._header.size - self._produced + 1))
        self._produced += len(content)
        self._crc = zlib.crc32(content, self._crc)
        if self._produced > self._header.size:
            raise Refused("unpacks to more than its header declares")
        if self._produced == self._header.size or not content:
            self._finish()
        return content

    def _unpack(self, size: int) -> bytes:
        if self._inflater is None:
            return self._fetch(size)
        while not self._inflater.eof:
            if not self._packed:
                self._packed = self._fetch(_PACKED)
            try:
                content = self._inflater.decompress(self._packed, size)
            except zlib.error:
                raise Refused("is damaged") from None
            is_stuck = not (content or self._packed or self._inflater.eof)
            self._packed = self._inflater.unconsumed_tail
            if content:
                return content
            if is_stuck:
                raise Refused("breaks off")
        return b""

    def _fetch(self, size: int) -> bytes:
        content = self._window.read_at(self._at, min(size, self.end - self._at))
        self._at += len(content)
        return content

    def _finish(self) -> None:
        """Make sure that nothing is left over and that the checksum matches."""
        self._is_over = True
        if self._produced < self._header.size or self._unpack(1):
            raise Refused("unpacks to another size than its header declares")
        is_left = self._at < self.end or (self._inflater and self._inflater.unused_data)
        if is_left or self._crc != self._header.crc:
            raise Refused("does not match its checksum")


def _member(header: CentralHeader) -> Member:
    is_folder = header.name.endswith(b"/")
    return Member(
        header.name,
        is_folder,
        header.size,
        header.modified_us,
        header.position,
        _wrong(header),
    )


def _wrong(header: CentralHeader) -> str | None:
    kind = stat.S_IFMT(header.mode)
    if kind == stat.S_IFLNK:
        return "is a symbolic link"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is neither a file nor a folder"
    if header.flags & ENCRYPTED:
        return "is encrypted"
    if header.method not in (_STORED, _DEFLATED):
        return f"is packed by method {header.method}, where only 0 and 8 (deflate) are read"
    return None


def _content_begin(window: Window, header: CentralHeader, limit: int) -> int:
    """Return where the content begins, behind a local header that must match the directory."""
    at = header.local_at
    fixed = window.read_at(at, _LOCAL.size) if at < limit else b""
    if len(fixed) < _LOCAL.size or not fixed.startswith(b"PK\x03\x04"):
        raise Refused("is not where the directory says")
    _, _, flags, method, *_, name_size, extra_size = _LOCAL.unpack(fixed)
    name = window.read_at(at + _LOCAL.size, name_size)
    if name != header.raw_name or method != header.method:
        raise Refused("is another one in its own header than in the directory")
    if flags & ENCRYPTED:
        raise Refused("is encrypted")
    begin: int = at + _LOCAL.size + name_size + extra_size
    return begin


def _refuse_overlaps(extents: Spill) -> None:
    before = 0
    for begin, end, name in extents.rows("order by local_at, content_end"):
        if begin < before:
            raise Refused("overlaps another", name)
        before = end
