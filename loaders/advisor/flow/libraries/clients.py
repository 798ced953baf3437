"""Clients of blobs and buckets, lowdb: objects that stand for a path."""

from dataclasses import replace

from loaders.advisor.flow.context import Arguments, Context
from loaders.advisor.flow.libraries import buckets, stores
from loaders.advisor.flow.libraries.sinks import Sink
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.values import (
    UNKNOWN,
    External,
    Handle,
    Hole,
    Listing,
    Mapping,
    Text,
    Value,
    as_texts,
    content,
    hole,
    options_of,
    text,
)

_CONTAINERS = {"get_container_client", "getContainerClient"}
_BLOBS = {"get_blob_client", "getBlobClient", "getBlockBlobClient", "getAppendBlobClient"}
_LOWDB_FILES = ("JSONFile", "JSONFileSync", "FileSync", "FileAsync")
_LOWDB_DATABASES = ("Low", "LowSync", "JSONFilePreset", "JSONFileSyncPreset")


def function(name: str, a: Arguments) -> Value | None:
    """Return a client, if a library's function makes one."""
    last = name.rpartition(".")[2]
    if last in _CONTAINERS:
        return _container(a.at(0, "container", "container_name"))
    if last in _BLOBS:
        where = a.at(0, "container", "container_name") or hole("container")
        blob = a.at(1, "blob", "blob_name") or hole("blob")
        return _blob(_container(where), blob)
    if name.endswith(("ContainerClient.from_connection_string", "ContainerClient")):
        return _container(a.at(1, "container_name"))
    if name.endswith(("BlobClient.from_connection_string", "BlobClient")):
        where = _container(a.at(1, "container_name"))
        return _blob(where, a.at(2, "blob_name") or hole("blob"))
    last = last.rpartition("/")[2]
    if "lowdb" in name and last in (*_LOWDB_FILES, *_LOWDB_DATABASES):
        if last in _LOWDB_FILES or last.endswith("Preset"):
            return Handle(as_texts(a.at(0) or UNKNOWN)[0], kind="lowdb")
        first = a.at(0)
        return first if isinstance(first, Handle) else Handle(text(Hole("?")), kind="lowdb")
    return buckets.function(name, a)


def transfer(ev: Context, name: str, a: Arguments) -> Value | None:
    """Return what a client gives that moves files to a bucket and back."""
    if name in ("lowdb", "lowdb.low") and a.args:
        # A database of the older kind reads its file when it is made.
        for each in options_of(a.args[0]):
            if isinstance(each, Handle) and each.kind == "lowdb":
                _note(ev, each.path, "read", name, "file", a)
                return each
    found = buckets.transfer(name, a)
    return _kept(ev, found, name, a) if found is not None else None


def _kept(
    ev: Context, found: Value | tuple[str, Text] | None, sink: str, a: Arguments
) -> Value | None:
    """Note what is done to an object of a bucket."""
    if not isinstance(found, tuple):
        return found
    operation, path = found
    mark = _note(ev, path, operation, sink, "s3", a, is_json=False)
    if operation == "write":
        written = a.at(0, *buckets.CONTENT)
        if written is not None:
            ev.accesses[mark] = replace(ev.accesses[mark], content=written)
        return UNKNOWN
    if operation == "list":
        return Listing(path, False, mark)
    return content(frozenset({mark})) if operation == "read" else UNKNOWN


def _container(where: Value | None) -> Handle:
    said = as_texts(where or hole("container"), "container")[0]
    return Handle(text("azure://", *said.parts), kind="container")


def _blob(container: Handle, blob: Value) -> Handle:
    said = as_texts(blob, "blob")[0]
    return Handle(text(*container.path.parts, "/", *said.parts), kind="blob")


