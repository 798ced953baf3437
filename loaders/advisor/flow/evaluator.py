"""Evaluates one function: what its names are worth, and which files it touches on the way."""

import re
from collections.abc import Iterable
from dataclasses import replace

from loaders.advisor.flow import members, namespaces
from loaders.advisor.flow.branching import merged
from loaders.advisor.flow.constants import names_constant
from loaders.advisor.flow.drafts import without_drafts
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.importing import Importer
from loaders.advisor.flow.naming import name_of
from loaders.advisor.flow.noting import whole_of
from loaders.advisor.flow.segments import is_deep
from loaders.advisor.flow.summaries import MOST_ACCESSES, Summary, root_of, symbols_of
from loaders.advisor.flow.values import (
    ITEM,
    NOTHING,
    UNKNOWN,
    Class,
    External,
    Func,
    Instance,
    Mapping,
    Param,
    Sequence,
    Text,
    Value,
    content,
    either,
    hole,
    is_item,
    is_number,
    one_way,
    options_of,
    reads_of,
    renamed,
)
from loaders.advisor.languages.syntax import (
    Assign,
    Attr,
    Branch,
    ClassDef,
    Define,
    Do,
    Either,
    Export,
    Expr,
    FunctionDef,
    Import,
    Index,
    Items,
    Name,
    Parameter,
    Return,
    Spread,
    Statement,
    Table,
    set_again,
)

