"""Calls: of functions of ours, by their summaries; of classes; of what is passed on."""

from abc import abstractmethod
from dataclasses import replace

from loaders.advisor.flow import members
from loaders.advisor.flow.answers import asks, is_request, is_writing
from loaders.advisor.flow.branching import is_left_out, way_taken
from loaders.advisor.flow.context import Arguments
from loaders.advisor.flow.libraries.library import Library
from loaders.advisor.flow.libraries.paths import JOINED, starred
from loaders.advisor.flow.lists import GROWING, grown
from loaders.advisor.flow.naming import name_of
from loaders.advisor.flow.objects import as_told, built_with, from_above, made_for
from loaders.advisor.flow.substitution import (
    CONSTRUCTORS,
    Bindings,
    Replaced,
    filled,
    resolved,
    substituted,
)
from loaders.advisor.flow.summaries import (
    Access,
    Summary,
    owners_of,
    parameters_of,
    root_of,
)
from loaders.advisor.flow.values import (
    NOTHING,
    UNKNOWN,
    Class,
    External,
    Func,
    Handle,
    Instance,
    Method,
    Nothing,
    Param,
    Sequence,
    Text,
    Value,
    as_texts,
    either,
    options_of,
)
from loaders.advisor.languages.syntax import Attr, Call, ClassDef, Expr, Name, Spread

MOST_DEPTH = 8
# Who takes the parts of a path one by one.
_JOINING = ("join", "joinpath", "resolve", "Path", "PurePath")
# Functions handed to functions, one inside the other.
MOST_NESTED = 12


