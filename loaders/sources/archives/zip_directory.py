"""The central directory of a zip archive, read as a stream; zip64 included.

The standard library's zipfile keeps all of it in memory: about 1 GB for a million members.
"""

import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from loaders.sources.archives.file import ArchiveFile, Damaged, Window

_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_EXTRA = struct.Struct("<2H")
_LONGEST_COMMENT = 65535
_ABSENT_32 = 0xFFFFFFFF
# The six fields of the end, where their values are too large and stand in zip64's end.
_ABSENT = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, _ABSENT_32, _ABSENT_32)
_LARGEST = 2**63 - 1
_ZIP_64, _EXTENDED_TIME, _UNICODE_PATH = 0x0001, 0x5455, 0x7075

ENCRYPTED = 0x1 | 0x40 | 0x2000
_NAME_IS_UTF_8 = 0x800


class CentralHeader(NamedTuple):
    """An entry of the directory. Sizes are in bytes, as declared; mode is Unix's, or 0.

    raw_name is repeated in the local header; name is the decoded one.
    """

    raw_name: bytes
    name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    mode: int
    modified_us: int | None
    local_at: int
    position: int


class CentralDirectory(NamedTuple):
    """Where the directory is in the file, and how many entries it should have."""

    begin: int
    end: int
    entries: int
    is_64: bool

    def headers(self, window: Window) -> Iterator[CentralHeader]:
        """Yield every entry.

        Raises:
            Damaged: the directory does not match the end of the archive.
        """
        at = self.begin
        count = 0
        while at < self.end:
            header, at = central_header(window, at)
            count += 1
            yield header
        # Without zip64 some archivers let the number overflow.
        if at != self.end or (
            count != self.entries if self.is_64 else count % 65536 != self.entries
        ):
            raise Damaged("its directory does not have the entries it should have")


def find_directory(file: ArchiveFile) -> CentralDirectory:
    """Find the directory by the end of the archive.

    Raises:
        Damaged: there is no end, it contradicts itself, or the archive has several parts.
    """
    start = max(0, file.size - _END.size - _LONGEST_COMMENT)
    tail = file.pread(start, file.size - start)
    found = tail.rfind(b"PK\x05\x06")
    while found >= 0:
        if found + _END.size <= len(tail):
            *fields, comment = _END.unpack_from(tail, found)
            if found + _END.size + comment == len(tail):
                return _directory(file, start + found, fields)
        found = tail.rfind(b"PK\x05\x06", 0, found)
    raise Damaged("it has no end: it is broken off, or something was added to it")


def _directory(file: ArchiveFile, end: int, fields: list[int]) -> CentralDirectory:
    _, disk, first_disk, count_here, count, size, begin = fields
    found_64 = _find_64(file, end)
    if found_64 is not None:
        end, long_fields = found_64
        short = (disk, first_disk, count_here, count, size, begin)
        for value, absent, long_value in zip(short, _ABSENT, long_fields, strict=True):
            if value not in (absent, long_value):
                raise Damaged("its end contradicts itself")
        disk, first_disk, count_here, count, size, begin = long_fields
    if disk or first_disk or count_here != count:
        raise Damaged("it is one part of several")
    if begin + size != end:
        raise Damaged("its directory is not where it should be")
    return CentralDirectory(begin, end, count, found_64 is not None)


def _find_64(file: ArchiveFile, end: int) -> tuple[int, tuple[int, ...]] | None:
    """Return where the zip64 end begins, and its fields in the order of the short end."""
    locator = file.pread(max(0, end - _LOCATOR_64.size), _LOCATOR_64.size)
    if end < _LOCATOR_64.size or not locator.startswith(b"PK\x06\x07"):
        return None
    _, _, at, _ = _LOCATOR_64.unpack(locator)
    record = file.pread(at, _END_64.size) if at < file.size else b""
    if len(record) < _END_64.size or not record.startswith(b"PK\x06\x06"):
        raise Damaged("its end contradicts itself")
    _, length, _, _, *fields = _END_64.unpack(record)
    if at + 12 + length != end - _LOCATOR_64.size:
        raise Damaged("its end contradicts itself")
    return at, tuple(fields)


def central_header(window: Window, at: int) -> tuple[CentralHeader, int]:
    """Return the entry at an offset, and the offset behind it.

    Raises:
        Damaged: there is none.
    """
    fixed = window.read_at(at, _CENTRAL.size)
    if len(fixed) < _CENTRAL.size or not fixed.startswith(b"PK\x01\x02"):
        raise Damaged("its directory is damaged")
    (_, _, _, flags, method, time, date, crc, packed_size, size, *rest) = _CENTRAL.unpack(fixed)
    name_size, extra_size, comment_size, _, _, attributes, local_at = rest
    variable = window.read_at(at + _CENTRAL.size, name_size + extra_size)
    if len(variable) < name_size + extra_size:
        raise Damaged("its directory is damaged")
    raw_name = name = variable[:name_size]
    modified_us = _dos_time(date, time)
    for key, value in _extras(variable[name_size:]):
        if key == _ZIP_64:
            size, packed_size, local_at = _long_sizes(value, size, packed_size, local_at)
        elif key == _EXTENDED_TIME and len(value) >= 5 and value[0] & 1:
            modified_us = int.from_bytes(value[1:5], "little", signed=True) * 1_000_000
        elif key == _UNICODE_PATH and not flags & _NAME_IS_UTF_8:
            name = _unicode_name(value, raw_name) or name
    header = CentralHeader(
        raw_name=raw_name,
        name=name,
        flags=flags,
        method=method,
        crc=crc,
        packed_size=packed_size,
        size=size,
        mode=attributes >> 16,
        modified_us=modified_us,
        local_at=local_at,
        position=at,
    )
    return header, at + _CENTRAL.size + name_size + extra_size + comment_size


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    # Some archivers pad the field with a few bytes.
    while at + _EXTRA.size <= len(extra):
        key, size = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        yield key, extra[at : at + size]
        at += size


def _long_sizes(value: bytes, size: int, packed_size: int, local_at: int) -> tuple[int, int, int]:
    """Return the three numbers; the zip64 field has those that did not fit, in this order."""
    at = 0
    numbers = []
    for number in (size, packed_size, local_at):
        if number == _ABSENT_32:
            if at + 8 > len(value):
                raise Damaged("its directory is damaged")
            number = int.from_bytes(value[at : at + 8], "little")
            at += 8
            if number > _LARGEST:
                raise Damaged("its directory is damaged")
        numbers.append(number)
    return numbers[0], numbers[1], numbers[2]


def _unicode_name(value: bytes, raw_name: bytes) -> bytes | None:
    # The field holds only as long as its checksum matches the name.
    if value[:1] != b"\x01" or int.from_bytes(value[1:5], "little") != zlib.crc32(raw_name):
        return None
    return value[5:]


def _dos_time(date: int, time: int) -> int | None:
    """Return microseconds since 1970; the local time has no zone and is read as UTC."""
    try:
        moment = datetime(
            1980 + (date >> 9),
            date >> 5 & 15,
            date & 31,
            time >> 11,
            time >> 5 & 63,
            (time & 31) * 2,
            tzinfo=UTC,
        )
    except ValueError:
        return None
    return int(moment.timestamp()) * 1_000_000
