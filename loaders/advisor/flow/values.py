"""What an expression may be worth: texts with holes, handles, functions, objects, modules."""

import re
from collections.abc import Sequence as Sequence_
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TypeAlias

from loaders.advisor.languages.syntax import ClassDef, FunctionDef

MOST_OPTIONS = 8
MOST_PARTS = 40


@dataclass(frozen=True, slots=True)
class Param:
    """What the caller of a function passes; of a class, what its constructor gets."""

    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """An attribute or element of something that only the caller knows."""

    of: "Symbol"
    name: str


Symbol: TypeAlias = Param | Member


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a text that is not known here; origin says who may know it.

    reads names the accesses whose content it is; is_json says that it was written as JSON, with
    those keys.
    """

    name: str
    origin: Symbol | None = None
    reads: frozenset[str] = frozenset()
    is_json: bool = False
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text or path: literals and holes one after another."""

    parts: tuple[str | Hole, ...]

    @property
    def literal(self) -> str | None:
        """The text itself, if all of it is known."""
        if all(isinstance(part, str) for part in self.parts):
            return "".join(part for part in self.parts if isinstance(part, str))
        return None

    @property
    def holes(self) -> tuple[Hole, ...]:
        return tuple(part for part in self.parts if isinstance(part, Hole))

    @property
    def symbol(self) -> Symbol | None:
        """What stands for the whole of it, if a caller knows."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Hole):
            return self.parts[0].origin
        return None


@dataclass(frozen=True, slots=True)
class Handle:
    """An open file, or a client of one object: the accesses that opened it, and its path."""

    path: Text
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    kind: str = "file"


@dataclass(frozen=True, slots=True)
class Listing:
    """Paths that a listing found; is_name says that they come without their folder."""

    path: Text
    is_name: bool
    access: str


@dataclass(frozen=True, slots=True)
class Func:
    """A function; bound is its object, given what was passed already (partial)."""

    function: FunctionDef
    bound: "Value | None" = None
    given: tuple["Value", ...] = ()
    named: tuple[tuple[str, "Value"], ...] = ()


@dataclass(frozen=True, slots=True)
class Class:
    definition: ClassDef


@dataclass(frozen=True, slots=True)
class Instance:
    """An object; without arguments it is the one whose method is looked at."""

    definition: ClassDef
    arguments: tuple[tuple[str, "Value"], ...] | None = None


@dataclass(frozen=True, slots=True)
class ModuleValue:
    path: str


@dataclass(frozen=True, slots=True)
class External:
    """Something of a library, by its dotted name."""

    name: str
    arguments: tuple["Value", ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a value whose class is not ours."""

    of: "Value"
    name: str


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: tuple[tuple[str, "Value"], ...]
    is_json: bool = False
    home: str = ""
    is_constant: bool = False

    def get(self, key: str) -> "Value | None":
        for name, value in reversed(self.entries):
            if name == key:
                return value
        return None


@dataclass(frozen=True, slots=True)
class Options:
    values: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """None, null, undefined: never a path."""


Value: TypeAlias = (
    Text
    | Handle
    | Listing
    | Func
    | Class
    | Instance
    | ModuleValue
    | External
    | Method
    | Sequence
    | Mapping
    | Options
    | Nothing
)

NOTHING = Nothing()
_PAGE = re.compile(r"<(!doctype|html|head|body|script|svg)\b", re.IGNORECASE)
# The name of an item of what was read.
ITEM = "item"


def literal(text: str) -> Text:
    return Text((text,) if text else ())


def hole(name: str, origin: Symbol | None = None) -> Text:
    return Text((Hole(name, origin),))


UNKNOWN = hole("?")


def options_of(value: Value) -> tuple[Value, ...]:
    return value.values if isinstance(value, Options) else (value,)


def variable(name: str) -> Text:
    """Return what a variable of the environment is worth as long as no default is known."""
    return Text((Hole(name, None, keys=("environment",)),))


def is_variable(value: Value) -> bool:
    return isinstance(value, Text) and any(part.keys == ("environment",) for part in value.holes)


def is_number(value: Value) -> bool:
    """Say whether a value is a number that the code writes down."""
    said = value.literal if isinstance(value, Text) else None
    return said is not None and said.lstrip("-").isdecimal()


def either(*values: Value) -> Value:
    """Return what is one of several values, without doubles; nothing says nothing."""
    if len(values) == 1:
        return values[0]
    found: list[Value] = []
    for value in values:
        for option in options_of(value):
            if option not in found and not isinstance(option, Nothing):
                found.append(option)
    # A number is the first of many, which say what is not known.
    found = [option for option in found if not is_number(option)] or found
    known = [option for option in found if option != UNKNOWN] or found
    # A variable of the environment is worth its default.
    known = [option for option in known if not is_variable(option)] or known
    if not known:
        return NOTHING
    return known[0] if len(known) == 1 else Options(tuple(known[:MOST_OPTIONS]))


def text(*parts: str | Hole) -> Text:
    """Return a text of parts, neighbouring literals made one."""
    joined: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    if len(joined) > MOST_PARTS:
        joined = [*joined[: MOST_PARTS - 1], Hole("…")]
    return Text(tuple(joined))


