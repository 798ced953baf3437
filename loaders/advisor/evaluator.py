"""Evaluates one function: what its names are worth, and which files it touches on the way."""

import posixpath
import re
from collections.abc import Iterable

from loaders.advisor import members
from loaders.advisor.calls import Caller
from loaders.advisor.context import Arguments
from loaders.advisor.engine import Engine
from loaders.advisor.members import ROOT
from loaders.advisor.naming import name_of
from loaders.advisor.sinks import Sink
from loaders.advisor.summaries import MOST_ACCESSES, Summary, root_of, symbols_of
from loaders.advisor.syntax import (
    Assign,
    Attr,
    Block,
    Branch,
    Call,
    ClassDef,
    Closure,
    Const,
    Define,
    Do,
    Each,
    Either,
    Export,
    Expr,
    FunctionDef,
    Import,
    Index,
    Items,
    Joined,
    Name,
    Opaque,
    Parameter,
    Percent,
    Return,
    Slash,
    Spread,
    Statement,
    Table,
)
from loaders.advisor.templates import JSON_ENDINGS
from loaders.advisor.values import (
    NOTHING,
    UNKNOWN,
    Class,
    External,
    Func,
    Handle,
    Hole,
    Instance,
    Listing,
    Mapping,
    Method,
    ModuleValue,
    Nothing,
    Options,
    Param,
    Sequence,
    Symbol,
    Text,
    Value,
    content,
    either,
    hole,
    is_json_text,
    joined,
    literal,
    options_of,
    reads_of,
    renamed,
    slashed,
    text,
)

