"""What is known of a function: what it returns, which files it touches, in terms of its callers."""

from dataclasses import dataclass, field, replace
from typing import Any

from loaders.advisor.flow.values import (
    NOTHING,
    Handle,
    Hole,
    Instance,
    Listing,
    Mapping,
    Member,
    Options,
    Param,
    Sequence,
    Symbol,
    Text,
    Value,
)
from loaders.advisor.languages.syntax import FunctionDef

MOST_ACCESSES = 120


@dataclass(frozen=True, slots=True)
class Access:
    """One touch of a file (or blob, or browser key), at the place where it is written down.

    via is the callee's access that this one passes on; by the callee. Both are empty at a sink.
    is_of_record: an object was built elsewhere, one for each file, and a method of it is called.
    is_named_here: the function that calls the method built the object with the name of its file.
    flags: which parameters of the function are true, or not, where it is made.
    is_option: the caller hands in an object that holds the path among others, options.folder.
    """

    id: str
    operation: str
    path: Text
    file: str
    line: int
    function: str
    sink: str
    store: str = "file"
    is_json: bool = False
    via: str = ""
    by: str = ""
    depth: int = 0
    root: str = ""
    mode: Value = NOTHING
    content: Value = NOTHING
    is_atomic: bool = False
    is_append: bool = False
    is_of_record: bool = False
    is_named_here: bool = False
    is_option: bool = False
    flags: tuple[tuple[str, bool], ...] = ()


@dataclass(slots=True)
class Summary:
    """What evaluating a function gave; names are those of a module, or seen by inner functions."""

    returns: Value = NOTHING
    own: tuple[Access, ...] = ()
    accesses: tuple[Access, ...] = ()
    marks: tuple[Symbol, ...] = ()
    names: dict[str, Value] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    defaults: dict[str, Value] = field(default_factory=dict)
    has_lock: bool = False
    has_database: bool = False
    is_filtering: bool = False
    is_expiring: bool = False
    is_fetching: bool = False

    def same(self, other: "Summary") -> bool:
        """Say whether callers see no difference."""
        return (
            self.returns == other.returns
            and self.accesses == other.accesses
            and self.marks == other.marks
            and self.names == other.names
            and self.attributes == other.attributes
            and self.defaults == other.defaults
        )


@dataclass(frozen=True, slots=True)
class CallSite:
    """Who calls a function, and where."""

    caller: str
    file: str
    line: int


def root_of(symbol: Symbol) -> Param:
    while isinstance(symbol, Member):
        symbol = symbol.of
    return symbol


def symbols_of(path: Text) -> tuple[Symbol, ...]:
    return tuple(hole.origin for hole in path.holes if hole.origin is not None)


def owners_of(access: Access) -> set[Param]:
    """Return the parameters on which an access depends."""
    found = {root_of(symbol) for symbol in symbols_of(access.path)}
    if isinstance(access.mode, Text):
        found |= {root_of(symbol) for symbol in symbols_of(access.mode)}
    return found


def plain(path: Text) -> Text:
    """Return a text whose holes nobody fills any more."""
    return Text(
        tuple(
            replace(part, origin=None) if isinstance(part, Hole) and part.origin else part
            for part in path.parts
        )
    )


def without_origins(value: Value, depth: int = 0) -> Value:
    """Return a value as everybody may see it: what only a caller knows is a plain hole."""
    if depth > 4:
        return value
    match value:
        case Text():
            return plain(value)
        case Handle():
            return Handle(plain(value.path), value.reads, value.writes, value.kind)
        case Listing():
            return Listing(plain(value.path), value.is_name, value.access)
        case Options():
            return Options(tuple(without_origins(option, depth + 1) for option in value.values))
        case Sequence():
            return Sequence(tuple(without_origins(item, depth + 1) for item in value.items))
        case Mapping():
            entries = ((key, without_origins(item, depth + 1)) for key, item in value.entries)
            return replace(value, entries=tuple(entries))
        case Instance():
            if value.arguments is None:
                return value
            return Instance(
                value.definition,
                tuple((key, without_origins(item, depth + 1)) for key, item in value.arguments),
            )
        case _:
            return value


def parameters_of(function: FunctionDef, is_bound: bool) -> list[Any]:
    """Return the parameters that arguments fill, without self or cls."""
    parameters = list(function.parameters)
    if is_bound and parameters and parameters[0].name in ("self", "cls", "this"):
        return parameters[1:]
    return parameters
