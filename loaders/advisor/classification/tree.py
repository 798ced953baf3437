"""The tree of a source as templates: built from the listing alone, in memory that stays small."""

import heapq
import re
from collections.abc import Iterable, Iterator

from loaders.advisor.classification.body import Profile, hash_of
from loaders.advisor.classification.names import (
    IDS,
    MARK,
    NAME,
    NUMBER,
    Segment,
    marked,
    segment_of,
    split_ending,
)
from loaders.sources.source import Entry

# So many names in one folder are not all kinds of their own.
MANY = 50
# Of how many files per template the bodies are read.
SAMPLE = 100
# Folders of tools: what lies there is neither the project's data nor its configuration.
_LEFT_OUT = re.compile(
    r"(?:^|/)(?:\.git|\.hg|\.svn|node_modules|bower_components|\.?venv|site-packages|__pycache__"
    r"|\.(?:mypy|pytest|ruff)_cache|\.tox|\.nox|\.terraform|\.gradle|\.next|\.nuxt|\.parcel-cache)/"
)


class _Distinct:
    """How many different texts there were: exact for few, estimated by their hashes for many."""

    _KEPT = 1024

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._below = 1 << 64

    def add(self, one: int) -> None:
        """Count a text by its hash, if its hash is among the smallest."""
        if one < self._below:
            self._hashes.add(one)
            if len(self._hashes) > 2 * self._KEPT:
                kept = sorted(self._hashes)[: self._KEPT + 2]
                self._below = kept.pop()
                self._hashes = set(kept)

    def merge(self, other: "_Distinct") -> None:
        """Take in what another one counted."""
        self._below = min(self._below, other._below)
        self._hashes = {one for one in self._hashes if one < self._below}
        for one in other._hashes:
            self.add(one)

    def count(self) -> int:
        """Return the number."""
        if len(self._hashes) <= self._KEPT:
            return len(self._hashes)
        # From the same hashes, whatever the order they came in.
        return round((self._KEPT - 1) * (1 << 64) / sorted(self._hashes)[self._KEPT - 1])


class Leaf:
    """The files of one template so far."""

    def __init__(self) -> None:
        self.files = 0
        self._folders = _Distinct()
        self.numbers: dict[int, tuple[int, int]] = {}
        self.profile = Profile()
        self._folder: str | None = None
        # The largest first, so that the sample keeps those with the smallest hashes.
        self._sample: list[tuple[int, str, Entry]] = []

    def add(self, entry: Entry, segments: list[Segment]) -> None:
        """Count a file, and keep it as a sample if its hash is among the smallest."""
        self.files += 1
        folder = entry.path.rpartition("/")[0]
        if folder != self._folder:
            self._folders.add(hash_of(folder))
            self._folder = folder
        last = entry.path
        for position, segment in enumerate(segments):
            if segment.values:
                last = segment.values[-1]
            if is_number(segment.pattern):
                self.note_number(position, int(segment.values[0]))
        # By the id, so that the samples of two templates hold the same ids.
        self._keep((-hash_of(last), entry.path, entry))

    def note_number(self, position: int, number: int) -> None:
        """Widen the range of the numbers that a segment has."""
        low, high = self.numbers.get(position, (number, number))
        self.numbers[position] = (min(low, number), max(high, number))

    @property
    def folders(self) -> int:
        """In how many folders the files are."""
        return self._folders.count()

    def merge(self, other: "Leaf") -> None:
        """Take in the files of another template."""
        self.files += other.files
        self._folders.merge(other._folders)
        for position, ends in other.numbers.items():
            for number in ends:
                self.note_number(position, number)
        self.profile.merge(other.profile)
        for one in other._sample:
            self._keep(one)

    def _keep(self, one: tuple[int, str, Entry]) -> None:
        if len(self._sample) < SAMPLE:
            heapq.heappush(self._sample, one)
        elif one[:2] > self._sample[0][:2]:
            heapq.heapreplace(self._sample, one)

    @property
    def sample(self) -> list[Entry]:
        """The files whose bodies are read, smallest hash first."""
        return [entry for _, _, entry in sorted(self._sample, reverse=True)]


class Node:
    """A folder of the tree of templates, by the patterns of the segments below it."""

    def __init__(self) -> None:
        self.folders: dict[str, Node] = {}
        self.files: dict[str, Leaf] = {}
        self._has_many_folders = False
        self._many_files: set[str] = set()

    def folder(self, pattern: str) -> "Node":
        """Return the folder below with a pattern, made if it is new."""
        if self._has_many_folders and MARK not in pattern:
            pattern = marked(NAME)
        if pattern not in self.folders:
            self.folders[pattern] = Node()
            literals = [name for name in self.folders if MARK not in name]
            if len(literals) > MANY:
                self._has_many_folders = True
                return self.merge_folders(literals, marked(NAME))
        return self.folders[pattern]

    def file(self, pattern: str) -> Leaf:
        """Return the files with a pattern."""
        ending = split_ending(pattern)[1]
        if ending in self._many_files and MARK not in pattern:
            pattern = marked(NAME) + ending
        if pattern not in self.files:
            self.files[pattern] = Leaf()
            literals = [
                name for name in self.files if MARK not in name and split_ending(name)[1] == ending
            ]
            if len(literals) > MANY:
                self._many_files.add(ending)
                return self.merge_files(literals, marked(NAME) + ending)
        return self.files[pattern]

    def merge_folders(self, names: Iterable[str], into: str) -> "Node":
        """Make one folder of several."""
        whole = Node()
        for name in sorted({*names, into} & self.folders.keys()):
            whole.merge(self.folders.pop(name))
        self.folders[into] = whole
        return whole

    def merge_files(self, names: Iterable[str], into: str) -> Leaf:
        """Make one template of the files of several."""
        whole = Leaf()
        for name in sorted({*names, into} & self.files.keys()):
            whole.merge(self.files.pop(name))
        self.files[into] = whole
        return whole

    def merge(self, other: "Node") -> None:
        """Take in everything below another folder."""
        self._has_many_folders |= other._has_many_folders
        self._many_files |= other._many_files
        for name, folder in other.folders.items():
            self.folder(name).merge(folder)
        for name, leaf in other.files.items():
            self.file(name).merge(leaf)

    def leaves(self, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Leaf]]:
        """Yield the templates below with their segments, in order."""
        for name in sorted(self.files):
            yield (*above, name), self.files[name]
        for name in sorted(self.folders):
            yield from self.folders[name].leaves((*above, name))


def is_left_out(path: str) -> bool:
    """Return whether a path lies in a folder of a tool."""
    return _LEFT_OUT.search(path) is not None


def add(root: Node, entry: Entry) -> None:
    """Put a listed file into the tree of templates."""
    *folders, name = entry.path.split("/")
    segments = [segment_of(folder, is_file=False) for folder in folders]
    node = root
    for segment in segments:
        node = node.folder(segment.pattern)
    segments.append(segment_of(name, is_file=True))
    node.file(segments[-1].pattern).add(entry, segments)


def is_id(pattern: str) -> bool:
    """Return whether a segment is an id and nothing else."""
    stem, _ = split_ending(pattern)
    return stem.startswith(MARK) and stem.endswith(MARK) and stem.strip(MARK) in IDS


def is_number(pattern: str) -> bool:
    """Return whether a segment is a number and nothing else."""
    return split_ending(pattern)[0] == marked(NUMBER)
