"""Archives for tests: well-made ones of every kind, and zip archives forged byte by byte."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from loaders.sources.archives import Limits, open_archive
from loaders.sources.archives.file import ArchiveFile
from loaders.sources.source import Source

KINDS = ("zip", "tar", "tar.gz")
MODIFIED = 1_700_000_000


def packed(path: Path, files: Mapping[str, bytes]) -> Path:
    """Pack files, in the order given, as the path's name says."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as opened:
            for name, content in files.items():
                opened.addfile(tar_member(name, len(content)), io.BytesIO(content))
    return path


def tar_member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    """Return the header of a tar member."""
    member = tarfile.TarInfo(name)
    member.size, member.type, member.mtime = size, kind, MODIFIED
    return member


def contents(source: Source, prefix: str = "") -> dict[str, bytes]:
    """List a source, open everything, and return what was read by path."""
    found = {}
    for entry in source.list(prefix):
        assert entry.problem is None
        assert entry.stamp is not None
        assert source.look(entry) == entry
        with source.open(entry) as document:
            found[entry.path] = b"".join(iter(lambda: document.read(65_000), b""))
            assert document.stamp() == entry.stamp
        assert len(found[entry.path]) == entry.stamp.size
    return found


def read(path: Path, root: str = "", limits: Limits | None = None) -> dict[str, bytes]:
    """Return everything in an archive by path."""
    return contents(open_archive(path, root, limits))


@dataclass(frozen=True)
class Part:
    """A member of a forged zip archive; None is what an honest archiver writes."""

    name: bytes
    content: bytes = b"{}"
    method: int = 0
    flags: int = 0
    mode: int = 0
    size: int | None = None
    packed_size: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    local_at: int | None = None
    date: int = 0x5A21
    extra: bytes = b""
    hidden: bool = False


def forge(path: Path, *parts: Part, **end: int) -> Path:
    """Write a zip archive; end overrides disk, entries, size or begin of the directory."""
    body, directory, count = b"", b"", 0
    for part in parts:
        content = deflated(part.content) if part.method == 8 else part.content
        size = len(part.content) if part.size is None else part.size
        packed_size = len(content) if part.packed_size is None else part.packed_size
        crc = zlib.crc32(part.content) if part.crc is None else part.crc
        name = part.name if part.local_name is None else part.local_name
        common = (part.flags, part.method, 0, part.date, crc, packed_size, size)
        at = len(body) if part.local_at is None else part.local_at
        body += struct.pack("<4s5H3I2H", b"PK\3\4", 20, *common, len(name), 0) + name + content
        if part.hidden:
            continue
        count += 1
        lengths = (len(part.name), len(part.extra), 0, 0, 0)
        directory += struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 0x314, 20, *common, *lengths, part.mode << 16, at
        )
        directory += part.name + part.extra
    fields = {"disk": 0, "entries": count, "size": len(directory), "begin": len(body), **end}
    tail = struct.pack(
        "<4s4H2IH", b"PK\5\6", fields["disk"], 0, fields["entries"], fields["entries"],
        fields["size"], fields["begin"], 0,
    )  # fmt: skip
    path.write_bytes(body + directory + tail)
    return path


def deflated(content: bytes) -> bytes:
    """Return content as a bare deflate stream."""
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(content) + packer.flush()


def count_fetched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the bytes of every read from an archive's file."""
    fetched = []
    pread = ArchiveFile.pread

    def counted(file: ArchiveFile, offset: int, size: int) -> bytes:
        content = pread(file, offset, size)
        fetched.append(len(content))
        return content

    monkeypatch.setattr(ArchiveFile, "pread", counted)
    return fetched


class Unseekable(io.RawIOBase):
    """A pipe to write to: archivers put sizes behind the content then."""

    def __init__(self) -> None:
        self.written = io.BytesIO()

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        return self.written.write(content)  # type: ignore[arg-type]


def many(path: Path, count: int) -> Path:
    """Write an archive of many small documents, without holding it."""
    document = b'{"overall": {"score": 85}}'
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(count):
                archive.writestr(f"sessions/{number:032}/scorecard.json", document)
    else:
        with tarfile.open(path, "w:gz", compresslevel=1) as opened:
            for number in range(count):
                member = tar_member(f"sessions/{number:032}/scorecard.json", len(document))
                opened.addfile(member, io.BytesIO(document))
                with suppress(AttributeError):
                    opened.members = []  # type: ignore[attr-defined]
    return path
