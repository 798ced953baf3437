"""A tar archive as a source, gzipped or not."""

import zlib
from collections.abc import Callable, Iterator

from loaders.sources.archives.archive import Archive, Member
from loaders.sources.archives.file import ArchiveFile, Damaged, Refused, Window
from loaders.sources.archives.gunzip import Gunzipped
from loaders.sources.archives.limits import Limits, Meter
from loaders.sources.archives.tar_headers import (
    BLOCK,
    DUMPED_FOLDER,
    END,
    EXTENSIONS,
    LABEL,
    LONGEST_EXTENSION,
    Extended,
    Header,
    microseconds,
)
from loaders.sources.paths import Endings
from loaders.sources.source import Entry, Stamp

_PIECE = 1024 * 1024
# Archivers pad the last record, of twenty blocks; the padding may be anything.
_RECORD = 20 * BLOCK
# Larger documents may be opened twice: once to be hashed, once to be sent.
_WORTH_A_MARK = 512 * 1024


# The archive without its compression.
_Unpacked = Window | Gunzipped


class TarArchive(Archive):
    """The members of a tar archive. An entry's position is where its content begins.

    A gzipped archive is read by one process, which is fastest in the order of positions.
    """

    def __init__(
        self, file: ArchiveFile, root: str, limits: Limits, endings: Endings, *, is_packed: bool
    ) -> None:
        super().__init__(file, root, limits, endings)
        self.most_workers = 1 if is_packed else None
        self._is_packed = is_packed
        self._bytes: _Unpacked | None = None

    def _unpacked(self) -> _Unpacked:
        return Gunzipped(self._file) if self._is_packed else Window(self._file)

    def _members(self, meter: Meter) -> Iterator[Member]:
        archive = self._unpacked()
        general, special = Extended(), Extended()
        at = 0
        while (block := archive.read_at(at, BLOCK)) != END:
            header = Header.parse(block)
            at += BLOCK
            meter.header(BLOCK, archive.consumed)
            if header.kind in EXTENSIONS:
                extended = _extended(archive, at, header)
                if header.kind == b"g":
                    general = extended.over(general)
                else:
                    special = extended.over(special)
                meter.between(header.size, archive.consumed)
                at += _in_blocks(header.size)
                continue
            member = _member(header, special.over(general), at)
            special = Extended()
            if header.kind == LABEL:
                # Any text, such as a path of the machine that was packed.
                self._note(member.name, str(member.odd))
            else:
                yield member
            _read_through(archive, member, meter)
            at += _in_blocks(member.size)
        _read_to_the_end(archive, at, meter)

    def _reader(self, entry: Entry, stamp: Stamp) -> Callable[[int], bytes]:
        if self._bytes is None:
            self._bytes = self._unpacked()
        archive = self._bytes
        if stamp.size >= _WORTH_A_MARK:
            archive.mark(entry.position)
        at, end = entry.position, entry.position + stamp.size

        def read(size: int) -> bytes:
            nonlocal at
            wanted = min(size, end - at)
            content = archive.read_at(at, wanted)
            if len(content) < wanted:
                raise Refused("breaks off")
            at += wanted
            return content

        return read


def _member(header: Header, extended: Extended, position: int) -> Member:
    size = header.size if extended.size is None else extended.size
    return Member(
        header.name if extended.name is None else extended.name,
        header.is_folder,
        # The size of a plain folder only says how much it will hold; no content follows.
        0 if header.is_folder and header.kind != DUMPED_FOLDER else size,
        microseconds(extended.modified, header.modified),
        position,
        "is a sparse file" if extended.is_sparse else header.wrong,
        header.odd,
    )


def _extended(archive: _Unpacked, at: int, header: Header) -> Extended:
    if header.size > LONGEST_EXTENSION:
        raise Damaged(f"it has an extended header of {header.size:,} bytes")
    body = archive.read_at(at, header.size)
    if len(body) < header.size:
        raise Damaged("it breaks off")
    return Extended.parse(header.kind, body)


def _read_through(archive: _Unpacked, member: Member, meter: Meter) -> None:
    meter.begin(archive.consumed)
    at, end = member.position, member.position + member.size
    while at < end:
        content = archive.read_at(at, min(_PIECE, end - at))
        if not content:
            raise Refused("breaks off")
        at += len(content)
        meter.crc = zlib.crc32(content, meter.crc)
        meter.content(len(content), archive.consumed)


def _read_to_the_end(archive: _Unpacked, at: int, meter: Meter) -> None:
    at += BLOCK
    # Two blocks of zeros mark the end; some archivers write only one.
    if archive.read_at(at, BLOCK).strip(b"\0"):
        raise Damaged("it goes on after the mark of its end")
    record = at // _RECORD * _RECORD + _RECORD
    while content := archive.read_at(at, _PIECE):
        meter.between(len(content), archive.consumed)
        if content[max(0, record - at) :].strip(b"\0"):
            raise Damaged("it goes on after the mark of its end")
        at += len(content)


def _in_blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
