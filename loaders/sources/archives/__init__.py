"""Archives as sources: zip, tar and tar.gz, read as streams and never unpacked to disk."""

import zlib
from pathlib import Path

from loaders.errors import WrongRequest
from loaders.sources.archives.file import ArchiveFile
from loaders.sources.archives.limits import Limits
from loaders.sources.archives.tar_archive import TarArchive
from loaders.sources.archives.tar_headers import BLOCK, END, is_header
from loaders.sources.archives.zip_archive import ZipArchive
from loaders.sources.paths import JSON, Endings
from loaders.sources.source import Source

__all__ = ["Limits", "is_archive", "open_archive"]

_ZIP = ".zip"
_TAR = ".tar"
_PACKED_TAR = (".tar.gz", ".tgz")
_ZIP_BEGINS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06")
_GZIP_BEGINS = b"\x1f\x8b"
# Enough compressed bytes to get the first block, however long the file name in gzip's header.
_ENOUGH = 128 * 1024


def is_archive(path: Path) -> bool:
    """Return whether a path is read as an archive, judged by its name."""
    return path.name.lower().endswith((_ZIP, _TAR, *_PACKED_TAR))


def open_archive(
    path: Path, root: str = "", limits: Limits | None = None, endings: Endings = JSON
) -> Source:
    """Return the source for an archive; its name says which kind, and its first bytes must agree.

    root is the folder inside the archive where the tree begins; '' is the top of the archive.
    list() reads the rest of the archive.

    Raises:
        WrongRequest: the file is missing, unreadable or of another kind, or root has a '..'.
    """
    file = ArchiveFile(path)
    limits = limits or Limits()
    name = path.name.lower()
    if name.endswith(_ZIP):
        _check(file, file.head(4).startswith(_ZIP_BEGINS), "a zip archive")
        return ZipArchive(file, root, limits, endings)
    if name.endswith(_TAR):
        _check(file, _begins_a_tar(file.head(BLOCK)), "a tar archive")
        return TarArchive(file, root, limits, endings, is_packed=False)
    if name.endswith(_PACKED_TAR):
        _check(file, _begins_a_packed_tar(file.head(_ENOUGH)), "a gzipped tar archive")
        return TarArchive(file, root, limits, endings, is_packed=True)
    raise WrongRequest(f"{path} is no archive: its name ends in none of .zip, .tar, .tar.gz, .tgz.")


def _check(file: ArchiveFile, is_one: bool, kind: str) -> None:
    if not is_one:
        raise WrongRequest(
            f"{file.path} is named like {kind}, but its content is none. "
            "Give the file its right name, or name another."
        )


def _begins_a_tar(block: bytes) -> bool:
    return block == END or (len(block) == BLOCK and is_header(block))


def _begins_a_packed_tar(packed: bytes) -> bool:
    if not packed.startswith(_GZIP_BEGINS):
        return False
    try:
        block = zlib.decompressobj(31).decompress(packed, BLOCK)
    except zlib.error:
        return False
    # A stream that ends this early may still be a damaged archive: list() says what is wrong.
    return len(block) < BLOCK or _begins_a_tar(block)
