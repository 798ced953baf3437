"""What the bodies of a template's files show: keys, types and kinds of values, never the values."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from loaders.advisor.classification.names import (
    CODE,
    DATE,
    EMAIL,
    HASH,
    IDS,
    NAME,
    NUMBER,
    UUID,
    kind_of,
    snake,
)

MOMENT = "moment"
_MOST_FIELDS = 400
_DEEPEST = 8
# Of a longer array only as many elements from both ends.
_ELEMENTS = 100
_MOST_KEYS = 60
_MOST_IDS = 400
_ALIKE_FROM = 8
_LONGEST_KEY = 60
_MOMENT = re.compile(r"(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d.*")
_ID_KEY = re.compile(r"(?:^|_)(?:ids?|uuid|guid|key|ref|number|no|nr|num|isbn|ean|sku|code|hash)$")
_TIME_KEY = re.compile(
    r"(?:^|_)(?:at|on|ts|time|timestamp|date|epoch|since|until|created|updated)$"
)
_PHONE_KEY = re.compile(r"(?:^|_)(?:phone|mobile|telephone|fax|whatsapp)(?:_|$)")
_BIRTH_KEY = re.compile(r"(?:^|_)(?:birth|birthday|birthdate|dob)(?:_|$)")
_PHONE = re.compile(r"\+?[\d ()/.-]{6,20}")
# Written so that nothing else is meant: the name of a field is none.
_TELEPHONE = re.compile(r"\+\d[\d ()/.-]{6,20}")
# A second's difference is the time that writing takes.
_LATER_SECONDS = 60
# The key path of fields that are too many to be counted one by one.
REST = "…"
CONTACT = "contact"
DAY = "day"
SMALL_ID = "small id"
_SMALL = 3
BIRTH = "birth"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# One or two words with capitals: names of people look like this, and of weekdays too.
PROPER = "proper"
_PROPER = re.compile(r"[^\W\d_a-z][\w'’.-]{1,30}(?: [^\W\d_a-z][\w'’.-]{0,30}){0,2}")


def hash_of(text: str) -> int:
    """Return a number that stands for an id, the same in every run."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())


@dataclass
class Field:
    """One key path: in how many bodies it is, its types, and the kinds of its values."""

    bodies: int = 0
    seen: int = 0
    types: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    ids: set[int] = field(default_factory=set)
    highest: float = 0
    lowest: float = float("inf")

    @property
    def has_ids(self) -> bool:
        """Whether any value is an id, however small."""
        return bool(self.ids) or self.kinds[SMALL_ID] > 0

    @property
    def varies(self) -> bool:
        """Whether its numbers are not all the same."""
        return self.lowest < self.highest

    @property
    def is_reference(self) -> bool:
        """Whether most values are ids that only a program gives."""
        return self.kinds[UUID] * 2 > self.seen > 0


