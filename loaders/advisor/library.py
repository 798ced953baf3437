"""What libraries do: sinks of the table, JSON, callbacks; plain path functions are paths.py."""

from loaders.advisor import clients, paths
from loaders.advisor.context import Arguments, Context
from loaders.advisor.sinks import Sink
from loaders.advisor.substitution import json_hole, keys_of
from loaders.advisor.summaries import Access
from loaders.advisor.values import (
    NOTHING,
    UNKNOWN,
    External,
    Func,
    Handle,
    Hole,
    Listing,
    Mapping,
    Method,
    Nothing,
    Options,
    Sequence,
    Text,
    Value,
    as_texts,
    content,
    either,
    is_json_text,
    literal,
    options_of,
    reads_of,
    slash,
    text,
)

# Functions that hand a function its arguments: how many of their own come before it.
_CALLERS = {
    "asyncio.to_thread": 0,
    "anyio.to_thread.run_sync": 0,
    "asyncio.create_task": 0,
    "threading.Timer": 1,
    "starlette.concurrency.run_in_threadpool": 0,
    "fastapi.concurrency.run_in_threadpool": 0,
    "loop.run_in_executor": 1,
}
_CALLING_METHODS = {"run_in_executor": 1, "submit": 0, "apply": 0, "call": 1, "add_task": 0}
_ITERATING = {"map", "forEach", "filter", "flatMap", "find", "some", "every", "reduce", "findIndex"}
_FILTERING = {"filter", "find", "some", "every", "reduce", "findIndex", "sum", "max", "min", "any"}
_READING = {"read", "readline", "readlines", "readall", "getvalue", "read_all", "content_as_text",
            "readFile", "text", "json", "transformToString", "arrayBuffer", "toString", "readinto"}  # fmt: skip
_PASSING = {"send", "str", "bytes", "decode", "StringIO", "BytesIO", "TextIOWrapper", "from",
            "decompress", "loads", "stripJsonComments", "String", "stripBom", "bytearray", "run",
            "gather", "all", "resolve", "wait_for", "shield", "cast", "contextlib.closing", "closing",
            "sorted", "list", "tuple", "set", "reversed", "iter", "next", "dict", "deepcopy", "copy",
            "freeze", "filter", "frozenset", "Lock", "nullcontext", "enter_context", "structuredClone",
            "flatten", "enter_async_context"}  # fmt: skip