def as_texts(value: Value, name: str = "?") -> tuple[Text, ...]:
    """Return the texts that a value may be, a hole of that name for what is none."""
    found: list[Text] = []
    options = options_of(value)
    if any(isinstance(option, Text) for option in options):
        # What may be a text is that where a text is wanted, not an object.
        options = tuple(o for o in options if not isinstance(o, Func | Class | Instance))
    for option in options:
        match option:
            case Text():
                said = option
            case Handle() if option.kind != "result" or option.writes:
                said = option.path
            case Listing():
                said = option.path
            case _:
                said = text(Hole(name, None, reads_of(option), is_json_text(option)))
        if said not in found:
            found.append(said)
    return _without_bases(found) if len(found) > 1 else tuple(found)


def one_way(value: Value) -> Value:
    """Return a value without a path that says what another one of it does."""
    texts = [option for option in options_of(value) if isinstance(option, Text)]
    left = _without_bases(texts)
    kept = [each for each in options_of(value) if each in left or each not in texts]
    return value if len(left) == len(texts) else either(*kept)


def _without_bases(texts: list[Text]) -> tuple[Text, ...]:
    """A path, or the same below a folder where it is relative: one way says what the other does."""
    plain = {each.holes[0].name: each for each in texts if each.symbol is not None}
    for each in texts:
        last = each.parts[-1] if len(each.parts) > 1 else ""
        if isinstance(last, Hole) and last.name in plain and str(each.parts[-2]).endswith("/"):
            # What is cut before it is put below a folder is no path that a caller knows.
            left_out = plain[last.name] if last.origin == plain[last.name].symbol else each
            return tuple(other for other in texts if other != left_out)
    return tuple(texts)


def joined(values: list[Value], names: list[str]) -> Value:
    """Return the texts one after another, every combination within reason."""
    results: list[tuple[str | Hole, ...]] = [()]
    # Texts put together of many alternatives (a date, padded) are no path that anybody tells apart.
    is_vague = sum(isinstance(value, Options) for value in values) > 2
    for value, name in zip(values, names, strict=True):
        texts = as_texts(value, name)
        # A folder with a slash added where it has none.
        closed = {each.parts for each in texts}
        texts = tuple(each for each in texts if text(*each.parts, "/").parts not in closed)
        choices = tuple(renamed(each, name) for each in texts)
        if is_vague and len(choices) > 1:
            choices = (hole(name),)
        if len(results) * len(choices) > MOST_OPTIONS:
            choices = choices[:1]
        results = [(*before, *choice.parts) for before in results for choice in choices]
    return either(*(text(*parts) for parts in results))


def slashed(values: list[Value], names: list[str]) -> Value:
    """Return paths joined by slashes; an absolute one begins anew."""
    results: list[Text] = [Text(())]
    for value, name in zip(values, names, strict=True):
        # A folder that may be empty is one that was not given: the other way tells the path.
        texts = as_texts(value, name)
        choices = tuple(renamed(each, name) for each in texts if each.parts) or (Text(()),)
        if len(results) * len(choices) > MOST_OPTIONS:
            choices = choices[:1]
        results = [slash(before, choice) for before in results for choice in choices]
    return either(*results)


def slash(left: Text, right: Text) -> Text:
    if not left.parts or (right.parts and str(right.parts[0])[:1] in ("/", "\0")):
        return right
    if not right.parts or right.literal == ".":
        return left
    if left.literal == ".":
        return right
    last = left.parts[-1]
    between = "" if isinstance(last, str) and last.endswith("/") else "/"
    return text(*left.parts, between, *right.parts)


def reads_of(value: Value) -> frozenset[str]:
    """Return the accesses whose content a value holds."""
    match value:
        case Text():
            return frozenset().union(*(part.reads for part in value.holes))
        case Handle():
            return value.reads
        case Options():
            return frozenset().union(*(reads_of(option) for option in value.values))
        case Sequence():
            return frozenset().union(*(reads_of(item) for item in value.items))
        case Method():
            return reads_of(value.of)
        case _:
            return frozenset()


def is_json_text(value: Value) -> bool:
    """Say whether a value was written as JSON text, in whole or in part, and is no page."""
    match value:
        case Text():
            return any(p.is_json for p in value.holes) and not _PAGE.search(str(value.parts))
        case Options():
            return any(is_json_text(option) for option in value.values)
        case Sequence():
            return any(is_json_text(item) for item in value.items)
        case Mapping():
            return value.is_json
        case _:
            return False


def is_item(value: Value) -> bool:
    return isinstance(value, Text) and any(part.name == ITEM for part in value.holes)


def content(reads: frozenset[str], name: str = "content") -> Text:
    return text(Hole(name, None, reads))


def renamed(value: Text, name: str) -> Text:
    """Give unknown holes a better name."""
    if not any(isinstance(part, Hole) and part.name == "?" for part in value.parts):
        return value
    return Text(
        tuple(
            replace(part, name=name) if isinstance(part, Hole) and part.name == "?" else part
            for part in value.parts
        )
    )


def one_of(values: Sequence_[Value]) -> Value:
    """Return what is one of several; of too many to tell apart, what they have in common."""
    if len(values) <= MOST_OPTIONS:
        return either(*values) if values else UNKNOWN
    said = [value.literal for value in values if isinstance(value, Text)]
    known = [text for text in said if text is not None]
    if len(known) < len(values):
        return UNKNOWN
    folder = known[0].rpartition("/")[0] + "/"
    before = folder if all(each.startswith(folder) for each in known) else ""
    ending = PurePosixPath(known[0]).suffix
    after = ending if all(each.endswith(ending) for each in known) else ""
    return text(before, Hole("?"), after)