def method(ev: Context, of: Value, name: str, a: Arguments) -> Value | None:
    """Return what a method of a client gives; None if it is a plain sink or no client's."""
    if buckets.is_resource(of, name):
        return buckets.of_resource(name, a)
    if not isinstance(of, Handle):
        return None
    if of.kind in ("bucket", "object"):
        return _kept(ev, buckets.method(of, name, a), f"{of.kind}.{name}", a)
    if of.kind == "container" and name in _BLOBS:
        return _blob(of, a.at(0, "blob") or hole("blob"))
    if of.kind == "lowdb":
        return _lowdb(ev, of, name, a)
    if of.kind in ("store", "bun"):
        operation = stores.method(of, name)
        if operation is None:
            return UNKNOWN
        mark = _note(ev, of.path, operation, f"{of.kind}.{name}", "file", a, of.kind == "store")
        return _keyed(ev, mark, name, a)
    if of.kind == "blob" and name in ("exists", "delete", "deleteIfExists"):
        _note(ev, of.path, "exists" if name == "exists" else "delete", name, "blob", a)
        return UNKNOWN
    return None


def _lowdb(ev: Context, of: Handle, name: str, a: Arguments) -> Value:
    operations = {"read": ("read",), "write": ("write",), "update": ("read", "write")}
    ids: list[str] = []
    for one in operations.get(name, ()):
        ids.append(_note(ev, of.path, one, f"lowdb.{name}", "file", a))
    return content(frozenset(ids), "data") if ids else of


def _keyed(ev: Context, mark: str, name: str, a: Arguments) -> Value:
    """Return what a key of a file holds; of a file of Bun, its content."""
    if name == "json":
        ev.engine.json_ids.add(mark)
    said = a.args[0].literal if a.args and isinstance(a.args[0], Text) else None
    if said is not None and name in ("get", "has", "getSync"):
        ev.engine.keys_read({mark}, said, is_item=False)
    elif said is not None and name in ("set", "setSync"):
        ev.engine.key_set({mark}, said)
    return content(frozenset({mark}), said or "?")


def _note(
    ev: Context,
    path: Text,
    operation: str,
    sink: str,
    store: str,
    a: Arguments,
    is_json: bool = True,
) -> str:
    name = f"{ev.function.path}:{a.line}:{a.column}:{operation}#{len(ev.accesses)}"
    ev.accesses[name] = Access(
        id=name,
        operation=operation,
        path=path,
        file=ev.function.path,
        line=a.line,
        function=ev.function.key,
        sink=sink,
        store=store,
        is_json=is_json,
        is_atomic=True,
    )
    return name


def object_paths(of: Value, a: Arguments, sink: Sink) -> tuple[Text, ...]:
    """Return the path of a blob: the client's own, or what its container is asked for."""
    if isinstance(of, Handle) and of.kind == "blob":
        return (of.path,)
    asked = a.at(0, *sink.path_names)
    said = as_texts(asked, a.names[0] if a.names else "blob")[0] if asked else text(Hole("*"))
    if sink.operation == "list":
        said = text(*said.parts, Hole("*")) if asked else said
    if isinstance(of, Handle) and of.kind == "container":
        return (text(*of.path.parts, "/", *said.parts),)
    if isinstance(of, External) or sink.store == "blob":
        return (text("azure://", Hole("container"), "/", *said.parts),)
    return ()


def keyed_paths(sink: Sink, a: Arguments) -> tuple[Text, ...]:
    """Return the path that named arguments, or the properties of one object, tell."""
    named = dict(a.named)
    for arg in a.args:
        if isinstance(arg, Mapping):
            named.update(arg.entries)
    keys = sink.path if isinstance(sink.path, tuple) else ()
    values = [named.get(key) for key in keys]
    if all(value is None for value in values):
        return ()
    parts: list[str | Hole] = []
    for key, value in zip(keys, values, strict=True):
        said = as_texts(value, key)[0] if value is not None else text(Hole(key))
        parts += ["/", *said.parts] if parts else list(said.parts)
    if sink.operation == "list":
        parts.append(Hole("*"))
    prefix = {"s3": "s3://", "browser": ""}.get(sink.store, "")
    return (text(prefix, *parts),)
