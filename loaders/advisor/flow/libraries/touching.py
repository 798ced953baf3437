"""Notes what a sink touches: paths, operations, content, moves."""

import re
from dataclasses import replace

from loaders.advisor.flow import members
from loaders.advisor.flow.context import Arguments, Context
from loaders.advisor.flow.libraries import clients, paths, stores
from loaders.advisor.flow.libraries.sinks import Sink
from loaders.advisor.flow.substitution import Bindings, filled
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.values import (
    NOTHING,
    UNKNOWN,
    Func,
    Handle,
    Hole,
    Listing,
    Mapping,
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
    renamed,
    slash,
    text,
)

_MODE = re.compile(r"[rwxabtU+]{1,4}")
_ENCODING = r"(utf|latin|iso|cp|ascii|us-ascii|windows|mac|big5|gb|euc|shift|koi|locale)[\w-]*"


def _is_named(value: Value) -> bool:
    return isinstance(value, Text) and value.literal is not None


def _is_mode(value: Value | None) -> bool:
    said = value.literal if isinstance(value, Text) else None
    return said is not None and _MODE.fullmatch(said) is not None


def names_a_part(sink: Sink, a: Arguments) -> bool:
    """Say whether a method is told what to read: that is no path, but a package or an archive."""
    if sink.name == "open" and a.args:
        return not _is_mode(a.args[0]) and (_is_named(a.args[0]) or _is_mode(a.at(1, "mode")))
    if sink.name not in ("read_text", "read_bytes") or not a.args:
        return False
    first = a.args[0]
    said = first.literal if isinstance(first, Text) else None
    return said is None or re.fullmatch(_ENCODING, said, re.IGNORECASE) is None


def opens_by_name(name: str, of: Value, a: Arguments) -> bool:
    """Say whether an object opens what it is told, sftp.open(path), and is no path: path.open()."""
    if name != "open" or not isinstance(of, Text) or len(of.parts) > 1 or not of.holes:
        return False
    first = a.args[0] if a.args else NOTHING
    if not isinstance(first, Text) or re.search(r"zip|tar|archive", of.holes[0].name):
        return False
    if first.literal is not None:
        return _MODE.fullmatch(first.literal) is None
    return len(first.parts) > 1 or re.search(r"path|file|name|url", a.names[0]) is not None


