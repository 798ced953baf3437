"""What libraries do: sinks of the table, JSON, callbacks; plain path functions are paths.py."""

from loaders.advisor.flow import namespaces
from loaders.advisor.flow.context import Arguments
from loaders.advisor.flow.libraries import clients, paths, stores
from loaders.advisor.flow.libraries.made import default_path, in_memory, is_item_of_files, mixed
from loaders.advisor.flow.libraries.sinks import Sink
from loaders.advisor.flow.libraries.touching import Toucher, opens_by_name
from loaders.advisor.flow.members import ROOT
from loaders.advisor.flow.segments import parent
from loaders.advisor.flow.substitution import json_hole
from loaders.advisor.flow.templates import ends_as_json, snake
from loaders.advisor.flow.values import (
    NOTHING,
    UNKNOWN,
    External,
    Func,
    Handle,
    Listing,
    Mapping,
    Method,
    ModuleValue,
    Options,
    Sequence,
    Text,
    Value,
    content,
    either,
    hole,
    is_item,
    is_json_text,
    literal,
    one_of,
    options_of,
    reads_of,
    slashed,
    text,
)
from loaders.advisor.words import COUNTS, NAMES, RESOURCES

_CALLERS = COUNTS["callers"]
_CALLING_METHODS = COUNTS["calling_methods"]
_ITERATING = NAMES["iterating"]
_FILTERING = NAMES["filtering"]
_GROWING = NAMES["growing"]
_WRITING = ("write", "writelines", "writestr", "end", "writeFile")
_READING = NAMES["reading"]
_PASSING = NAMES["passing"]
_WRAPPING = NAMES["wrapping"]
_MIXING = NAMES["mixing"]
# Methods of data frames whose names others give to methods of their own.
OWN_NAMES = ("to_json", "read_json")
_LISTENING = ("on", "once", "addListener")


