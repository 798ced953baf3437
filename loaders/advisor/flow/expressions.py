"""Expressions: what each is worth."""

import re
from abc import abstractmethod
from collections.abc import Iterable

from loaders.advisor.flow import members
from loaders.advisor.flow.branching import merged
from loaders.advisor.flow.calls import Caller
from loaders.advisor.flow.constants import is_constant
from loaders.advisor.flow.context import Arguments
from loaders.advisor.flow.naming import name_of
from loaders.advisor.flow.objects import ENTERING, LEAVING
from loaders.advisor.flow.substitution import json_hole
from loaders.advisor.flow.templates import is_settled
from loaders.advisor.flow.values import (
    ITEM,
    NOTHING,
    UNKNOWN,
    External,
    Func,
    Handle,
    Hole,
    Instance,
    Listing,
    Mapping,
    Member,
    Method,
    Sequence,
    Text,
    Value,
    content,
    either,
    hole,
    is_item,
    is_json_text,
    is_number,
    joined,
    literal,
    one_of,
    options_of,
    reads_of,
    slashed,
    text,
    variable,
)
from loaders.advisor.languages.syntax import (
    Attr,
    Block,
    Call,
    Closure,
    Const,
    Each,
    Either,
    Expr,
    Index,
    Items,
    Joined,
    Managed,
    Name,
    Opaque,
    Percent,
    Slash,
    Spread,
    Statement,
    Table,
)

_METHODS_OF_PATHS = ("read_text", "read_bytes", "write_text", "write_bytes", "unlink")
# Longer lists and tables are no lists of paths.
MOST_ITEMS = 40
MOST_ENTRIES = 100


