"""Which files Git tracks, read from its index: Git itself, and so its hooks, is never run."""

import struct
from collections.abc import Iterator
from pathlib import Path

_HEADER = struct.Struct(">4sII")
# Up to the flags: times, device, inode, mode, user, group, size; then the object's SHA-1.
_FIXED = 62
_EXTENDED = 0x4000
_LARGEST_INDEX = 256 * 1024 * 1024


def tracked_below(folder: Path) -> frozenset[str] | None:
    """Return the tracked paths below a folder, relative to it; None if there is no repository."""
    folder = folder.resolve()
    for root in (folder, *folder.parents):
        index = _index_of(root)
        if index is None:
            continue
        prefix = folder.relative_to(root).as_posix()
        prefix = "" if prefix == "." else prefix + "/"
        try:
            if not index.is_file() or index.stat().st_size > _LARGEST_INDEX:
                return None
            paths = list(_paths(index.read_bytes()))
        except (OSError, ValueError, struct.error, IndexError):
            return None
        return frozenset(path.removeprefix(prefix) for path in paths if path.startswith(prefix))
    return None


def _index_of(root: Path) -> Path | None:
    git = root / ".git"
    if git.is_dir():
        return git / "index"
    if git.is_file():
        try:
            text = git.read_text(encoding="utf-8", errors="replace")[:4096]
        except OSError:
            return None
        if text.startswith("gitdir:"):
            return (root / text.removeprefix("gitdir:").strip()) / "index"
    return None


def _paths(content: bytes) -> Iterator[str]:
    """Yield the paths of an index of version 2, 3 or 4."""
    signature, version, count = _HEADER.unpack_from(content)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index that is known")
    at = _HEADER.size
    path = b""
    for _ in range(count):
        begin = at
        flags = int.from_bytes(content[at + _FIXED - 2 : at + _FIXED], "big")
        at += _FIXED + (2 if flags & _EXTENDED else 0)
        if version == 4:
            dropped, at = _varint(content, at)
            end = content.index(b"\0", at)
            path = path[: len(path) - dropped] + content[at:end]
            at = end + 1
        else:
            end = content.index(b"\0", at)
            path = content[at:end]
            # Entries are padded to eight bytes, with at least one zero.
            at = begin + (end - begin + 8) // 8 * 8
        yield path.decode(errors="surrogateescape")


def _varint(content: bytes, at: int) -> tuple[int, int]:
    byte = content[at]
    value = byte & 127
    while byte & 128:
        at += 1
        byte = content[at]
        value = ((value + 1) << 7) | (byte & 127)
    return value, at + 1