class Library(Context):
    """The part of an evaluator that knows what is not of the examined code."""

    def call_external(self, name: str, a: Arguments, given: tuple[Value, ...] = ()) -> Value:
        sinks = self.engine.sinks
        if given:
            a = Arguments((*given, *a.args), a.named, a.line, a.column, a.names, a.is_new)
        sink = sinks.calls.get(name)
        if sink is not None and not (name == "open" and self.language != "python"):
            return self.touch(sink, UNKNOWN, a)
        if (found := self.json_call(name, a)) is not None:
            return found
        if (found := paths.function(name, a, self.function.path)) is not None:
            return found
        if (found := clients.function(name, a)) is not None:
            return found
        if (found := self.passing_call(name, a)) is not None:
            return found
        last = name.rpartition(".")[2]
        method = sinks.methods.get(last)
        if method is not None and "()" in name and not isinstance(method.path, str):
            return self.touch(method, External(name), a)
        if method is not None and "()" in name and method.path == "object":
            return self.touch(method, External(name), a)
        self.call_closures(a)
        return External(f"{name}()") if name.count("()") < 4 else UNKNOWN

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
        if last in _FILTERING:
            self.is_filtering = True
        if last in ("promisify", "wraps", "callback") and a.args:
            return a.args[0]
        if last in _PASSING and a.args:
            self.call_closures(a)
            first = a.args[0]
            if isinstance(first, Text | Listing | Sequence | Handle | Mapping | Options):
                return first
            reads = reads_of(first)
            return content(reads) if reads else None
        return None

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
        if isinstance(of, External):
            return self.call_external(f"{of.name}.{name}", a, of.arguments)
        if (found := self.json_method(of, name, a)) is not None:
            return found
        if (found := clients.method(self, of, name, a)) is not None:
            return found
        sink = sinks.methods.get(name)
        if sink is not None and self.fits(sink, of, a):
            return self.touch(sink, of, a)
        if isinstance(of, Handle):
            return self.handle_method(of, name, a)
        if name in _ITERATING and a.args:
            return self.iterate(of, name, a)
        if name in ("then", "finally", "pipe"):
            results = [of]
            for each in options_of(a.args[0] if a.args else NOTHING):
                if isinstance(each, Func | External):
                    results = [self.call_value(each, Arguments((of,), {}, a.line, a.column))]
            return either(*results)
        if (found := paths.method(of, name, a)) is not None:
            return found
        if (found := self.passing_call(name, a)) is not None and name in _CALLING_METHODS:
            return found
        if reads := reads_of(of):
            self.call_closures(a)
            if name in ("get", "pop", "setdefault") and a.args:
                said = a.args[0].literal if isinstance(a.args[0], Text) else None
                if said is not None:
                    self.engine.keys_read(reads, said)
            return content(reads, name if name not in _READING else "?")
        if isinstance(of, Mapping | Sequence | Listing):
            return self.collection_method(of, name, a)
        self.call_closures(a)
        if is_json_text(of):
            return of
        if name in _PASSING and a.args and (reads := reads_of(a.args[0])):
            return content(reads)
        return UNKNOWN

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
                return either(*values, default)
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
        if name in ("write", "writelines", "writestr", "end", "writeFile") and a.args:
            self.written(of, a.args[-1])
            if is_json_text(a.args[-1]):
                self.mark_json(of)
        return of if name in ("__enter__", "open", "sync", "iter_lines") else UNKNOWN

    def fits(self, sink: Sink, of: Value, a: Arguments) -> bool:
        """Say whether a method's object may be what the sink is a method of."""
        if sink.arguments is not None and len(a.args) != sink.arguments:
            return False
        if sink.path == "self":
            return isinstance(of, Text) and not is_json_text(of)
        if sink.needs_client or sink.path == "object":
            return isinstance(of, Handle) or not sink.needs_client
        if isinstance(sink.path, int) and a.at(sink.path, *sink.path_names) is None:
            return False
        return not isinstance(of, Nothing)

    def touch(self, sink: Sink, of: Value, a: Arguments) -> Value:
        """Note what a sink touches, and return what it gives."""
        if sink.operation in ("move", "copy"):
            return self.carry(sink, of, a)
        found: list[Value] = []
        for path in self.paths_of(sink, of, a):
            found.append(self.touch_one(sink, path, a))
        for value in self.content_of(sink, a):
            if is_json_text(value):
                self.mark_json(either(*found))
        if sink.callback is not None and a.args:
            called = Arguments((NOTHING, either(*found)), {}, a.line, a.column)
            for each in options_of(a.args[sink.callback]):
                if isinstance(each, Func):
                    self.call_value(each, called)
        return either(*found) if found else UNKNOWN

    def touch_one(self, sink: Sink, path: Text, a: Arguments) -> Value:
        mode = a.at(sink.mode, "mode", "flags") if sink.mode is not None else None
        operation: str | None = sink.operation
        if operation == "open":
            operation = self.operation_of(mode or literal("r")) or "open"
        elif operation == "both":
            operation = "read+write"
        assert operation is not None
        said = mode.literal if isinstance(mode, Text) else None
        contents = self.content_of(sink, a)
        ids: dict[str, str] = {}
        for one in operation.split("+"):
            name = f"{self.function.path}:{a.line}:{a.column}:{one}#{len(self.accesses)}"
            ids[one] = name
            self.add(
                Access(
                    id=name,
                    operation=one,
                    path=path,
                    file=self.function.path,
                    line=a.line,
                    function=self.function.key,
                    sink=sink.name,
                    store=sink.store,
                    is_json=sink.is_json,
                    mode=mode or NOTHING,
                    content=contents[0] if contents else NOTHING,
                    is_atomic=sink.is_atomic,
                    is_append=(said or "").startswith("a") or "append" in sink.name,
                )
            )
        reads = frozenset(name for one, name in ids.items() if one != "write")
        writes = frozenset(name for one, name in ids.items() if one != "read")
        match sink.returns:
            case "content":
                return content(reads)
            case "handle":
                return Handle(path, reads, writes)
            case "paths" | "names":
                is_glob = any(hole.name == "*" for hole in path.holes)
                found = path if is_glob else slash(path, text(Hole("*")))
                return Listing(found, sink.returns == "names", min(ids.values()))
            case "walk":
                names = Listing(slash(path, text(Hole("*"))), True, min(ids.values()))
                return Sequence((Sequence((path, names, names)),))
            case _:
                return Handle(path, reads, writes, "result")

    def paths_of(self, sink: Sink, of: Value, a: Arguments) -> tuple[Text, ...]:
        where: Value | None
        if sink.path == "temporary":
            return (text(Hole("temporary")),)
        if sink.path == "self":
            texts = as_texts(of)
        elif sink.path == "object":
            return clients.object_paths(of, a, sink)
        elif isinstance(sink.path, tuple):
            return clients.keyed_paths(sink, a)
        else:
            assert isinstance(sink.path, int)
            where = a.at(sink.path, *sink.path_names)
            if where is None or isinstance(where, Nothing):
                return ()
            name = a.names[sink.path] if sink.path < len(a.names) else "?"
            texts = as_texts(where, name)
        pattern = a.at(sink.pattern) if sink.pattern is not None else None
        if pattern is not None:
            texts = tuple(
                slash(each, paths.starred(said)) for each in texts for said in as_texts(pattern)
            )
        elif sink.is_pattern:
            texts = tuple(paths.starred(each) for each in texts)
        return texts

    def content_of(self, sink: Sink, a: Arguments) -> list[Value]:
        if sink.content is None:
            return []
        if isinstance(sink.content, str):
            value = a.at(99, sink.content)
            if value is None and a.args and isinstance(a.args[0], Mapping):
                value = a.args[0].get(sink.content)
        else:
            value = a.at(sink.content, "data", "content", "contents")
            if sink.store == "blob" and value is not None and not is_json_text(value):
                value = next((each for each in a.args if is_json_text(each)), value)
        return [value] if value is not None else []

    def operation_of(self, mode: Value) -> str | None:
        """Return what a mode of open does; None if only a caller knows."""
        if isinstance(mode, Nothing):
            return "read"
        if not isinstance(mode, Text) or mode.literal is None:
            is_open = isinstance(mode, Text) and mode.symbol is not None
            return None if is_open else "read"
        said = mode.literal
        if "r" in said and "+" in said:
            return "read+write"
        return "write" if any(letter in said for letter in "wax") else "read"

    def add(self, access: Access) -> None:
        self.accesses[access.id] = access

    def ids_of(self, value: Value) -> frozenset[str]:
        """Return the accesses that stand behind a value: read, or written through it."""
        return frozenset().union(
            *(
                each.reads | each.writes if isinstance(each, Handle) else reads_of(each)
                for each in options_of(value)
            )
        )

    def written(self, handle: Value, what: Value) -> None:
        """Remember what is written through a handle."""
        for each in options_of(handle):
            for name in sorted(each.writes) if isinstance(each, Handle) else ():
                access = self.accesses.get(name)
                if access is not None and isinstance(access.content, Nothing):
                    self.accesses[name] = paths.with_content(access, what)

    def carry(self, sink: Sink, of: Value, a: Arguments) -> Value:
        """Note a move or copy: after a write to a temporary file the destination counts."""
        source = of if sink.path == "self" else a.at(0, "src")
        target = a.at(sink.to or 0, "dst", "target")
        if source is None or target is None:
            return UNKNOWN
        is_move = sink.operation == "move"
        for path in as_texts(target, "target"):
            for origin in as_texts(source, "source"):
                self.carry_one(sink, origin, path, a, is_move)
        return target

    def carry_one(self, sink: Sink, origin: Text, path: Text, a: Arguments, is_move: bool) -> None:
        if is_move:
            before = [
                each
                for each in self.accesses.values()
                if each.operation == "write" and paths.same(each.path, origin)
            ]
            if before:
                for each in before:
                    self.accesses[each.id] = paths.moved(each, path, a.line)
                return
        first, second = ("delete", "write") if is_move else ("copy", "copy")
        for one, where in ((first, origin), (second, path)):
            if paths.is_temporary(where):
                continue
            name = f"{self.function.path}:{a.line}:{a.column}:{one}#{len(self.accesses)}"
            self.add(
                Access(
                    id=name,
                    operation=one,
                    path=where,
                    file=self.function.path,
                    line=a.line,
                    function=self.function.key,
                    sink=sink.name,
                    is_atomic=True,
                )
            )


__all__ = ["Library", "keys_of"]
