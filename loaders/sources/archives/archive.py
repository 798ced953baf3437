"""What all archives share as sources: refuse first, list then, and read what was listed."""

import errno
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from loaders.errors import PulseEltError, WorkFailed, WrongRequest
from loaders.sources.archives.caps import Caps, Meter
from loaders.sources.archives.file import ArchiveFile, Damaged, Refused
from loaders.sources.archives.names import normalised, normalised_root, refuse_nested
from loaders.sources.archives.on_disk import Listed, Sorted, Spool
from loaders.sources.paths import escaped
from loaders.sources.source import Entry, Stamp

_SUFFIX = b".json"


class Member(NamedTuple):
    """One member as its header tells it.

    size is in bytes; wrong is what a member may not be, as a phrase that follows its name. crc is
    the CRC-32 of its content where the header has one.
    """

    name: bytes
    is_folder: bool
    size: int
    modified_us: int | None
    position: int
    wrong: str | None = None
    crc: int | None = None


class Archive(ABC):
    """An archive as a source; see Source. One process reads one document at a time.

    What is listed is held in temporary files (about 100 bytes a member, where TMPDIR says).
    """

    opened_at_once = 1
    most_workers: int | None = None

    def __init__(self, file: ArchiveFile, root: str, caps: Caps) -> None:
        self._file = file
        self._root = normalised_root(root)
        self._caps = caps

    @property
    def name(self) -> str:
        """The archive as an absolute path, followed by the root inside it."""
        path = os.fsencode(self._file.path.resolve())
        whole = path + b"/" + self._root[:-1] if self._root else path
        return whole.decode(errors="backslashreplace")

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the documents, once the whole archive was read and found good.

        Raises:
            WrongRequest: the archive is refused, has changed, or has nothing below root.
            WorkFailed: there is no room for the temporary files.
        """
        with Spool() as spool:
            try:
                self._file.check_unchanged()
                self._survey(os.fsencode(prefix), spool)
                spool.finish()
                self._file.check_unchanged()
            except OSError as error:
                raise self._unreadable(error) from error
            for listed in spool:
                path, problem = escaped(listed.path)
                # An archive's times are too coarse to tell two versions of a second apart.
                stamp = Stamp(listed.size, listed.modified_us, f"crc32:{listed.crc:08x}")
                yield Entry(path, stamp, problem, listed.position)

    def look(self, entry: Entry) -> Entry:
        """Return the entry: listing told all there is to know."""
        return entry

    @contextmanager
    def open(self, entry: Entry) -> Iterator["Document"]:
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
        yield Document(self._file, entry.path, entry.stamp, read)

    @abstractmethod
    def _members(self, meter: Meter) -> Iterator[Member]:
        """Yield every member, and before the next one read all its content against the caps.

        Raises:
            Refused: the member yielded last is bad.
            Damaged: the archive is.
        """

    @abstractmethod
    def _reader(self, entry: Entry, stamp: Stamp) -> Callable[[int], bytes]:
        """Return what reads a document's next bytes, at most as many as it is told.

        Raises:
            Refused, Damaged: as _members does; what it returns may raise them too.
        """

    def _survey(self, prefix: bytes, spool: Spool) -> None:
        member: Member | None = None
        found: Listed | None = None
        meter = Meter(self._caps)

        def keep() -> None:
            # Its content has been read by now, and with it the checksum.
            if found is not None:
                spool.add(found if found.crc is not None else found._replace(crc=meter.crc))

        has_root = not self._root
        with Sorted() as names:
            try:
                for member in self._members(meter):
                    keep()
                    found = None
                    path = _judged(member)
                    has_root = has_root or _is_below(member, path, self._root)
                    if member.is_folder:
                        continue
                    names.add(path)
                    below = path[len(self._root) :]
                    if (
                        path.endswith(_SUFFIX)
                        and path.startswith(self._root)
                        and below.startswith(prefix)
                    ):
                        found = Listed(
                            below, member.size, member.modified_us, member.position, member.crc
                        )
                keep()
            except (Refused, Damaged) as refused:
                raise self._file.refusal(refused, member and member.name) from None
            self._refuse_twins(names)
        if not has_root:
            raise WrongRequest(
                f"{self._file.path} has no folder {os.fsdecode(self._root[:-1])} in it. "
                "Name the folder at which the tree begins as --root."
            )

    def _refuse_twins(self, names: Sorted) -> None:
        before = None
        for name in names:
            if name == before:
                raise self._file.refusal(Refused("comes twice"), name)
            before = name

    def _unreadable(self, error: OSError) -> PulseEltError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return WorkFailed(
                f"There is no room in {tempfile.gettempdir()} to list {self._file.path}. "
                "Make some, or let TMPDIR name another directory."
            )
        return WrongRequest(f"{self._file.path} cannot be read: {error.strerror or error}.")


class Document:
    """A document of an archive, opened for reading."""

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
            WrongRequest: it is not what it was when it was listed.
        """
        try:
            return self._read(size)
        except (Refused, Damaged) as refused:
            raise self._file.refusal(refused, self._path.encode()) from None

    def stamp(self) -> Stamp:
        """Return the listed stamp, which holds as long as the archive is unchanged.

        Raises:
            WrongRequest: it was replaced or written to.
        """
        self._file.check_unchanged()
        return self._stamp


def _is_below(member: Member, path: bytes, root: bytes) -> bool:
    return path.startswith(root) or (member.is_folder and path + b"/" == root)


def _judged(member: Member) -> bytes:
    path = normalised(member.name)
    if member.wrong is not None:
        raise Refused(member.wrong)
    if not member.is_folder:
        if not path:
            raise Refused("has no name")
        refuse_nested(path)
    return path