_IMPORT = Sink("import", "read", 0, returns="content", is_json=True)
_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Evaluator(Caller):
    """Goes through a function's statements once, in order."""

    def __init__(self, engine: Engine, function: FunctionDef) -> None:
        super().__init__(engine, function)
        self.env: dict[str, Value] = {}
        self.returned: list[Value] = []
        self.exports: dict[str, Value] = {}

    def summary(self) -> Summary:
        defaults: dict[str, Value] = {}
        for parameter in self.function.parameters:
            if parameter.default is not None:
                defaults[parameter.name] = self.outer(parameter.default)
        for position, parameter in enumerate(self.function.parameters):
            self.env[parameter.name] = self.parameter_value(parameter, position)
        self.run(self.function.body)
        own = tuple(self.accesses.values())
        seen = dict(self.accesses)
        for child in self.engine.children.get(self.function.key, ()):
            for access in self.engine.summary(child, self.function.key).accesses:
                if any(
                    root_of(symbol).owner == self.function.key for symbol in symbols_of(access.path)
                ):
                    seen.setdefault(access.id, access)
        return Summary(
            returns=either(*self.returned) if self.returned else NOTHING,
            own=own,
            accesses=tuple(seen.values())[:MOST_ACCESSES],
            marks=tuple(self.marks),
            names={**self.env, **self.exports},
            attributes=self.attributes,
            defaults=defaults,
            has_lock=self.has_lock,
            has_database=self.has_database,
            is_filtering=self.is_filtering,
            is_expiring=self.is_expiring,
            is_fetching=self.is_fetching,
        )

    def outer(self, expr: Expr) -> Value:
        """Evaluate a default where the function was defined."""
        return self.value(expr)

    def parameter_value(self, parameter: Parameter, position: int) -> Value:
        definition = self.class_of(self.function.class_key)
        if definition is not None and position == 0 and parameter.name in ("self", "cls", "this"):
            if "classmethod" in self.function.decorators:
                return Class(definition)
            return Instance(definition)
        passed = self.engine.callbacks(self.function.key, parameter.name)
        if passed is not None:
            return passed
        if (found := self.annotated(parameter.annotation)) is not None:
            return found
        return hole(parameter.name, Param(self.function.key, parameter.name))

    def annotated(self, annotation: str) -> Instance | None:
        """Return an object of the class of ours that an annotation names, if it has methods."""
        for word in _WORDS.findall(annotation)[:4] if annotation else ():
            found = self.lookup(word)
            if isinstance(found, Class) and members.has_behaviour(self, found.definition):
                return Instance(found.definition, members.only_construction(self, found.definition))
        return None

    def class_of(self, key: str | None) -> ClassDef | None:
        return self.engine.project.classes.get(key) if key is not None else None

    def run(self, block: Iterable[Statement]) -> bool:
        """Run statements; say whether the block returns."""
        for statement in block:
            match statement:
                case Assign():
                    value = self.value(statement.value)
                    if statement.annotation and not isinstance(value, Instance):
                        value = self.annotated(statement.annotation) or value
                    self.bind(statement.target, value)
                case Do():
                    self.value(statement.value)
                case Return():
                    self.returned.append(self.value(statement.value))
                    return True
                case Branch():
                    if self.branch(statement):
                        return True
                case Import():
                    self.run_import(statement)
                case Define():
                    self.define(statement.what)
                case Export():
                    value = self.value(statement.value)
                    self.exports[f"export:{statement.name}"] = value
                    if isinstance(value, Func):
                        self.engine.references.add(f"exported {value.function.key}")
        return False

    def branch(self, statement: Branch) -> bool:
        before = self.env
        results: list[dict[str, Value]] = []
        for block in statement.blocks:
            self.env = dict(before)
            if not self.run(block):
                results.append(self.env)
        if not results:
            self.env = before
            return bool(statement.blocks)
        merged = results[0]
        for other in results[1:]:
            for name, value in other.items():
                known = merged.get(name)
                merged[name] = value if known is None or known == value else either(known, value)
        self.env = merged
        return False

    def define(self, what: FunctionDef | ClassDef) -> None:
        if isinstance(what, FunctionDef):
            self.engine.define(what, self.function.key)
            self.env[what.name] = Func(what)
            return
        self.env[what.name] = Class(what)
        self.engine.homes[what.key] = self.function.key
        self.engine.subclass(what, [self.value(base) for base in what.bases])
        outside = self.env
        self.env = dict(outside)
        self.run(what.body)
        for name, value in self.env.items():
            if outside.get(name) is not value:
                self.attributes[f"{what.key}.{name}"] = value
        self.env = outside
        for method in what.methods.values():
            self.engine.define(method, self.function.key)

    def run_import(self, statement: Import) -> None:
        engine, key = self.engine, self.function.key
        where = statement.module
        path = engine.project.resolve(self.function.path, where)
        is_python = self.language == "python"
        if path is None and not is_python:
            found = self.json_module(where, statement.line)
            if found is not None:
                self.env[statement.local] = found
                return
        if statement.symbol == "*" and is_python:
            if path is not None and path != self.function.path:
                names = engine.names(path, key)
                public = names.get("__all__")
                only = (
                    {text.literal for text in public.items if isinstance(text, Text)}
                    if isinstance(public, Sequence)
                    else None
                )
                for name, value in names.items():
                    if name in only if only is not None else not name.startswith("_"):
                        self.env[name] = value
        elif statement.symbol == "*":
            if path is not None:
                self.exports[f"export:*{path}"] = NOTHING
        elif statement.symbol is None:
            if statement.local or not is_python:
                self.env[statement.local] = ModuleValue(path) if path else self.library(where)
            else:
                top = where.split(".")[0]
                inside = engine.project.resolve(self.function.path, top)
                self.env[top] = ModuleValue(inside) if inside else External(top)
        else:
            found = self.imported(path, where, statement.symbol)
            self.env[statement.local] = found

    def imported(self, path: str | None, where: str, symbol: str) -> Value:
        engine, key = self.engine, self.function.key
        if self.language != "python":
            if path is None:
                name = self.library(where).name
                return External(name if symbol == "default" else f"{name}.{symbol}")
            return engine.exported(path, symbol, key) or hole(symbol)
        if path is not None and path != self.function.path:
            found = engine.names(path, key).get(symbol)
            if found is not None:
                return found
        dotted = f"{where}{symbol}" if where.endswith(".") else f"{where}.{symbol}"
        inner = engine.project.resolve(self.function.path, dotted)
        if inner is not None:
            return ModuleValue(inner)
        return hole(symbol) if path is not None else External(f"{where}.{symbol}".lstrip("."))

    def require(self, what: Value, arguments: Arguments) -> Value:
        """Return what require(), or import() as a function, gives."""
        where = what.literal if isinstance(what, Text) else None
        if where is None:
            return UNKNOWN
        path = self.engine.project.resolve(self.function.path, where)
        if path is None:
            found = self.json_module(where, arguments.line)
            return self.library(where) if found is None else found
        whole = self.engine.names(path, self.function.key).get("export:=")
        return whole if whole is not None else ModuleValue(path)

    def json_module(self, where: str, line: int) -> Value | None:
        """Importing a .json file of the tree reads it."""
        if not where.endswith(JSON_ENDINGS) or not where.startswith((".", "@/", "~/")):
            return None
        folder = posixpath.dirname(self.function.path)
        path = posixpath.join(ROOT, folder, where) if where.startswith(".") else where[2:]
        return self.touch_one(_IMPORT, literal(path), Arguments((), {}, line, 0))

    @staticmethod
    def library(name: str) -> External:
        """Return a library's module under the name that the table of sinks uses."""
        name = name.removeprefix("node:").strip()
        return External("fs.promises" if name == "fs/promises" else name)

    def lookup(self, name: str) -> Value | None:
        """Return what a name means here, in the functions around, or in the module."""
        if name in self.env:
            return self.env[name]
        key = self.engine.parents.get(self.function.key)
        while key is not None:
            names = self.engine.summary(key, self.function.key).names
            if name in names:
                return names[name]
            key = self.engine.parents.get(key)
        main = f"{self.function.path}:"
        if main != self.function.key:
            return self.engine.summary(main, self.function.key).names.get(name)
        return None

    def bind(self, target: Expr, value: Value) -> None:
        match target:
            case Name():
                if isinstance(value, Text):
                    value = renamed(value, target.id)
                self.env[target.id] = value
            case Attr():
                of = self.value(target.of)
                for option in options_of(of):
                    if isinstance(option, Instance) and option.arguments is None:
                        kept = renamed(value, target.name) if isinstance(value, Text) else value
                        before = self.attributes.get(f"{option.definition.key}.{target.name}")
                        self.attributes[f"{option.definition.key}.{target.name}"] = (
                            kept if before is None else either(before, kept)
                        )
            case Items():
                self.bind_items(target, value)
            case Table():
                for key, inner in target.entries:
                    member = self.member(value, key) if key and key != "..." else UNKNOWN
                    self.bind(inner, member)
            case Index():
                self.value(target.of)
                self.value(target.key)
            case Spread():
                self.bind(target.of, UNKNOWN)
            case Either():
                # A pattern with a default.
                self.bind(target.options[0], either(value, self.value(target.options[1])))

    def bind_items(self, target: Items, value: Value) -> None:
        for position, inner in enumerate(target.items):
            parts: list[Value] = []
            for option in options_of(value):
                if isinstance(option, Sequence) and position < len(option.items):
                    parts.append(option.items[position])
                elif reads := reads_of(option):
                    parts.append(content(reads, "?"))
            self.bind(inner, either(*parts) if parts else UNKNOWN)

    def value(self, expr: Expr) -> Value:
        match expr:
            case Const():
                return self.constant(expr)
            case Name():
                return self.name(expr)
            case Attr():
                return self.member(self.value(expr.of), expr.name)
            case Call():
                return self.call(expr)
            case Joined():
                values = [self.value(part) for part in expr.parts]
                if any(isinstance(value, Sequence) for value in values):
                    items = (v.items for v in values if isinstance(v, Sequence))
                    return Sequence(tuple(item for group in items for item in group))
                return joined(values, [name_of(part) for part in expr.parts])
            case Slash():
                values = [self.value(expr.left), self.value(expr.right)]
                return slashed(values, [name_of(expr.left), name_of(expr.right)])
            case Percent():
                return self.percent(expr)
            case Either():
                return either(*(self.value(option) for option in expr.options))
            case Items():
                return Sequence(tuple(self.value(item) for item in expr.items))
            case Table():
                return self.table(expr)
            case Each():
                return self.element(self.value(expr.of))
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

    @staticmethod
    def constant(expr: Const) -> Value:
        if expr.value is None:
            return NOTHING
        return literal(expr.value) if isinstance(expr.value, str) else UNKNOWN

    def name(self, expr: Name) -> Value:
        found = self.lookup(expr.id)
        if found is not None:
            return found
        if (special := members.special_name(expr.id, self.function.path)) is not None:
            return special
        if expr.id == "⟨expires⟩":
            self.is_expiring = True
        return External(expr.id)

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

    def table(self, expr: Table) -> Value:
        entries: list[tuple[str, Value]] = []
        for key, inner in expr.entries:
            value = self.value(inner)
            if key == "...":
                for option in options_of(value):
                    if isinstance(option, Mapping):
                        entries.extend(option.entries)
            elif key is not None:
                entries.append((key, value))
        return Mapping(tuple(entries))

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
            return either(*(value for _, value in of.entries)) if of.entries else UNKNOWN
        if isinstance(of, Sequence):
            if said is not None and said.isdigit() and int(said) < len(of.items):
                return of.items[int(said)]
            return either(*of.items) if of.items and said is None else UNKNOWN
        if isinstance(of, Method) and of.name == "parents" and isinstance(of.of, Text):
            return members.ancestor(of.of, int(said) if said and said.isdigit() else 0)
        if isinstance(of, External) and said is not None:
            if members.is_environment(of.name):
                return hole(said)
            return External(f"{of.name}.{said}")
        if isinstance(of, Handle) and said is not None:
            return of
        if reads := reads_of(of):
            if said is not None:
                self.engine.keys_read(reads, said)
            return content(reads, said or "?")
        name = said if said and not said.isdigit() else None
        if isinstance(of, Text) and of.symbol is not None and name:
            return self.member(of, name)
        return hole(name or f"{name_of(expr.of)}")

    def element(self, of: Value) -> Value:
        """Return what iterating over a value gives."""
        found: list[Value] = []
        for option in options_of(of):
            match option:
                case Listing():
                    found.append(members.listed(option))
                case Sequence():
                    found.append(either(*option.items) if option.items else UNKNOWN)
                case Mapping():
                    keys = [literal(key) for key, _ in option.entries]
                    found.append(either(*keys) if keys else UNKNOWN)
                case Handle() if option.kind == "file":
                    found.append(content(option.reads, "?"))
                case _:
                    reads = reads_of(option)
                    found.append(content(reads, "?") if reads else UNKNOWN)
        return either(*found)

    def member(self, of: Value, name: str) -> Value:
        return either(*(members.member(self, option, name) for option in options_of(of)))