class Profile:
    """The bodies of one template, counted."""

    def __init__(self) -> None:
        self.bodies = 0
        self.damaged = 0
        self.too_large = 0
        self.lines = 0
        self.tops: Counter[str] = Counter()
        self.fields: dict[str, Field] = {}
        # By the position of a segment: the key paths whose values repeat it.
        self.repeats: dict[int, Counter[str]] = {}
        self.ids: dict[int, set[int]] = {}
        self.with_moments = 0
        self.with_row_moments = 0
        self.with_later = 0
        self.with_rows = 0
        self.rows = 0
        self.keyed_by_ids = 0
        self.arrays_in_order = 0
        self.arrays_with_times = 0
        self.first: float | None = None
        self.last: float | None = None
        self.oldest_file: float | None = None
        self.newest_file: float | None = None

    def merge(self, other: "Profile") -> None:
        """Add what another profile counted."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if name in ("first", "oldest_file"):
                setattr(self, name, _smaller(mine, value))
            elif name in ("last", "newest_file"):
                setattr(self, name, _larger(mine, value))
            elif isinstance(value, int | Counter):
                setattr(self, name, mine + value)
        for path, theirs in other.fields.items():
            ours = self.field(path)
            ours.bodies += theirs.bodies
            ours.seen += theirs.seen
            ours.types += theirs.types
            ours.kinds += theirs.kinds
            ours.ids |= theirs.ids
            ours.highest = max(ours.highest, theirs.highest)
            ours.lowest = min(ours.lowest, theirs.lowest)
        for position, counts in other.repeats.items():
            self.repeats[position] = self.repeats.get(position, Counter()) + counts
        for position, ids in other.ids.items():
            self.ids.setdefault(position, set()).update(ids)

    def field(self, path: str) -> Field:
        """Return the counts of a key path; too many of them share one."""
        if path not in self.fields and len(self.fields) >= _MOST_FIELDS:
            path = REST
        return self.fields.setdefault(path, Field())

    def keys(self) -> set[str]:
        """Return the key paths that make up the shape: the first two levels."""
        return {
            path
            for path in self.fields
            if path.replace("[]", "").strip(".").count(".") <= 1 and path != REST
        }

    def observe(
        self,
        body: Any,  # noqa: ANN401
        names: Sequence[set[str]],
        modified: float | None,
    ) -> None:
        """Count one body. names has for each segment of its path what of it a value may repeat."""
        one = _Body(self, names)
        one.walk(body, "", 0, in_rows=False)
        self.bodies += 1
        self.tops[_type_of(body)] += 1
        for path in one.paths:
            self.field(path).bodies += 1
        for position, paths in one.repeats.items():
            self.repeats.setdefault(position, Counter()).update(paths)
        for position, texts in enumerate(names):
            self.ids.setdefault(position, set()).update(hash_of(text) for text in texts)
        self.with_moments += bool(one.times)
        self.with_row_moments += one.has_row_moments
        self.with_later += one.has_later
        self.with_rows += one.rows > 0
        self.rows += one.rows
        self.keyed_by_ids += one.is_keyed_by_ids
        if one.times:
            self.first = _smaller(self.first, min(one.times))
            self.last = _larger(self.last, max(one.times))
        if modified is not None:
            self.oldest_file = _smaller(self.oldest_file, modified)
            self.newest_file = _larger(self.newest_file, modified)


class _Body:
    """One body on its way into a profile."""

    def __init__(self, profile: Profile, names: Sequence[set[str]]) -> None:
        self._profile = profile
        self._names = names
        self.paths: set[str] = set()
        self.repeats: dict[int, set[str]] = {}
        self.times: list[float] = []
        self.has_row_moments = self.has_later = self.is_keyed_by_ids = False
        self.rows = 0

    def walk(self, value: Any, path: str, depth: int, *, in_rows: bool) -> None:  # noqa: ANN401
        """Count a value and everything in it."""
        found = self._profile.field(path or "$")
        found.seen += 1
        found.types[_type_of(value)] += 1
        self.paths.add(path or "$")
        if depth > _DEEPEST:
            return
        if isinstance(value, dict):
            self._object(value, path, depth, in_rows=in_rows)
        elif isinstance(value, list):
            self._array(value, path, depth)
        elif value is not None:
            self._scalar(value, path, found, in_rows=in_rows)

    def _object(self, value: dict[str, Any], path: str, depth: int, *, in_rows: bool) -> None:
        kind = _kind_of_keys(value)
        if kind is None:
            before = len(self.times)
            for key, below in value.items():
                # A single key may be data among names of fields.
                kind = _kind_of_key(key)
                label = f"{{{kind}}}" if kind else key[:_LONGEST_KEY]
                below_path = f"{path}.{label}" if path else label
                self.walk(below, below_path, depth + 1, in_rows=in_rows)
            times = self.times[before:]
            self.has_later |= len(times) > 1 and max(times) - min(times) > _LATER_SECONDS
            return
        below_path = f"{path}.{{{kind}}}" if path else f"{{{kind}}}"
        self.rows += len(value)
        if kind in (UUID, EMAIL, HASH, CODE):
            self.is_keyed_by_ids |= kind in (UUID, EMAIL)
            keys = self._profile.field(f"{below_path}#")
            keys.ids |= {hash_of(key) for key in list(value)[: _MOST_IDS - len(keys.ids)]}
            keys.kinds[kind] += len(value)
            keys.seen += len(value)
        for key, below in list(value.items())[:_ELEMENTS]:
            self.repeat(key, f"{below_path}#")
            self.walk(below, below_path, depth + 1, in_rows=True)

    def _array(self, value: list[Any], path: str, depth: int) -> None:
        self.rows += sum(isinstance(element, dict | list) for element in value)
        elements = value if len(value) <= 2 * _ELEMENTS else value[:_ELEMENTS] + value[-_ELEMENTS:]
        for element in elements:
            self.walk(element, f"{path}[]", depth + 1, in_rows=True)
        if times := _column_of_times(elements):
            self._profile.arrays_with_times += 1
            self._profile.arrays_in_order += times in (sorted(times), sorted(times, reverse=True))

    def _scalar(self, value: Any, path: str, found: Field, *, in_rows: bool) -> None:  # noqa: ANN401
        key = snake(path.rpartition(".")[2])
        text = str(value)
        self.repeat(text, path)
        kind = None if isinstance(value, bool | float) else kind_of(text)
        if (time := moment_of(value, key)) is not None:
            kind = MOMENT
            self.times.append(time)
            self.has_row_moments |= in_rows
        elif _is_contact(key, text, kind):
            found.kinds[BIRTH] += kind == DATE
            found.kinds[CONTACT] += 1
            found.ids |= {hash_of(text)} if len(found.ids) < _MOST_IDS else set()
        if isinstance(value, int | float) and not isinstance(value, bool):
            found.highest, found.lowest = max(found.highest, value), min(found.lowest, value)
        if kind is None:
            found.kinds[PROPER] += isinstance(value, str) and _PROPER.fullmatch(value) is not None
            return
        found.kinds[kind] += 1
        found.kinds[DAY] += kind == DATE and _DAY.fullmatch(text) is not None
        is_id = kind in (UUID, EMAIL) or (kind in IDS and _ID_KEY.search(key) is not None)
        if is_id and kind == NUMBER and len(text) < _SMALL:
            # Other numbers are as small: it links nothing.
            found.kinds[SMALL_ID] += 1
        elif is_id and len(found.ids) < _MOST_IDS:
            found.ids.add(hash_of(text))

    def repeat(self, text: str, path: str) -> None:
        """Note where a value repeats a part of the body's own path."""
        for position, texts in enumerate(self._names):
            if text in texts or (len(text) < 18 and text.isdigit() and text.lstrip("0") in texts):
                self.repeats.setdefault(position, set()).add(path)


