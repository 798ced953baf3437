"""How much an archive may hold, counted as it is read."""

from dataclasses import dataclass

from loaders.sources.archives.file import Damaged, Refused

_MIB = 1024**2
_GIB = 1024**3


@dataclass(frozen=True)
class Limits:
    """The most that is read from one archive, whatever its headers declare.

    members: headers of any kind, including folders and extended headers.
    member_bytes: unpacked bytes of one member. A little above the largest document (1 GiB), so
        that a document slightly too large is quarantined alone and the archive is not refused.
    total_bytes: unpacked bytes of the archive, its tar headers included.
    ratio: unpacked bytes per packed byte, of one member and of the whole archive. Legacy JSON
        stays below 50; deflate cannot exceed 1,032.
    ratio_from: unpacked bytes up to which the ratio is not checked: a small file that repeats
        one word is not a bomb.
    """

    members: int = 10_000_000
    member_bytes: int = _GIB + _MIB
    total_bytes: int = 64 * _GIB
    ratio: int = 200
    ratio_from: int = 8 * _MIB


class Meter:
    """What has been read from one archive so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._members = 0
        self._total = 0
        self._member = 0
        self._consumed_before = 0
        # CRC-32 of the member's content so far, set by the code that reads it.
        self.crc = 0

    def header(self, size: int, consumed: int) -> None:
        """Count a header of size unpacked bytes, after consumed packed bytes of the archive.

        Raises:
            Damaged: a limit is passed.
        """
        self._members += 1
        if self._members > self._limits.members:
            raise Damaged(f"it has more than {self._limits.members:,} members")
        self.between(size, consumed)

    def between(self, size: int, consumed: int) -> None:
        """Count bytes that belong to no member.

        Raises:
            Damaged: a limit is passed.
        """
        too_much = self._add(size, consumed)
        if too_much:
            raise Damaged(f"it would unpack to {too_much}")

    def begin(self, consumed: int) -> None:
        """Begin a member's content."""
        self._member = 0
        self.crc = 0
        self._consumed_before = consumed

    def content(self, size: int, consumed: int) -> None:
        """Count further bytes of the member's content.

        Raises:
            Refused: the member passes a limit, or makes the archive pass one.
        """
        self._member += size
        if self._member > self._limits.member_bytes:
            raise Refused(f"unpacks to more than {self._limits.member_bytes:,} bytes")
        if self._is_bomb(self._member, consumed - self._consumed_before):
            raise Refused(f"unpacks to more than {self._limits.ratio} times its packed size")
        too_much = self._add(size, consumed)
        if too_much:
            raise Refused(f"makes the archive unpack to {too_much}")

    def _add(self, size: int, consumed: int) -> str | None:
        self._total += size
        if self._total > self._limits.total_bytes:
            return f"more than {self._limits.total_bytes:,} bytes"
        if self._is_bomb(self._total, consumed):
            return f"more than {self._limits.ratio} times its packed size"
        return None

    def _is_bomb(self, size: int, consumed: int) -> bool:
        return size > self._limits.ratio_from and size > self._limits.ratio * consumed
