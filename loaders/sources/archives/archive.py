"""What all archives have in common: check everything, then list, then read what was listed."""

import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from typing import NamedTuple

from loaders.errors import WorkFailed, WrongRequest
from loaders.sources.archives.file import ArchiveFile, Damaged, Refused, displayed_name
from loaders.sources.archives.limits import Limits, Meter
from loaders.sources.archives.names import (
    from_windows,
    normalised,
    normalised_root,
    refuse_nested,
)
from loaders.sources.archives.spill import Spill
from loaders.sources.paths import Endings, escaped, is_document
from loaders.sources.source import NOT_A_FILE, Entry, Stamp

_NAMED_AT_MOST = 5


class Member(NamedTuple):
    """A member as its header describes it.

    size is in bytes. wrong says why a member is refused, as a phrase that follows its name; odd
    what it is, if it is neither refused nor a file nor a folder: its content is not read.
    """

    name: bytes
    is_folder: bool
    size: int
    modified_us: int | None
    position: int
    wrong: str | None = None
    odd: str | None = None


class Archive(ABC):
    """An archive as a source; see Source. One process reads one document at a time.

    The listing is kept in a temporary file: about 100 bytes for each member, in TMPDIR.
    """

    opened_at_once = 1
    most_workers: int | None = None

    def __init__(self, file: ArchiveFile, root: str, limits: Limits, endings: Endings) -> None:
        self._file = file
        self._root = normalised_root(root)
        self._limits = limits
        self._endings = endings
        self._odd: list[str] = []
        self._odd_count = 0
        self._are_of_windows = False

    @property
    def name(self) -> str:
        """The absolute path of the archive, followed by the root inside it."""
        path = os.fsencode(self._file.path.resolve())
        whole = path + b"/" + self._root[:-1] if self._root else path
        return whole.decode(errors="backslashreplace")

    @property
    def notices(self) -> Sequence[str]:
        """Which members are odd, and whether names were read as those of Windows."""
        found = []
        if self._are_of_windows:
            found.append("No name in the archive has a slash: backslashes separate folders in it.")
        if self._odd:
            more = self._odd_count - len(self._odd)
            rest = f", and {more:,} more" if more else ""
            found.append(f"Not read as files in the archive: {', '.join(self._odd)}{rest}.")
        return found

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the documents, after the whole archive has been read and checked.

        Raises:
            WrongRequest: the archive is refused, has changed, or has no folder named root.
            WorkFailed: there is no room for the temporary file.
        """
        columns = ("path", "is_document", "is_odd", "size", "modified_us", "position", "crc")
        wanted = self._root + os.fsencode(prefix)
        try:
            with closing(Spill(*columns)) as spill:
                self._check_all(spill)
                for path, _, is_odd, size, modified_us, position, crc in spill.rows(
                    "where is_document order by rowid"
                ):
                    if not path.startswith(wanted):
                        continue
                    shown, problem = escaped(path[len(self._root) :])
                    # Archives keep seconds: too coarse to tell two versions apart.
                    stamp = Stamp(size, modified_us, f"crc32:{crc:08x}")
                    problem = NOT_A_FILE if is_odd and problem is None else problem
                    yield Entry(shown, stamp, problem, position)
        except sqlite3.Error as error:
            raise WorkFailed(
                f"The listing of {self._file.path} cannot be kept in a temporary file ({error}). "
                "Make room there, or let TMPDIR name another directory."
            ) from error

    def look(self, entry: Entry) -> Entry:
        """Return the entry: the listing already has all there is to know."""
        return entry

    @contextmanager
    def open(self, entry: Entry) -> Iterator["ArchiveDocument"]:
        """Open a listed document; see Source.open.

        Raises:
            WrongRequest: the archive was replaced or written to since the source was made.
        """
        self._file.check_unchanged()
        if entry.stamp is None:
            raise ValueError(f"{entry.path} was not listed by this archive.")
        try:
            read = self._reader(entry, entry.stamp)
        except (Refused, Damaged) as refused:
            raise self._file.refusal(refused, entry.path.encode()) from None
        yield ArchiveDocument(self._file, entry.path, entry.stamp, read)

    @abstractmethod
    def _members(self, meter: Meter) -> Iterator[Member]:
        """Yield every member; read all its content before the next one is yielded.

        The content is counted by the meter, which then has its CRC-32.

        Raises:
            Refused: something is wrong with the member yielded last.
            Damaged: something is wrong with the archive.
        """

    @abstractmethod
    def _reader(self, entry: Entry, stamp: Stamp) -> Callable[[int], bytes]:
        """Return a function that reads at most so many further bytes of a document.

        Raises:
            Refused, Damaged: as in _members; the function may raise them too.
        """

    def _check_all(self, spill: Spill) -> None:
        """Read the whole archive, and keep a row for each of its files."""
        self._odd, self._odd_count = [], 0
        names = _Names(self._root)
        meter = Meter(self._limits)
        member: Member | None = None
        path = b""
        try:
            self._file.check_unchanged()
            for following in chain(self._members(meter), (None,)):
                if member and not member.is_folder:
                    # Its content has been read by now, so the checksum is known.
                    spill.add(
                        path,
                        is_document(path, self._endings),
                        member.odd is not None,
                        member.size,
                        member.modified_us,
                        member.position,
                        meter.crc,
                    )
                if following:
                    member = following
                    path = _judged(member, self._endings)
                    names.add(member, path)
                    if member.odd:
                        self._note(member.name, member.odd)
            if names.are_of_windows:
                spill.replace_paths(from_windows)
            for twin, *_ in spill.rows("group by path having count(*) > 1 order by path limit 1"):
                raise Refused("comes twice", twin)
            self._file.check_unchanged()
        except (Refused, Damaged) as refused:
            raise self._file.refusal(refused, member and member.name) from None
        except OSError as error:
            raise WrongRequest(
                f"{self._file.path} cannot be read: {error.strerror or error}."
            ) from error
        if not names.have_root:
            raise WrongRequest(
                f"{self._file.path} has no folder {os.fsdecode(self._root[:-1])} in it. "
                "Name the folder at which the tree begins as --root."
            )
        self._are_of_windows = names.are_of_windows

    def _note(self, name: bytes, what: str) -> None:
        """Note an odd member, to be named in notices."""
        self._odd_count += 1
        if len(self._odd) < _NAMED_AT_MOST:
            self._odd.append(f"{displayed_name(name)} ({what})")


class _Names:
    """What the names of all members say together: whether they are of Windows, and have the root.

    Archivers of Windows separate folders by backslashes. Elsewhere those are characters like any
    other, so a single slash in any name decides.
    """

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._has_slash = self._has_backslash = False
        self._has_root = self._has_root_of_windows = not root

    def add(self, member: Member, path: bytes) -> None:
        self._has_slash = self._has_slash or b"/" in member.name
        self._has_root = self._has_root or _is_below(member, path, self._root)
        if b"\\" in path:
            self._has_backslash = True
            self._has_root_of_windows = self._has_root_of_windows or from_windows(path).startswith(
                self._root
            )

    @property
    def are_of_windows(self) -> bool:
        return self._has_backslash and not self._has_slash

    @property
    def have_root(self) -> bool:
        return self._has_root_of_windows if self.are_of_windows else self._has_root


class ArchiveDocument:
    """A document in an archive, opened for reading."""

    def __init__(
        self, file: ArchiveFile, path: str, stamp: Stamp, read: Callable[[int], bytes]
    ) -> None:
        self._file = file
        self._path = path
        self._stamp = stamp
        self._read = read

    def read(self, size: int) -> bytes:
        """Return at most size further bytes; none at the end.

        Raises:
            WrongRequest: it is not what was listed.
        """
        try:
            return self._read(size)
        except (Refused, Damaged) as refused:
            raise self._file.refusal(refused, self._path.encode()) from None

    def stamp(self) -> Stamp:
        """Return the listed stamp, after making sure that the archive is unchanged.

        Raises:
            WrongRequest: the archive was replaced or written to.
        """
        self._file.check_unchanged()
        return self._stamp


def _is_below(member: Member, path: bytes, root: bytes) -> bool:
    return path.startswith(root) or (member.is_folder and path + b"/" == root)


def _judged(member: Member, endings: Endings) -> bytes:
    path = normalised(member.name)
    if member.wrong is not None:
        raise Refused(member.wrong)
    if not member.is_folder and not member.odd:
        if not path:
            raise Refused("has no name")
        if not is_document(path, endings):
            refuse_nested(path)
    return path