_ARCHIVE = re.compile(r"\b(ZipFile|TarFile)\b")
_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Evaluator(Importer):
    """Goes through a function's statements once, in order."""

    def __init__(self, engine: Engine, function: FunctionDef) -> None:
        super().__init__(engine, function)
        self.returned: list[Value] = []
        self.is_context_manager = any(
            "contextmanager" in said or "fixture" in said for said in function.decorators
        )

    def summary(self) -> Summary:
        defaults: dict[str, Value] = {}
        for parameter in self.function.parameters:
            if parameter.default is not None:
                defaults[parameter.name] = self.outer(parameter.default)
        for position, parameter in enumerate(self.function.parameters):
            self.env[parameter.name] = self.parameter_value(parameter, position)
        self.run(self.function.body)
        self.keep_attributes()
        self.accesses = {each.id: each for each in without_drafts(self.accesses.values())}
        own = tuple(self.accesses.values())
        children = self.engine.children.get(self.function.key, ())
        # Only inner functions and other modules look into a function.
        is_seen = bool(children) or self.function.key.endswith(":")
        seen = {**self.accesses, **self.handed_on}
        around = set(self.engine.around(self.function.key))
        for child in children:
            for access in self.engine.summary(child, self.function.key).accesses:
                if any(root_of(symbol).owner in around for symbol in symbols_of(access.path)):
                    seen.setdefault(access.id, access)
        return Summary(
            returns=one_way(either(*self.returned)) if self.returned else NOTHING,
            own=own,
            accesses=tuple(seen.values())[:MOST_ACCESSES],
            marks=tuple(self.marks),
            names=self.names() if is_seen else {},
            attributes=self.attributes,
            defaults=defaults,
            has_lock=self.has_lock,
            has_database=self.has_database,
            is_filtering=self.is_filtering,
            is_expiring=self.is_expiring,
            is_fetching=self.is_fetching,
        )

    def keep_attributes(self) -> None:
        """Take the attributes that were assigned until here into the summary."""
        for name, value in self.env.items():
            if name.startswith("@"):
                before = self.attributes.get(name[1:])
                self.attributes[name[1:]] = value if before is None else either(before, value)

    def names(self) -> dict[str, Value]:
        seen = {name: value for name, value in self.env.items() if not name.startswith("@")}
        return {**seen, **self.exports}

    def outer(self, expr: Expr) -> Value:
        """Evaluate a default where the function was defined."""
        return self.value(expr)

    def parameter_value(self, parameter: Parameter, position: int) -> Value:
        definition = self.class_of(self.function.class_key)
        if definition is not None and position == 0 and parameter.name in ("self", "cls", "this"):
            if {"classmethod", "staticmethod"} & set(self.function.decorators):
                return Class(definition)
            return Instance(definition)
        given = self.engine.given.get((self.function.key, parameter.name))
        if given is not None:
            return given
        passed = self.engine.callbacks(self.function.key, parameter.name)
        own = hole(parameter.name, Param(self.function.key, parameter.name))
        if passed is not None:
            is_plain = (self.function.key, parameter.name) in self.engine.plain
            return either(passed, own) if is_plain else passed
        if (found := self.annotated(parameter.annotation)) is not None:
            return found
        if archive := _ARCHIVE.search(parameter.annotation):
            # What is in an archive is no file of its own.
            return External(f"{archive[0]}()")
        return own

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
        before = self.flags
        try:
            return self.run_all(block)
        finally:
            self.flags = before

    def run_all(self, block: Iterable[Statement]) -> bool:
        for statement in block:
            match statement:
                case Assign():
                    value = self.value(statement.value)
                    if statement.annotation and not isinstance(value, Instance):
                        value = self.annotated(statement.annotation) or value
                    if statement.is_again and isinstance(statement.target, Name):
                        self.assign_outside(statement.target.id, value, statement.line)
                    if not isinstance(statement.value, Index):
                        self.engine.bound_to(whole_of(value), name_of(statement.target))
                    self.bind(statement.target, value)
                case Do():
                    self.value(statement.value)
                case Return():
                    value = self.value(statement.value)
                    is_several = statement.is_item and not self.is_context_manager
                    self.returned.append(Sequence((value,)) if is_several else value)
                    if not statement.is_item:
                        return True
                case Branch():
                    if self.branch(statement):
                        return True
                case Import():
                    self.run_import(statement)
                case Define():
                    self.define(statement.what)
                case Export():
                    value = self.called(statement.value)
                    self.exports[f"export:{statement.name}"] = value
        return False

    def branch(self, statement: Branch) -> bool:
        if statement.is_loop:
            self.count_up(statement)
        before, outside = self.env, self.flags
        flags = tuple(each for each in statement.flags if self.is_flag(each[0]))
        others = tuple((name, not is_true) for name, is_true in flags) if len(flags) == 1 else ()
        afterwards = outside
        results: list[dict[str, Value]] = []
        # Where nothing happens comes first: what was before is the rule.
        for number, block in sorted(enumerate(statement.blocks), key=lambda each: bool(each[1])):
            self.env = dict(before)
            self.flags = (*outside, *(others if number else flags))
            if not self.run(block):
                results.append(self.env)
                continue
            self.keep_attributes()
            if not number:
                afterwards = (*outside, *others)
        self.flags = afterwards
        if not results:
            self.env = before
            return bool(statement.blocks)
        after = results[0]
        for other in results[1:]:
            for name, value in other.items():
                known = after.get(name)
                after[name] = value if known is None or known == value else merged((known, value))
        self.env = after
        return False

    def count_up(self, loop: Branch) -> None:
        """Forget numbers that a loop changes: what is written down is the first of many."""
        for name in {each for block in loop.blocks for each in set_again(block)}:
            if is_number(self.env.get(name, NOTHING)):
                self.env[name] = hole(name)

    def is_flag(self, name: str) -> bool:
        """Say whether a name is still the argument that a caller may leave out."""
        return self.env.get(name) == hole(name, Param(self.function.key, name))

    def define(self, what: FunctionDef | ClassDef) -> None:
        if isinstance(what, FunctionDef):
            self.engine.define(what, self.function.key)
            self.env[what.name] = Func(what)
            self.call_by_name(Func(what))
            return
        self.env[what.name] = Class(what)
        self.engine.homes[what.key] = self.function.key
        self.engine.subclass(what, [self.value(_without_types(base)) for base in what.bases])
        outside = self.env
        self.env = dict(outside)
        if self.language == "script":
            self.env["this"] = Instance(what)
        self.run(what.body)
        self.env.pop("this", None)
        for name, value in self.env.items():
            if outside.get(name) is not value:
                self.attributes[f"{what.key}.{name}"] = value
        self.env = outside
        for method in what.methods.values():
            self.engine.define(method, self.function.key)
            self.call_by_name(Func(method))

    def lookup(self, name: str) -> Value | None:
        """Return what a name means here, in the functions around, or in the module."""
        if name in self.env:
            return self.env[name]
        key = self.engine.parents.get(self.function.key)
        while key is not None:
            names = self.engine.summary(key, self.function.key).names
            if name in names:
                return self.engine.assigned_again(key, name, names[name])
            key = self.engine.parents.get(key)
        main = f"{self.function.path}:"
        if main != self.function.key:
            found = self.engine.summary(main, self.function.key).names.get(name)
            return None if found is None else self.engine.assigned_again(main, name, found)
        return None

    def assign_outside(self, name: str, value: Value, line: int) -> None:
        """Remember what a function assigns to a variable that was declared outside of it."""
        # Python declares such a name, and may assign to it twice.
        if self.is_test or (name in self.env and self.language == "script"):
            return
        key = self.engine.parents.get(self.function.key)
        main = f"{self.function.path}:"
        while key is not None and key != main:
            if name in self.engine.summary(key, self.function.key).names:
                break
            key = self.engine.parents.get(key)
        if self.function.key != main:
            self.engine.assign_again(key or main, name, value, f"{self.function.key}:{line}")

    def bind(self, target: Expr, value: Value) -> None:
        value = UNKNOWN if is_deep(value) else value
        match target:
            case Name():
                self.call_by_name(value)
                if isinstance(value, Mapping) and not names_constant(target.id):
                    value = replace(value, is_constant=False)
                if isinstance(value, Text):
                    value = renamed(value, target.id)
                elif self.language == "script" and self.function.key.endswith(":"):
                    value = namespaces.variable(self, target.id, value)
                self.env[target.id] = value
            case Attr():
                of = self.value(target.of)
                self.call_by_name(value)
                if self.language == "script" and (reads := reads_of(of)):
                    self.engine.key_set(reads, target.name)
                if not self.is_test:
                    self.engine.hold(target.name, value)
                for option in options_of(of):
                    is_global = isinstance(option, External) and option.name in members.GLOBALS
                    if is_global and not self.is_test:
                        self.engine.set_global(target.name, namespaces.named(value, target.name))
                    elif self.language == "script" and not self.is_test:
                        namespaces.add(self, option, target.name, value)
                    if (
                        isinstance(option, Class)
                        and option.definition.key == self.function.class_key
                    ):
                        self.env[f"@{option.definition.key}.{target.name}"] = value
                    if not isinstance(option, Instance):
                        continue
                    is_outside = option.arguments is not None
                    if is_outside and option.definition.is_single:
                        self.engine.assign(option.definition, target.name, self.function)
                    if not is_outside or option.definition.is_single:
                        kept = renamed(value, target.name) if isinstance(value, Text) else value
                        # A name of its own: the last assignment counts.
                        self.env[f"@{option.definition.key}.{target.name}"] = kept
            case Items():
                self.bind_items(target, value)
            case Table():
                for key, inner in target.entries:
                    member = self.member(value, key) if key and key != "..." else UNKNOWN
                    self.bind(inner, member)
            case Index():
                self.bind_item(target)
            case Spread():
                self.bind(target.of, UNKNOWN)
            case Either():
                # A pattern with a default.
                self.bind(target.options[0], either(value, self.value(target.options[1])))

    def bind_item(self, target: Index) -> None:
        reads, key = reads_of(self.value(target.of)), self.value(target.key)
        if reads and isinstance(key, Text):
            if key.literal is not None:
                self.engine.key_set(reads, key.literal)
            else:
                self.engine.keyed_by(reads, name_of(target.key))

    def bind_items(self, target: Items, value: Value) -> None:
        for position, inner in enumerate(target.items):
            parts: list[Value] = []
            for option in options_of(value):
                if isinstance(option, Sequence) and position < len(option.items):
                    parts.append(option.items[position])
                elif reads := reads_of(option):
                    parts.append(content(reads, ITEM if is_item(option) else "?"))
            self.bind(inner, either(*parts) if parts else UNKNOWN)


def _without_types(base: Expr) -> Expr:
    """Return a class that is given types, without them: Store[str, int]."""
    return base.of if isinstance(base, Index) else base