class Expressions(Caller):
    """The part of an evaluator that knows what expressions are worth."""

    @abstractmethod
    def run(self, block: Iterable[Statement]) -> bool: ...

    @abstractmethod
    def lookup(self, name: str) -> Value | None: ...

    def value(self, expr: Expr) -> Value:
        match expr:
            case Const():
                return self.constant(expr)
            case Name():
                found = self.name(expr)
                if isinstance(found, Func):
                    self.engine.references.add(found.function.key)
                return found
            case Attr():
                return self.member(self.value(expr.of), expr.name)
            case Call():
                return self.call(expr)
            case Joined():
                values = [self.value(part) for part in expr.parts]
                if any(isinstance(value, Sequence) for value in values):
                    items = (v.items for v in values if isinstance(v, Sequence))
                    return Sequence(tuple(item for group in items for item in group))
                if all(is_number(value) for value in values):
                    return UNKNOWN
                return joined(values, [name_of(part) for part in expr.parts])
            case Slash():
                values = [self.value(expr.left), self.value(expr.right)]
                return slashed(values, [name_of(expr.left), name_of(expr.right)])
            case Percent():
                return self.percent(expr)
            case Either():
                return merged(preferred([self.value(option) for option in expr.options]))
            case Items():
                return Sequence(tuple(self.value(item) for item in expr.items)[:MOST_ITEMS])
            case Table():
                return self.table(expr)
            case Each():
                return self.element(self.value(expr.of))
            case Managed():
                managers = options_of(self.value(expr.of))
                return either(*(self.managed(each, expr) for each in managers))
            case Index():
                return self.index(expr)
            case Spread():
                return self.value(expr.of)
            case Closure():
                self.engine.define(expr.function, self.function.key)
                return Func(expr.function)
            case Block():
                self.run(expr.statements)
                if expr.is_filtered:
                    self.is_filtering = True
                return self.value(expr.body)
            case Opaque():
                return self.opaque(expr)

    def managed(self, manager: Value, at: Managed) -> Value:
        """Return what a class of ours gives to a block, or do what it does after it."""
        if not isinstance(manager, Instance):
            return manager
        names = LEAVING if at.is_left else ENTERING
        bases = self.engine.bases_of(manager.definition, self.function.key)
        method = next((name for name in names for base in bases if name in base.methods), None)
        if method is None:
            return manager
        args = (NOTHING,) * 3 if at.is_left else ()
        given = self.call_method(manager, method, Arguments(args, {}, at.line, at.column))
        own = [each for each in options_of(given) if isinstance(each, Instance)]
        return manager if own or at.is_left else given

    @staticmethod
    def constant(expr: Const) -> Value:
        if expr.value is None:
            return NOTHING
        return literal(expr.value) if isinstance(expr.value, str) else UNKNOWN

    def handed(self, arg: Expr, to: Expr) -> Value:
        """Evaluate an argument; a method of a path may be handed on: to_thread(path.read_text)."""
        if isinstance(arg, Attr) and arg.name in _METHODS_OF_PATHS:
            of = self.value(arg.of)
            if isinstance(of, Text):
                return Method(of, arg.name)
        match arg, to:
            case Call(of=Attr(name="json", of=model)), Attr(name="write" | "write_text"):
                # What a file takes is a text: a model gives one, an answer would be parsed.
                return text(json_hole(self.value(model)))
        return self.value(arg)

    def called(self, expr: Expr) -> Value:
        """Evaluate what is called or exported: that is no use of a function as a value."""
        return self.name(expr) if isinstance(expr, Name) else self.value(expr)

    def name(self, expr: Name) -> Value:
        found = self.lookup(expr.id)
        if found is not None:
            return found
        if (special := members.special_name(expr.id, self.function.path)) is not None:
            return special
        if expr.id == "⟨expires⟩":
            self.is_expiring = True
        if self.language == "script" and not expr.id.startswith("⟨"):
            found = self.engine.global_name(expr.id, self.function.key)
        return External(expr.id) if found is None else found

    def opaque(self, expr: Opaque) -> Value:
        reads: frozenset[str] = frozenset()
        is_json = False
        for part in expr.parts:
            value = self.value(part)
            reads |= reads_of(value)
            is_json = is_json or is_json_text(value)
        return text(Hole("?", None, reads, is_json))

    def percent(self, expr: Percent) -> Value:
        form = self.value(expr.form)
        given = expr.values.items if isinstance(expr.values, Items) else (expr.values,)
        values = [self.value(item) for item in given]
        said = form.literal if isinstance(form, Text) else None
        if said is None:
            return UNKNOWN
        pieces = re.split(r"(%(?:\(\w+\))?[-+ #0-9.]*[sdifrxg])", said)
        parts: list[Value] = []
        names: list[str] = []
        position = 0
        for piece in pieces:
            if piece.startswith("%") and len(piece) > 1 and piece != "%%":
                known = position < len(values)
                named = re.match(r"%\((\w+)\)", piece)
                first = values[0] if values else None
                if named and isinstance(first, Mapping):
                    parts.append(first.get(named[1]) or hole(named[1]))
                    names.append(named[1])
                else:
                    parts.append(values[position] if known else UNKNOWN)
                    names.append(name_of(given[position]) if known else "?")
                    position += 1
            else:
                parts.append(literal(piece.replace("%%", "%")))
                names.append("?")
        return joined(parts, names)

    def call_by_name(self, value: Value) -> None:
        """Remember that a function of a script has a name to call it by: it is no callback."""
        if self.language == "script" and isinstance(value, Func):
            self.engine.named.add(value.function.key)

    def table(self, expr: Table) -> Value:
        entries: list[tuple[str, Value]] = []
        for key, inner in expr.entries:
            value = self.value(inner)
            if key == "...":
                for option in options_of(value):
                    if isinstance(option, Mapping):
                        entries.extend(option.entries)
            elif key is not None:
                self.call_by_name(value)
                entries.append((key, value))
        return Mapping(tuple(entries[:MOST_ENTRIES]), is_constant=is_constant(expr))

    def index(self, expr: Index) -> Value:
        of = self.value(expr.of)
        key = self.value(expr.key)
        said = key.literal if isinstance(key, Text) else None
        found: list[Value] = []
        for option in options_of(of):
            found.append(self.indexed(option, said, expr))
        return either(*found)

    def indexed(self, of: Value, said: str | None, expr: Index) -> Value:
        if isinstance(of, Mapping):
            if said is not None:
                return of.get(said) or UNKNOWN
            return one_of([value for _, value in of.entries])
        if isinstance(of, Sequence):
            if said is not None and said.isdigit() and int(said) < len(of.items):
                return of.items[int(said)]
            return either(*of.items) if of.items and said is None else UNKNOWN
        if isinstance(of, Method) and of.name == "parents" and isinstance(of.of, Text):
            return members.ancestor(of.of, int(said) if said and said.isdigit() else 0)
        if isinstance(of, External) and said is not None:
            if members.is_environment(of.name):
                return variable(said)
            return External(f"{of.name}.{said}")
        if isinstance(of, Handle) and said is not None:
            return of
        if isinstance(of, Listing):
            return members.listed(of) if said is not None else of
        if reads := reads_of(of):
            if said is not None:
                self.engine.keys_read(reads, said, is_item=is_item(of))
            else:
                self.engine.keyed_by(reads, name_of(expr.key))
            return content(reads, said or "?")
        name = said if said and not said.isdigit() else None
        if isinstance(of, Text) and of.symbol is not None and name:
            return self.member(of, name)
        if isinstance(of, External) and "()" in of.name:
            return External(f"{of.name}[]")
        if isinstance(of, Text) and of.symbol is not None and said is None:
            return hole(name_of(expr.of), Member(of.symbol, "[]"))
        return hole(name or f"{name_of(expr.of)}")

    def element(self, of: Value) -> Value:
        """Return what iterating over a value gives."""
        found: list[Value] = []
        for option in options_of(of):
            match option:
                case Listing():
                    found.append(members.listed(option))
                case Sequence():
                    found.append(one_of(option.items))
                case Mapping():
                    found.append(one_of([literal(key) for key, _ in option.entries]))
                case Handle() if option.kind == "file":
                    found.append(content(option.reads, ITEM))
                case Text() if (symbol := option.symbol) is not None and not reads_of(option):
                    # Callers know what is in a list that they hand in.
                    found.append(hole("?", Member(symbol, members.ELEMENT)))
                case _:
                    reads = reads_of(option)
                    found.append(content(reads, ITEM) if reads else UNKNOWN)
        return either(*found)

    def member(self, of: Value, name: str) -> Value:
        return either(*(members.member(self, option, name) for option in options_of(of)))


def _is_optional(value: Value) -> bool:
    """Say whether a value is a member of an argument, or nothing that we know."""
    if not isinstance(value, Text) or len(value.parts) != 1 or value.literal is not None:
        return False
    return isinstance(value.symbol, Member) or (value.symbol is None and not reads_of(value))


def _is_made(value: Value) -> bool:
    """Say whether a value is what a function of a library made of others: re.sub(...)."""
    return isinstance(value, External) and "()" in value.name


def _is_word(value: Value) -> bool:
    said = value.literal if isinstance(value, Text) else None
    return said is not None and re.fullmatch(r"\w*", said) is not None


def preferred(values: list[Value]) -> list[Value]:
    """Leave out what is optional where a path stands beside it: that is its default.

    A word that stands in for an empty name is no path: clean(name) or "unknown".
    """
    if any(map(_is_made, values)) and all(_is_made(v) or _is_word(v) for v in values):
        return [value for value in values if _is_made(value)]
    if not any(isinstance(value, Text) and is_settled(value) for value in values):
        return values
    return [value for value in values if not _is_optional(value)]
