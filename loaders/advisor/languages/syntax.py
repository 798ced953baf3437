"""The form that front ends turn every language into: expressions, statements, definitions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Const:
    """A literal that is no text of its own: None, a number, a boolean."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    id: str


@dataclass(frozen=True, slots=True)
class Attr:
    """of.name"""

    of: "Expr"
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """of[key]"""

    of: "Expr"
    key: "Expr"


@dataclass(frozen=True, slots=True)
class Call:
    of: "Expr"
    args: tuple["Expr", ...]
    named: tuple[tuple[str, "Expr"], ...]
    line: int
    column: int
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts one after another: f-strings, template literals, additions."""

    parts: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Slash:
    """left / right, which joins paths."""

    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class Percent:
    """format % values"""

    form: "Expr"
    values: "Expr"


@dataclass(frozen=True, slots=True)
class Either:
    """One of several, depending on what happens: conditional expressions, or, ??."""

    options: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list, tuple or set."""

    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A dictionary or object: keys that are not literal are None; a spread has key '...'."""

    entries: tuple[tuple[str | None, "Expr"], ...]


@dataclass(frozen=True, slots=True)
class Each:
    """An element of what is iterated over."""

    of: "Expr"


@dataclass(frozen=True, slots=True)
class Managed:
    """What a context manager gives where a block is entered; nothing where it is left."""

    of: "Expr"
    line: int
    column: int
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    of: "Expr"


@dataclass(frozen=True, slots=True)
class Closure:
    """A function written where a value stands."""

    function: "FunctionDef"


@dataclass(frozen=True, slots=True)
class Block:
    """Statements inside an expression (a comprehension): what body yields after them."""

    statements: tuple["Statement", ...]
    body: "Expr"
    is_filtered: bool = False


@dataclass(frozen=True, slots=True)
class Opaque:
    """An expression whose value cannot be known; its parts are still evaluated."""

    parts: tuple["Expr", ...] = ()


Expr: TypeAlias = (
    Const
    | Name
    | Attr
    | Index
    | Call
    | Joined
    | Slash
    | Percent
    | Either
    | Items
    | Table
    | Each
    | Managed
    | Spread
    | Closure
    | Block
    | Opaque
)


@dataclass(frozen=True, slots=True)
class Assign:
    target: Expr
    value: Expr
    line: int
    annotation: str = ""
    # The name was declared before, maybe in a function around.
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Do:
    """An expression evaluated for what it does."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Return:
    """What a function gives; yields, and goes on, if it is one item of several."""

    value: Expr
    is_item: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """Blocks of which one runs; the first where all its flags, names or not, are true."""

    blocks: tuple[tuple["Statement", ...], ...]
    flags: tuple[tuple[str, bool], ...] = ()
    is_loop: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """Names a module, or one of its names ('*' for all), under a local name."""

    module: str
    symbol: str | None
    local: str
    line: int


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    default: Expr | None = None
    annotation: str = ""
    is_rest: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FunctionDef:
    name: str
    key: str
    path: str
    parameters: tuple[Parameter, ...]
    body: tuple["Statement", ...]
    line: int
    end: int
    decorators: tuple[str, ...] = ()
    class_key: str | None = None
    is_exported: bool = False
    returns: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ClassDef:
    name: str
    key: str
    path: str
    bases: tuple[Expr, ...]
    methods: dict[str, FunctionDef]
    body: tuple["Statement", ...]
    fields: tuple[tuple[str, str], ...]
    line: int
    is_interface: bool = False
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class Define:
    """A function or class gets its name."""

    what: FunctionDef | ClassDef


@dataclass(frozen=True, slots=True)
class Export:
    """What another module sees under a name; module.exports is '='."""

    name: str
    value: Expr


Statement: TypeAlias = Assign | Do | Return | Branch | Import | Define | Export


@dataclass(frozen=True, slots=True)
class Module:
    """A file of code: its statements as one function, and what else was seen."""

    path: str
    language: str
    main: FunctionDef
    functions: tuple[FunctionDef, ...]
    classes: tuple[ClassDef, ...]
    lines: int
    errors: tuple[int, ...] = field(default=())


def set_again(block: Iterable[Statement]) -> Iterator[str]:
    """Yield the names that statements assign to."""
    for statement in block:
        if isinstance(statement, Assign) and isinstance(statement.target, Name):
            yield statement.target.id
        elif isinstance(statement, Branch):
            for inner in statement.blocks:
                yield from set_again(inner)


def assigned(block: Iterable[Statement], this: str) -> Iterator[str]:
    """Yield the attributes of an object that statements assign to."""
    for statement in block:
        if isinstance(statement, Assign):
            targets = [statement.target]
            if isinstance(statement.target, Items):
                targets = list(statement.target.items)
            for target in targets:
                if isinstance(target, Attr) and target.of == Name(this):
                    yield target.name
        elif isinstance(statement, Branch):
            for inner in statement.blocks:
                yield from assigned(inner, this)