class Toucher(Context):
    """The part of an evaluator that notes accesses."""

    def fits(self, sink: Sink, of: Value, a: Arguments) -> bool:
        """Say whether a method's object may be what the sink is a method of."""
        if sink.arguments is not None and len(a.args) != sink.arguments:
            return False
        if sink.path == "self":
            return isinstance(of, Text) and not is_json_text(of) and not names_a_part(sink, a)
        if sink.needs_client or sink.path == "object":
            return isinstance(of, Handle) or not sink.needs_client
        if isinstance(of, Handle) and of.kind in ("file", "memory") and sink.store == "file":
            # What an open file is asked for has no path of its own.
            return False
        if isinstance(sink.path, int) and a.at(sink.path, *sink.path_names) is None:
            return False
        return not isinstance(of, Nothing)

    def touch(self, sink: Sink, of: Value, a: Arguments) -> Value:
        """Note what a sink touches, and return what it gives."""
        if sink.operation in ("move", "copy"):
            return self.carry(sink, of, a)
        opened = a.at(0) if sink.returns == "handle" and sink.path == 0 else None
        if isinstance(opened, Handle) and opened.kind == "file":
            # gzip.open(file): one way to read what is open already.
            return opened
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
        if sink.store == "browser" and (given := stores.storage_of(a)) is not None:
            if isinstance(given, Func):
                given = self.call_value(given, Arguments((), {}, a.line, a.column))
            sink = stores.elsewhere(sink, given)
        mode = a.at(sink.mode, "mode", "flags") if sink.mode is not None else None
        if isinstance(mode, Mapping):
            mode = mode.get("flags") or mode.get("flag")
        is_folder = sink.operation == "list" and not sink.is_pattern
        if is_folder and not any(part.name == "*" for part in path.holes):
            path = slash(path, text(Hole("*")))
        operation = sink.operation
        if operation == "open":
            operation = self.operation_of(mode or literal("r")) or "open"
        elif operation == "both":
            operation = "read+write"
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
                return Listing(path, sink.returns == "names", min(ids.values()))
            case "entries":
                each = members.listed(Listing(path, True, min(ids.values())))
                return Sequence((Sequence((each, UNKNOWN)),))
            case "walk":
                names = Listing(path, True, min(ids.values()))
                return Sequence((Sequence((paths.folder_of(path), names, names)),))
            case _:
                return Handle(path, reads, writes, "result")

    def paths_of(self, sink: Sink, of: Value, a: Arguments) -> tuple[Text, ...]:
        if sink.path == "temporary":
            return (text(Hole("temporary")),)
        if sink.path == "self":
            texts = as_texts(of)
        elif sink.path == "object":
            return clients.object_paths(of, a, sink)
        elif isinstance(sink.path, tuple):
            return clients.keyed_paths(sink, a)
        else:
            position = sink.path if isinstance(sink.path, int) else 0
            where = a.at(position, *sink.path_names)
            if where is None or isinstance(where, Nothing):
                return ()
            if isinstance(where, Handle) and where.kind == "memory":
                return ()
            name = a.names[position] if position < len(a.names) else "?"
            texts = as_texts(where, name)
            if sink.operation == "list":
                texts = tuple(renamed(each, name) for each in texts)
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
        if isinstance(mode, Sequence):
            mode = mode.items[0] if mode.items else NOTHING
        if isinstance(mode, Nothing):
            return "read"
        if isinstance(mode, Options):
            known = {self.operation_of(option) or "open" for option in options_of(mode)}
            return "read+write" if len(known) > 1 else known.pop()
        if not isinstance(mode, Text) or mode.literal is None:
            is_open = isinstance(mode, Text) and mode.symbol is not None
            return None if is_open else "read"
        said = mode.literal
        if "r" in said and "+" in said:
            return "read+write"
        return "write" if any(letter in said for letter in "wax") else "read"

    def add(self, access: Access) -> None:
        self.accesses[access.id] = replace(access, flags=self.flags)

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
            names = each.writes if isinstance(each, Handle) else reads_of(each)
            for name in sorted(names):
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
        targets = as_texts(target, "target")
        for origin in as_texts(source, "source"):
            before = [
                each
                for each in self.accesses.values()
                if is_move and each.operation in ("write", "open") and paths.same(each.path, origin)
            ]
            if before and all(paths.is_put_aside(path) for path in targets):
                before = []
            for number, path in enumerate(targets):
                for each in before:
                    name = f"{each.id}#{number}" if number else each.id
                    self.add(replace(paths.moved(each, path, a.line), id=name))
                if not before:
                    self.carry_one(sink, origin, path, a, is_move)
        return target

    def content_at(self, path: Text) -> Value:
        """Return what was written to a path that is moved now, here or in the functions around."""
        key: str | None = self.function.key
        known = list(self.accesses.values())
        while key is not None:
            for each in known:
                if each.operation == "write" and paths.same(each.path, path):
                    return each.content
            key = self.engine.parents.get(key)
            summary = self.engine.summaries.get(key or "")
            known = list(summary.own) if summary is not None else []
        return NOTHING

    def content_moved(self, access: Access, bindings: Bindings, by: str) -> Value:
        """Return what we wrote to the file that a function of ours moves to its place."""
        spot = (access.file, access.line, access.sink)
        for other in self.engine.summary(by, self.function.key).accesses:
            if (other.file, other.line, other.sink) == spot and other.operation == "delete":
                for each in options_of(filled(self, other.path, bindings, {})):
                    if isinstance(each, Text):
                        return self.content_at(each)
        return NOTHING

    def carry_one(self, sink: Sink, origin: Text, path: Text, a: Arguments, is_move: bool) -> None:
        first, second = ("delete", "write") if is_move else ("copy", "copied")
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
                    content=self.content_at(origin) if one == "write" else NOTHING,
                    is_atomic=True,
                )
            )