class Library(Toucher):
    """The part of an evaluator that knows what is not of the examined code."""

    def call_external(self, name: str, a: Arguments, given: tuple[Value, ...] = ()) -> Value:
        sinks = self.engine.sinks
        if given:
            a = Arguments((*given, *a.args), a.named, a.line, a.column, a.names, a.is_new)
        sink = sinks.called(name, has_arguments=bool(a.args), is_script=self.language == "script")
        if sink is not None and not (name == "open" and self.language != "python"):
            return self.touch(sink, UNKNOWN, a)
        if (found := self.json_call(name, a)) is not None:
            return found
        if (found := self.json_method(External(name), name.rpartition(".")[2], a)) is not None:
            return found
        if (reading := RESOURCES.get(name)) is not None:
            path = slashed([self.package(a), *a.args[1:]], ["?", *(["?"] * len(a.args[1:]))])
            here = Arguments((), {}, a.line, a.column)
            return self.library_method(path, reading, here) if reading else path
        if (found := paths.function(name, a, self.function.path)) is not None:
            return found
        if (found := clients.function(name, a) or clients.transfer(self, name, a)) is not None:
            return found
        if self.language == "script" and (found := self.script_call(name, a)) is not None:
            return found
        if (found := self.passing_call(name, a)) is not None:
            return found
        last = name.rpartition(".")[2]
        method = sinks.methods.get(last)
        if method is not None and "()" in name and not isinstance(method.path, str):
            return self.touch(method, External(name), a)
        if method is not None and "()" in name and method.path == "object":
            return self.touch(method, External(name), a)
        if (found := default_path(last, a)) is not None:
            return found
        self.call_closures(a)
        return External(f"{name}()") if name.count("()") < 4 else UNKNOWN

    def package(self, a: Arguments) -> Value:
        """Return the folder of the package whose files are asked for."""
        of = a.at(0, "package", "anchor") or UNKNOWN
        named = of.literal if isinstance(of, Text) else None
        path = self.engine.project.resolve(self.function.path, named) if named else None
        if isinstance(of, ModuleValue):
            path = of.path
        elif isinstance(of, External) and of.name in ("__name__", "__package__"):
            path = self.function.path
        if path is not None:
            return parent(literal(f"{ROOT}/{path}"))
        return literal(f"{ROOT}/{named.replace('.', '/')}") if named else hole("package")

    def script_call(self, name: str, a: Arguments) -> Value | None:
        """Return what packages of Node give that keep a file of their own."""
        if name.endswith(".bind"):
            return External(name.removesuffix(".bind"), a.args[1:])
        last = name.rpartition(".")[2]
        if last in ("pipe", "pipeline"):
            self.piped((External(name), *a.args) if last == "pipe" else a.args)
        if last == "createInterface" and a.args and isinstance(a.args[0], Mapping):
            return a.args[0].get("input") or UNKNOWN
        if name == "require" and a.args:
            return self.require(a.args[0], a)
        if name == "Map" and not a.args:
            return Mapping(())
        if last == "namespace" and a.args and isinstance(said := a.args[0], Text) and said.literal:
            return External(said.literal)
        if name in ("module.createRequire", "module.createRequireFromPath"):
            return External("require")
        if (found := stores.function(name, a)) is not None:
            return found
        touch = stores.touched(name, a)
        if touch is None:
            return None
        sink = Sink(name, touch.operation, 0, is_json=True, is_atomic=True, returns="content",
                    store=touch.store)  # fmt: skip
        return self.touch_one(sink, touch.path, a)

    def piped(self, stages: tuple[Value, ...]) -> None:
        """Streams that hand on what they get: where one of them parses JSON, files hold JSON."""
        if any(isinstance(each, External) and "json" in each.name.lower() for each in stages):
            for each in stages:
                self.mark_json(each)

    def json_call(self, name: str, a: Arguments) -> Value | None:
        for table, ids in (
            (self.engine.sinks.json, self.engine.json_ids),
            (self.engine.sinks.pickle, self.engine.pickle_ids),
        ):
            is_json = ids is self.engine.json_ids
            if name in table["loads"] or name in table["load"]:
                value = a.at(0, "fp", "s", "obj") or NOTHING
                if is_json:
                    self.mark_json(value)
                else:
                    ids |= self.ids_of(value)
                reads = reads_of(value)
                return content(reads, "?") if reads else UNKNOWN
            if name in table["dumps"]:
                value = a.at(0, "obj") or UNKNOWN
                return text(json_hole(value)) if is_json else UNKNOWN
            if name in table["dump"]:
                value = a.at(1, "fp") or NOTHING
                if is_json:
                    self.mark_json(value)
                    self.written(value, text(json_hole(a.at(0, "obj") or UNKNOWN)))
                else:
                    ids |= self.ids_of(value)
                return NOTHING
        return None

    def passing_call(self, name: str, a: Arguments) -> Value | None:
        """Return what functions that call functions, or hand values on, give."""
        last = name.rpartition(".")[2]
        if last == "partial" and a.args:
            return either(*(self.partial(each, a) for each in options_of(a.args[0])))
        before = _CALLERS.get(name, _CALLING_METHODS.get(last))
        if before is not None and len(a.args) > before:
            callee = a.args[before]
            if any(isinstance(each, Func | External | Method) for each in options_of(callee)):
                rest = Arguments(a.args[before + 1 :], a.named, a.line, a.column)
                return either(*(self.call_value(each, rest) for each in options_of(callee)))
        if last == "createJSONStorage" and a.args:
            none = Arguments((), {}, a.line, a.column)
            return either(*(self.call_value(each, none) for each in options_of(a.args[0])))
        if name in ("map", "filter") and len(a.args) > 1:
            if name == "filter":
                self.is_filtering = True
            element = Arguments((self.element(a.args[1]),), {}, a.line, a.column)
            results = [self.call_value(each, element) for each in options_of(a.args[0])]
            return Sequence((either(*results),)) if name == "map" else a.args[1]
        if name in ("enumerate", "zip") and a.args:
            each = [self.element(arg) for arg in a.args]
            items = (UNKNOWN, *each) if name == "enumerate" else tuple(each)
            return Sequence((Sequence(items),))
        if last == "waterfall" and a.args and isinstance(a.args[0], Sequence):
            return self.waterfall(a.args[0].items, a)
        if name == "Promise" and a.is_new and a.args and isinstance(a.args[0], Func):
            self.call_value(a.args[0], Arguments((), {}, a.line, a.column))
            return self.read_in(a.args[0])
        if last in ("StringIO", "BytesIO") and a.args:
            return either(*(in_memory(each) for each in options_of(a.args[0])))
        if last in _FILTERING:
            self.is_filtering = True
        if last in _WRAPPING and a.args:
            return a.args[0]
        if last in _MIXING and a.args and (found := mixed(a.args)) is not None:
            return found
        if last in _PASSING and a.args:
            self.call_closures(a)
            first = a.args[0]
            if isinstance(first, Text | Listing | Sequence | Handle | Mapping | Options):
                return first
            reads = reads_of(first)
            return content(reads) if reads else None
        return None

    def waterfall(self, steps: tuple[Value, ...], a: Arguments) -> Value:
        """Call functions one after another: each gets what the one before it has read."""
        given: Value = UNKNOWN
        for step in steps:
            if not isinstance(step, Func):
                continue
            self.call_value(step, Arguments((given, UNKNOWN), {}, a.line, a.column))
            given = self.read_in(step) or UNKNOWN
        return given

    def read_in(self, func: Func) -> Value | None:
        """Return what a function, or one written in it, reads and hands to a callback."""
        found: list[str] = []
        waiting = [func.function.key]
        while waiting:
            key = waiting.pop()
            summary = self.engine.summary(key, self.function.key)
            found += [each.id for each in summary.own if each.operation == "read"]
            waiting += self.engine.children.get(key, ())
        return content(frozenset(found)) if found else None

    def partial(self, callee: Value, a: Arguments) -> Value:
        if isinstance(callee, Func):
            return Func(
                callee.function,
                callee.bound,
                (*callee.given, *a.args[1:]),
                (*callee.named, *a.named.items()),
            )
        if isinstance(callee, External):
            return External(callee.name, (*callee.arguments, *a.args[1:]))
        return UNKNOWN

    def call_closures(self, a: Arguments) -> None:
        """Call the functions that a library is given: what they close over is then known."""
        for value in (*a.args, *a.named.values()):
            for option in options_of(value):
                if isinstance(option, Func) and not self.is_test:
                    self.engine.references.add(option.function.key)

    def library_method(self, of: Value, name: str, a: Arguments) -> Value:
        sinks = self.engine.sinks
        self.engine.unresolved.add(name)
        if name == "bind" and isinstance(of, Func | External | Method):
            return of
        if name in ("call", "apply") and isinstance(of, Func):
            return self.call_value(of, Arguments(a.args[1:], a.named, a.line, a.column))
        if isinstance(of, External):
            return self.call_external(f"{of.name}.{name}", a, of.arguments)
        if self.language == "script" and _is_file_system(of) and f"fs.{name}" in sinks.calls:
            return self.call_external(f"fs.{name}", a)
        if self.language == "script" and (found := namespaces.remembered(self, of, name, a)):
            return found
        if (found := self.json_method(of, name, a)) is not None:
            return found
        if (found := clients.method(self, of, name, a)) is not None:
            return found
        if self.language == "python" and opens_by_name(name, of, a):
            return self.call_external(name, a)
        sink = sinks.methods.get(name)
        if sink is not None and name in OWN_NAMES and self.is_ours(name, a):
            sink = None
        if sink is not None and self.fits(sink, of, a):
            return self.touch(sink, of, a)
        if isinstance(of, Handle):
            self.engine.grown |= of.reads if name in _GROWING and a.args else set()
            return self.handle_method(of, name, a)
        if name in _ITERATING and a.args:
            return self.iterate(of, name, a)
        if name == "pipe":
            self.piped((of, *a.args))
            return a.args[0] if a.args and isinstance(a.args[0], Handle) else of
        if name in _LISTENING and len(a.args) > 1 and reads_of(of):
            for each in options_of(a.args[1]):
                if isinstance(each, Func):
                    self.engine.give(each.function, content(reads_of(of)), self.function.key)
            return of
        if name in ("then", "finally"):
            results: list[Value] = [of]
            for each in options_of(a.args[0] if a.args else NOTHING):
                if isinstance(each, Func) and isinstance(of, Listing):
                    self.engine.give(each.function, of, self.function.key)
                if isinstance(each, Func | External):
                    results = [self.call_value(each, Arguments((of,), {}, a.line, a.column))]
            return either(*results)
        if name in _WRITING and isinstance(of, Text) and of.symbol and a.args:
            if is_json_text(a.args[0]):
                self.mark_json(of)
            return UNKNOWN
        if (found := paths.method(of, name, a)) is not None:
            return found
        if (found := self.passing_call(name, a)) is not None and name in _CALLING_METHODS:
            return found
        if reads := reads_of(of):
            self.call_closures(a)
            if name in _GROWING and a.args:
                self.engine.grown |= reads
                if a.names and snake(a.names[0]).endswith("_id"):
                    self.engine.keyed_by(reads, a.names[0])
            if name in ("get", "pop", "setdefault") and a.args:
                said = a.args[0].literal if isinstance(a.args[0], Text) else None
                if said is not None:
                    self.engine.keys_read(reads, said, is_item=is_item(of))
                elif a.names:
                    self.engine.keyed_by(reads, a.names[0])
            return content(reads, name if name not in _READING else "?")
        if (found := default_path(name, a)) is not None:
            return found
        if isinstance(of, Mapping | Sequence | Listing):
            return self.collection_method(of, name, a)
        self.call_closures(a)
        if is_json_text(of):
            return of
        if name in _PASSING and a.args and (reads := reads_of(a.args[0])):
            return content(reads)
        return UNKNOWN

    def is_ours(self, name: str, a: Arguments) -> bool:
        """Say whether classes of ours have a method that a data frame has, and no file is named."""
        first = a.args[0] if a.args else UNKNOWN
        is_file = any(isinstance(each, Text) and ends_as_json(each) for each in options_of(first))
        return not is_file and self.engine.project.has_method(name)

    def json_method(self, of: Value, name: str, a: Arguments) -> Value | None:
        table = self.engine.sinks.json
        if name in table["dumping_methods"] and not a.args:
            return text(json_hole(of))
        if name in table["parsing_methods"] and a.args:
            self.mark_json(a.args[0])
            return UNKNOWN
        return None

    def iterate(self, of: Value, name: str, a: Arguments) -> Value:
        if name in _FILTERING:
            self.is_filtering = True
        element = self.element(of)
        results: list[Value] = []
        for each in options_of(a.args[0]):
            if isinstance(each, Func) and name != "reduce" and is_item_of_files(element):
                self.engine.give(each.function, element, self.function.key)
            if isinstance(each, Func | External):
                passed = (UNKNOWN, element) if name == "reduce" else (element,)
                results.append(self.call_value(each, Arguments(passed, {}, a.line, a.column)))
        if name in ("map", "flatMap"):
            return Sequence((either(*results),)) if results else UNKNOWN
        return element if name == "find" else of

    def collection_method(self, of: Value, name: str, a: Arguments) -> Value:
        if isinstance(of, Mapping):
            said = a.args[0].literal if a.args and isinstance(a.args[0], Text) else None
            values = [value for _, value in of.entries]
            if name in ("get", "pop", "setdefault"):
                default = a.args[1] if len(a.args) > 1 else NOTHING
                if said is not None:
                    return of.get(said) or default
                return either(one_of(values), default)
            if name == "values" and values:
                return Sequence((either(*values),))
            if name in ("items", "entries") and values:
                keys = either(*(literal(key) for key, _ in of.entries))
                return Sequence((Sequence((keys, either(*values))),))
        return of

    def handle_method(self, of: Handle, name: str, a: Arguments) -> Value:
        if name in _READING:
            reads = of.reads
            if name == "json":
                self.engine.json_ids |= reads
            return content(reads)
        if name in _WRITING and a.args:
            self.written(of, a.args[-1])
            if is_json_text(a.args[-1]):
                self.mark_json(of)
        return of if name in ("__enter__", "open", "sync", "iter_lines") else UNKNOWN


def _is_file_system(of: Value) -> bool:
    """Say whether an object that others hand in bears the name of Node's file system."""
    if not isinstance(of, Text) or len(of.parts) > 1 or reads_of(of):
        return False
    return any(hole.name in ("fs", "fsp", "fse") for hole in of.holes)