def moment_of(value: Any, key: str) -> float | None:  # noqa: ANN401
    """Return a point in time as seconds since 1970; a date alone is none."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            return None
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, int | float) and not isinstance(value, bool) and _TIME_KEY.search(key):
        if 1e12 < value < 3e12:
            return value / 1000
        if 1e9 < value < 3e9:
            return float(value)
    return None


def _kind_of_key(key: str) -> str | None:
    return kind_of(key) or (NUMBER if _TELEPHONE.fullmatch(key) else None)


def _kind_of_keys(value: Mapping[str, Any]) -> str | None:
    """Return the kind of an object's keys if they are data rather than names of fields."""
    kinds = {_kind_of_key(key) for key in list(value)[:_ELEMENTS]}
    if kinds and None not in kinds:
        return min(str(kind) for kind in kinds) if len(kinds) > 1 else kinds.pop()
    if len(value) > _MOST_KEYS:
        return NAME
    shapes = [frozenset(below) for below in value.values() if isinstance(below, dict)]
    alike = len(shapes) == len(value) >= _ALIKE_FROM and len(set(shapes)) == 1
    return NAME if alike else None


def _column_of_times(elements: Sequence[Any]) -> list[float]:
    """Return the times of the first key that has one in every element, of two elements or more."""
    rows = [element for element in elements if isinstance(element, dict)]
    if len(rows) < 2 or len(rows) < len(elements):
        return []
    for key in rows[0]:
        times = [moment_of(row.get(key), snake(key)) for row in rows]
        known = [time for time in times if time is not None]
        if len(known) == len(times):
            return known
    return []


def _is_contact(key: str, text: str, kind: str | None) -> bool:
    if kind == EMAIL:
        return True
    if _PHONE_KEY.search(key):
        return _PHONE.fullmatch(text) is not None
    return kind == DATE and _BIRTH_KEY.search(key) is not None


def _type_of(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "null"


def _smaller(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return min(known, default=None)


def _larger(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)
