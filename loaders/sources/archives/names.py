"""The names of members: which ones are refused, and the paths that the others become."""

import re

from loaders.errors import WrongRequest
from loaders.sources.archives.file import Refused

_ARCHIVES = (b".zip", b".tar", b".tgz", b".gz", b".bz2", b".tbz2", b".xz", b".txz", b".7z", b".zst")
_DRIVE = re.compile(rb"[A-Za-z]:")
_BOTH_SLASHES = re.compile(rb"[/\\]")


def normalised(name: bytes) -> bytes:
    """Return a member's name without './' and doubled slashes; b'' is the archive's top.

    Raises:
        Refused: it leads out of the archive, or cannot be a name.
    """
    if b"\0" in name:
        raise Refused("has a zero byte in its name")
    if name.startswith((b"/", b"\\")) or _DRIVE.match(name):
        raise Refused("has an absolute name")
    if b".." in name and b".." in _BOTH_SLASHES.split(name):
        raise Refused("has '..' in its name")
    if b"//" in name or b"./" in name or name.endswith((b"/", b"/.")) or name == b".":
        return b"/".join(part for part in name.split(b"/") if part not in (b"", b"."))
    return name


def from_windows(path: bytes) -> bytes:
    """Return a path whose separators are backslashes with slashes; a folder keeps its final one.

    So it is never a document.
    """
    end = b"/" if path.endswith(b"\\") else b""
    return normalised(path.replace(b"\\", b"/")) + end


def refuse_nested(path: bytes) -> None:
    """Refuse a file whose name says that it is an archive.

    Raises:
        Refused: it is one.
    """
    if path.lower().endswith(_ARCHIVES):
        raise Refused("is an archive itself")


def normalised_root(root: str) -> bytes:
    """Return the folder where the tree begins, with a final slash; b'' for the top.

    Raises:
        WrongRequest: it leads out of the archive.
    """
    name = root.encode(errors="surrogateescape")
    try:
        path = normalised(name)
    except Refused:
        raise WrongRequest(
            f"--root {root} leads out of the archive. Name a folder inside it."
        ) from None
    return path + b"/" if path else b""
