"""Folders for what may name people (logs, compiled SQL, Data Docs): for their owner alone."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from loaders.errors import WrongRequest

_OTHERS = 0o077


@contextmanager
def private_files() -> Iterator[None]:
    """Keep what the block writes from other users, whatever the umask."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def private_folder(folder: Path, names: Sequence[str]) -> None:
    """Make a folder of files that we write, and close what is in it from before to others.

    names are patterns of their names. A folder with other files in it is left open.

    Raises:
        WrongRequest: the folder, or a file in it, cannot be written to.
    """
    try:
        # Whoever may write to it could put another folder in the place of this one.
        folder.parent.mkdir(0o755, parents=True, exist_ok=True)
        with private_files():
            folder.mkdir(exist_ok=True)
        found = list(folder.iterdir())
    except OSError as error:
        raise _unwritable(folder, error.strerror) from error
    ours = [each for each in found if any(fnmatch(each.name, name) for name in names)]
    for each in (folder, *ours):
        if not os.access(each, os.W_OK):
            raise _unwritable(each, "read-only, or another user's")
    for each in ours:
        _close(each)
        for parent, folders, files in os.walk(each):
            for name in (*folders, *files):
                _close(Path(parent, name))
    if len(ours) == len(found):
        _close(folder)


def _close(path: Path) -> None:
    """Take other users' rights away, if it is not a link to somewhere else."""
    mode = path.lstat().st_mode & 0o7777
    if mode & _OTHERS and not path.is_symlink():
        path.chmod(mode & ~_OTHERS)


def _unwritable(path: Path, why: str | None) -> WrongRequest:
    return WrongRequest(f"{path} cannot be written to ({why}): repair it, or name another folder.")
