"""What attributes, substitution and libraries need of whoever evaluates a function."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.values import Func, Symbol, Value
from loaders.advisor.languages.syntax import FunctionDef


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call passes, and where it stands."""

    args: tuple[Value, ...]
    named: dict[str, Value]
    line: int
    column: int
    names: tuple[str, ...] = ()
    is_new: bool = False

    def at(self, position: int, *names: str) -> Value | None:
        """Return an argument by one of its names, or by its position."""
        for name in names:
            if name in self.named:
                return self.named[name]
        if -len(self.args) <= position < len(self.args):
            return self.args[position]
        return None


class Context(ABC):
    """The state of one function's evaluation."""

    def __init__(self, engine: Engine, function: FunctionDef) -> None:
        self.engine = engine
        self.function = function
        self.language = engine.project.languages[function.path]
        self.is_test = function.path in engine.tests
        self.accesses: dict[str, Access] = {}
        self.marks: dict[Symbol, None] = {}
        self.attributes: dict[str, Value] = {}
        self.env: dict[str, Value] = {}
        self.exports: dict[str, Value] = {}
        self.handed_on: dict[str, Access] = {}
        self.built: list[Value] = []
        self.made: list[Value] = []
        self.looked_up: dict[str, Value | None] = {}
        self.depth = 0
        self.flags: tuple[tuple[str, bool], ...] = ()
        self.has_lock = False
        self.has_database = False
        self.is_filtering = False
        self.is_expiring = False
        self.is_fetching = False

    @abstractmethod
    def member(self, of: Value, name: str) -> Value: ...

    @abstractmethod
    def element(self, of: Value) -> Value: ...

    @abstractmethod
    def apply_quietly(self, func: Func) -> Value: ...

    @abstractmethod
    def call_value(self, callee: Value, a: Arguments) -> Value: ...

    @abstractmethod
    def require(self, what: Value, arguments: Arguments) -> Value: ...

    @abstractmethod
    def mark_json(self, value: Value) -> None: ...