class Caller(Library):
    """The part of an evaluator that knows what calls do."""

    @abstractmethod
    def value(self, expr: Expr) -> Value: ...

    @abstractmethod
    def handed(self, arg: Expr, to: Expr) -> Value: ...

    @abstractmethod
    def called(self, expr: Expr) -> Value: ...

    def call(self, expr: Call) -> Value:
        args: list[Value] = []
        names: list[str] = []
        for arg in expr.args:
            value = self.handed(arg, expr.of)
            if isinstance(arg, Spread) and isinstance(value, Sequence):
                args.extend(value.items)
            elif isinstance(arg, Spread) and name_of(expr.of) in _JOINING:
                args.append(self.member(value, JOINED))
            else:
                args.append(value)
            names += [name_of(arg)] * (len(args) - len(names))
        arguments = Arguments(
            tuple(args),
            {name: self.value(value) for name, value in expr.named},
            expr.line,
            expr.column,
            tuple(names),
            expr.is_new,
        )
        if isinstance(expr.of, Attr):
            name = expr.of.name
            if _is_super(expr.of.of):
                return self.call_super(name, arguments)
            receiver = self.value(expr.of.of)
            self.notice(name, receiver, arguments)
            if name in GROWING and isinstance(expr.of.of, Name) and expr.of.of.id in self.env:
                self.env[expr.of.of.id] = grown(receiver, arguments.args)
            return either(*(self.call_method(of, name, arguments) for of in options_of(receiver)))
        if _is_super(expr):
            return self.call_super("__init__", arguments)
        if expr.of == Name("require") and self.language == "script" and args:
            return self.require(args[0], arguments)
        callee = self.called(expr.of)
        if isinstance(expr.of, Name):
            self.notice(expr.of.id, callee, arguments)
        return either(*(self.call_value(each, arguments) for each in options_of(callee)))

    def notice(self, name: str, receiver: Value, arguments: Arguments) -> None:
        """Remember locks, statements of SQL and requests, by the names of what is called."""
        lower = name.lower()
        where = receiver.name.lower() if isinstance(receiver, External) else ""
        words = self.engine.sinks.lock_words
        if lower in words or any(f"{word}." in f"{where}." for word in words):
            self.has_lock = True
        if name in self.engine.sinks.database_methods:
            self.has_database = self.has_database or is_writing(arguments.args)
        # A function of ours may be called fetch, and ask nobody.
        is_idle = isinstance(receiver, Func) and not self.asked_by(receiver).is_fetching
        if not is_idle and (is_request(f"{where}.{lower}.") or asks(name, arguments.args)):
            self.is_fetching = True

    def asked_by(self, func: Func) -> Summary:
        return self.engine.summary(func.function.key, self.function.key)

    def call_value(self, callee: Value, a: Arguments) -> Value:
        if self.depth > MOST_NESTED:
            return UNKNOWN
        self.depth += 1
        try:
            return self.call_one(callee, a)
        finally:
            self.depth -= 1

    def call_one(self, callee: Value, a: Arguments) -> Value:
        match callee:
            case Func():
                return self.apply(callee, a)
            case Class():
                return self.construct(callee.definition, a)
            case External():
                return self.call_external(callee.name, a, callee.arguments)
            case Method():
                return self.call_method(callee.of, callee.name, a)
            case Instance() if "__call__" in callee.definition.methods:
                return self.apply(Func(callee.definition.methods["__call__"], callee), a)
            case _:
                return UNKNOWN

    def call_method(self, of: Value, name: str, a: Arguments) -> Value:
        if isinstance(of, Instance | Class):
            found = self.member(of, name)
            if not isinstance(found, Method) or found.of != of:
                results = []
                for each in options_of(found):
                    symbolic = isinstance(each, Text) and isinstance(of, Instance)
                    if symbolic and isinstance(of, Instance):
                        results.append(self.call_below(of, name, a))
                    else:
                        results.append(self.call_value(each, a))
                return either(*results)
        elif not isinstance(of, Nothing):
            own = self.own_method(of, name) or built_with(self, of, name)
            if own is not None:
                return either(*(self.call_value(each, a) for each in options_of(own)))
        return self.library_method(of, name, a)

    def own_method(self, of: Value, name: str) -> Value | None:
        """Return a function of ours that a module, library name or object literal holds."""
        if not isinstance(of, Text) and type(of).__name__ in ("ModuleValue", "External", "Mapping"):
            found = self.member(of, name)
            if not isinstance(found, Method):
                return found
        return None

    def call_below(self, of: Instance, name: str, a: Arguments) -> Value:
        """Call a method that classes below define, all of them."""
        results: list[Value] = []
        for definition in (of.definition, *self.engine.below(of.definition)):
            if name in definition.methods:
                bound = of if definition is of.definition else Instance(definition)
                results.append(self.apply(Func(definition.methods[name], bound), a))
        return either(*results) if results else UNKNOWN

    def call_super(self, name: str, a: Arguments) -> Value:
        """Call a method of the class above; its constructor's attributes become ours."""
        key = self.function.class_key
        definition = self.engine.project.classes.get(key) if key else None
        if definition is None:
            return UNKNOWN
        names = CONSTRUCTORS if name in CONSTRUCTORS else (name,)
        for base in self.engine.bases_of(definition, self.function.key)[1:]:
            for method in (base.methods[each] for each in names if each in base.methods):
                func = Func(method, Instance(definition))
                bindings, _ = self.bindings(func, a)
                summary = self.engine.summary(method.key, self.function.key)
                for full, value in summary.attributes.items():
                    own = f"{definition.key}.{full.rpartition('.')[2]}"
                    self.attributes.setdefault(own, substituted(self, value, bindings, {}))
                return self.apply(func, a)
        return UNKNOWN

    def construct(self, definition: ClassDef, a: Arguments) -> Value:
        init = members.init_of(self, definition)
        pairs: list[tuple[str, Value]] = []
        if init is not None:
            bindings, _ = self.bindings(Func(init, Instance(definition)), a)
            for param, value in bindings.items():
                if param.owner == init.key:
                    pairs.append((f"{param.owner}|{param.name}", value))
        else:
            fields = [
                (base.key, name)
                for base in reversed(self.engine.bases_of(definition, self.function.key))
                for name, _ in base.fields
            ]
            for position, (owner, name) in enumerate(fields):
                given = a.at(position, name)
                if given is not None:
                    pairs.append((f"{owner}|{name}", given))
        # A constructor that is called without 'new' calls itself anew.
        if not self.is_test and not (
            self.function.class_key == definition.key and self.function.name in CONSTRUCTORS
        ):
            site = f"{self.function.path}:{a.line}:{a.column}"
            self.engine.construct(definition, tuple(pairs), site)
        instance = Instance(definition, tuple(pairs))
        self.built.append(instance)
        if init is not None:
            self.apply(Func(init, instance), a)
        return instance

    def bindings(self, func: Func, a: Arguments) -> tuple[Bindings, set[Param]]:
        """Return what a function's parameters are worth in a call, and which are defaults."""
        function = func.function
        key = function.key
        found: Bindings = {}
        is_static = "staticmethod" in function.decorators and self.language == "python"
        is_method = function.class_key is not None and not is_static
        parameters = parameters_of(function, is_method)
        given = [*func.given, *a.args]
        if is_method and func.bound is None and given and self.language == "python":
            given = given[1:]
        named = {**dict(func.named), **a.named}
        defaulted: set[Param] = set()
        position = 0
        for parameter in parameters:
            param = Param(key, parameter.name)
            if parameter.name in named:
                found[param] = named[parameter.name]
            elif parameter.is_rest:
                if position < len(given):
                    found[param] = Sequence(tuple(given[position:]))
                elif "mode" in a.named:
                    found[param] = Sequence((a.named["mode"],))
                position = len(given)
            elif position < len(given):
                found[param] = given[position]
                position += 1
            elif parameter.default is not None:
                default = self.engine.summary(key, self.function.key).defaults.get(parameter.name)
                if default is not None:
                    found[param] = default
                defaulted.add(param)
        if isinstance(func.bound, Instance):
            for base in self.engine.bases_of(func.bound.definition, self.function.key):
                if func.bound.arguments is not None:
                    found[Param(base.key, "self")] = func.bound
            for full, value in func.bound.arguments or ():
                owner, _, name = full.rpartition("|")
                found.setdefault(Param(owner, name), value)
        return found, defaulted

    def apply_quietly(self, func: Func) -> Value:
        """Return what a property gives."""
        bindings, _ = self.bindings(func, Arguments((), {}, 0, 0))
        summary = self.engine.summary(func.function.key, self.function.key)
        return substituted(self, summary.returns, {**bindings, **from_above(self, func)}, {})

    def apply(self, func: Func, a: Arguments) -> Value:
        """Call a function: pass on what depends on us, mark what it marks, return its value."""
        key = func.function.key
        if (sink := self.engine.own_sink(func.function)) is not None:
            return self.touch(sink, UNKNOWN, a)
        summary = self.engine.summary(key, self.function.key)
        bindings, defaulted = self.bindings(func, a)
        if not self.is_test:
            self.engine.called(func.function, self.function.key, self.function.path, a.line)
            for param, value in bindings.items():
                if param.owner == key and param not in defaulted:
                    self.engine.pass_on(key, param.name, value)
                    at = (self.function.key, a.line)
                    self.engine.handed.setdefault((key, param.name), {})[at] = value
        replaced: Replaced = {}
        # A function that calls itself says nothing new of its paths.
        for access in summary.accesses if key != self.function.key else ():
            owners = owners_of(access)
            touched = owners & bindings.keys()
            if is_left_out(access, func.function, defaulted):
                replaced[access.id] = frozenset()
                continue
            if touched and not touched <= defaulted and access.depth < MOST_DEPTH:
                passed = as_told(self, access, func, a)
                replaced[access.id] = frozenset(self.derive(passed, bindings, replaced, a, key))
            elif isinstance(func.bound, Instance) and func.bound.arguments is None:
                # A method calls another: whoever holds the object knows the path.
                self.handed_on[access.id] = access
        for symbol in summary.marks:
            marked = resolved(self, symbol, bindings) if root_of(symbol) in bindings else None
            if marked is not None and self.is_passed(key):
                # Whoever passes the callback says what is written: see derive.
                self.written(marked, func)
            elif marked is not None:
                self.mark_json(marked)
        known = {**bindings, **from_above(self, func)}
        found = substituted(self, way_taken(summary.returns, bindings), known, replaced)
        self.made += made_for(summary.returns, found)
        return found

    def is_passed(self, key: str) -> bool:
        """Say whether a function is what callers pass for one of our parameters."""
        return any(
            isinstance(option, Func) and option.function.key == key
            for parameter in self.function.parameters
            for option in self.engine.passed.get((self.function.key, parameter.name), ())
        )

    def writes_json(self, value: Value) -> bool:
        """Say whether a value is a function that writes JSON to the file it is given."""
        return any(
            isinstance(option, Func)
            and any(
                root_of(symbol).owner == option.function.key
                for symbol in self.engine.summary(option.function.key, self.function.key).marks
            )
            for option in options_of(value)
        )

    def derive(
        self, access: Access, bindings: Bindings, replaced: Replaced, a: Arguments, by: str
    ) -> list[str]:
        """Pass on a callee's access as one of ours, at the place of the call."""
        root = access.root or access.id
        content = substituted(self, access.content, bindings, replaced)
        if isinstance(content, Nothing) and access.operation == "write":
            content = self.content_moved(access, bindings, by)
        found: list[str] = []
        path = filled(self, access.path, bindings, {})
        if isinstance(path, Nothing | Handle):
            # None is no path, and what is open already is opened where it is opened.
            return []
        mode = substituted(self, access.mode, bindings, {})
        if isinstance(mode, Text) and mode.symbol and root_of(mode.symbol).owner == by:
            mode = NOTHING
        is_called = any(isinstance(option, Func) for option in options_of(content))
        is_json = is_called and any(map(self.writes_json, bindings.values()))
        name = access.path.holes[0].name if access.path.holes else "?"
        for position, each in enumerate(as_texts(path, name)):
            if any(isinstance(part, str) and "*" in part for part in each.parts):
                each = starred(each)
            operation = access.operation
            if operation == "open":
                operation = self.operation_of(mode) or "open"
            for index, one in enumerate(operation.split("+")):
                # What a listing found is read beside the file itself, and is no other way to it.
                kind = "*" if any(part.name == "*" for part in each.holes) else ""
                mark = f"{self.function.path}:{a.line}:{a.column}>{root}{kind}#{position}{index}"
                self.add(
                    replace(
                        access,
                        id=mark,
                        operation=one,
                        path=each,
                        file=self.function.path,
                        line=a.line,
                        function=self.function.key,
                        via=access.id,
                        by=by,
                        depth=access.depth + 1,
                        root=root,
                        mode=mode,
                        content=content,
                        is_json=access.is_json or is_json,
                    )
                )
                found.append(mark)
        return found

    def mark_json(self, value: Value) -> None:
        """Say that what was read or is written here is JSON; of an argument, for the caller."""
        for option in options_of(value):
            if isinstance(option, Handle) and option.kind == "memory":
                option = option.path
            if isinstance(option, Text) and option.symbol is not None:
                self.marks[option.symbol] = None
            self.engine.json_ids |= self.ids_of(option)


def _is_super(expr: Expr) -> bool:
    if expr == Name("super"):
        return True
    return isinstance(expr, Call) and isinstance(expr.of, Name) and expr.of.id == "super"
