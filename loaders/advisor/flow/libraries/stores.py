"""Packages of Node and browsers that keep values by key: which file or store that is."""

from dataclasses import dataclass, replace

from loaders.advisor.flow.context import Arguments
from loaders.advisor.flow.libraries.sinks import Sink
from loaders.advisor.flow.values import (
    UNKNOWN,
    External,
    Handle,
    Hole,
    Mapping,
    Nothing,
    Sequence,
    Text,
    Value,
    as_texts,
    literal,
    slashed,
    text,
)

# Methods of an object that stands for one JSON file, and what they do to it.
_METHODS = {
    "get": "read",
    "has": "read",
    "getSync": "read",
    "hasSync": "read",
    "read": "read",
    "set": "write",
    "setSync": "write",
    "delete": "write",
    "unset": "write",
    "unsetSync": "write",
    "clear": "write",
    "reset": "write",
    "appendToArray": "write",
    "setAll": "write",
    "write": "write",
    "trash": "delete",
    "getData": "read",
    "getObject": "read",
    "getIndex": "read",
    "exists": "read",
    "reload": "read",
    "push": "write",
    "save": "write",
}
_STORES = ("conf", "electron-store", "configstore", "application-config")
# Objects whose methods take keys: what stands before the key, as a neighbour.
_KEYED = {
    "chrome.storage.local": "chrome.storage",
    "chrome.storage.sync": "chrome.storage",
    "chrome.storage.session": "chrome.storage",
    "browser.storage.local": "browser.storage",
    "browser.storage.sync": "browser.storage",
    "browser.storage.session": "browser.storage",
    "webextension-polyfill.storage.local": "browser.storage",
    "webextension-polyfill.storage.sync": "browser.storage",
    "@react-native-async-storage/async-storage": "AsyncStorage",
    "@react-native-community/async-storage": "AsyncStorage",
    "react-native.AsyncStorage": "AsyncStorage",
    "AsyncStorage": "AsyncStorage",
    "localforage": "indexedDB",
    "idb-keyval": "indexedDB",
    "electron-json-storage": "electron-json-storage",
    "mobx-localstorage": "browser",
    "localstorage-polyfill": "browser",
    "local-storage": "browser",
    "store": "browser",
    "store2": "browser",
    "store/dist/store.modern": "browser",
    "lscache": "browser",
    "js-storage.localStorage": "browser",
}
_KEYED_METHODS = {
    "get": "read",
    "getItem": "read",
    "getSync": "read",
    "multiGet": "read",
    "set": "write",
    "setItem": "write",
    "multiSet": "write",
    "mergeItem": "write",
    "update": "write",
    "remove": "delete",
    "removeItem": "delete",
    "del": "delete",
    "has": "exists",
}
# Functions of packages that keep a state under a key of a browser's storage, both ways.
_HOOKS = (
    "useLocalStorage", "useSessionStorage", "useLocalStorageState", "useSessionStorageState",
    "useLocalStorageValue", "useSessionStorageValue", "useStorage", "useWebStorage",
    "createLocalStorage", "atomWithStorage", "persistentAtom", "persistentMap", "persistReducer",
    "createPersistedState", "useReadLocalStorage",
)  # fmt: skip
# What a package puts before a key, or takes for one.
_KEY_PREFIXES = {"persistReducer": "persist:"}
# Methods of a file of Bun.
BUN_METHODS = {
    "text": "read",
    "json": "read",
    "arrayBuffer": "read",
    "bytes": "read",
    "stream": "read",
    "exists": "exists",
    "delete": "delete",
    "unlink": "delete",
    "writer": "write",
    "write": "write",
}
_PACKAGES = (
    "read-pkg", "read-pkg.sync", "read-pkg.readPackage", "read-pkg.readPackageSync", "read-pkg-up",
    "read-pkg-up.sync", "read-pkg-up.readPackageUp", "read-pkg-up.readPackageUpSync",
    "read-package-up.readPackageUp", "read-package-up.readPackageUpSync",
    "pkg-types.readPackageJSON", "normalize-package-data.read", "@npmcli/package-json.load",
)  # fmt: skip
_SEARCHES = (
    "find-up", "find-up.sync", "find-up.findUp", "find-up.findUpSync", "empathic.find.up",
    "find-up-simple.findUp", "find-up-simple.findUpSync", "escalade", "escalade.sync",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Touch:
    """What a call of such a package does, and to which path."""

    operation: str
    path: Text
    store: str = "file"


def function(name: str, a: Arguments) -> Value | None:
    """Return the object that stands for a file, if a call makes one."""
    package = name.removesuffix(".default").removesuffix(".Conf")
    if package in _STORES:
        return Handle(_file_of(package, a), kind="store")
    if package in ("node-json-db", "node-json-db.JsonDB", "node-json-db.Config"):
        return _database(a)
    if name in ("edit-json-file", "edit-json-file.default"):
        return Handle(
            as_texts(a.at(0) or UNKNOWN, a.names[0] if a.names else "path")[0], kind="store"
        )
    if name in ("Bun.file",):
        return Handle(as_texts(a.at(0) or UNKNOWN)[0], kind="bun")
    if name in _SEARCHES and a.args:
        named = a.args[1 if name.startswith("empathic") and len(a.args) > 1 else 0]
        return named if isinstance(named, Text) else UNKNOWN
    if name in ("pkg-up", "pkg-up.pkgUp", "pkg-up.sync", "package-up.packageUp"):
        return literal("\0/package.json")
    return None


def touched(name: str, a: Arguments) -> Touch | None:
    """Return what a function of such a package does to a file that it finds itself."""
    if name in _PACKAGES:
        folder = _option(a, "cwd") or literal("\0")
        path = as_texts(slashed([folder, literal("package.json")], ["cwd", "?"]))[0]
        return Touch("read", path if path.literal else text(Hole("cwd"), "/package.json"))
    of, _, method = name.rpartition(".")
    if of == "electron-settings" and method in _METHODS:
        return Touch(_METHODS[method], text(Hole("user_folder"), "/settings.json"))
    if of and method in _HOOKS:
        return _state(name, method, a)
    if name in ("indexedDB.open", "window.indexedDB.open", "idb.openDB", "dexie") and a.args:
        return Touch("both", as_texts(a.args[0], "name")[0], "indexedDB")
    store = _KEYED.get(of)
    operation = _KEYED_METHODS.get(method)
    if store is None or operation is None:
        return None
    path = _key(a)
    if store == "electron-json-storage":
        return Touch(operation, text(Hole("user_folder"), "/storage/", *path.parts, ".json"))
    return Touch(operation, path, store)


def storage_of(a: Arguments) -> Value | None:
    """Return the storage that a call's options name, or what gives it."""
    return _option(a, "storage") or _option(a, "getStorage")


def elsewhere(sink: Sink, given: Value) -> Sink:
    """Return a sink of a browser's storage for the storage that it is given."""
    name = given.name if isinstance(given, External) else ""
    if "session" in name.rpartition("/")[2].lower():
        return replace(sink, name=f"sessionStorage.{sink.name}")
    store = _KEYED.get(name) or _KEYED.get(name.removesuffix(".default"))
    return replace(sink, store=store) if store else sink


def _state(name: str, method: str, a: Arguments) -> Touch | None:
    """Return what a hook does to the key that it is given first, or as an option."""
    key = _option(a, "key") or (a.args[0] if a.args else None)
    if not isinstance(key, Text):
        return None
    operation = "read" if "Read" in method else "both"
    return Touch(operation, text(_KEY_PREFIXES.get(method, ""), *key.parts), "browser")


def method(of: Handle, name: str) -> str | None:
    """Return the operation that a method of such an object is."""
    if of.kind == "store":
        return _METHODS.get(name)
    return BUN_METHODS.get(name) if of.kind == "bun" else None


def _file_of(package: str, a: Arguments) -> Text:
    """Return where a package keeps what it is given."""
    if package == "configstore":
        said = as_texts(a.at(0) or UNKNOWN, a.names[0] if a.names else "id")[0]
        path = _option(a, "configPath")
        return as_texts(path)[0] if path else text("~/.config/configstore/", *said.parts, ".json")
    if package == "application-config":
        said = as_texts(a.at(0) or UNKNOWN, "name")[0]
        return text(Hole("config"), "/", *said.parts, "/config.json")
    key = "name" if package == "electron-store" else "configName"
    name = as_texts(_option(a, key) or literal("config"), key)[0]
    ending = as_texts(_option(a, "fileExtension") or literal("json"))[0]
    folder = _option(a, "cwd")
    hole = Hole("user_folder" if package == "electron-store" else "config_dir")
    head = as_texts(folder, "cwd")[0] if folder is not None else text(hole)
    return text(*head.parts, "/", *name.parts, ".", *ending.parts)


def _database(a: Arguments) -> Handle:
    """A database of node-json-db is one file, whose ending it adds."""
    first = a.at(0) or UNKNOWN
    if isinstance(first, Handle):
        return first
    path = as_texts(first, a.names[0] if a.names else "path")[0]
    last = path.parts[-1] if path.parts else ""
    is_whole = not isinstance(last, str) or last.endswith(".json")
    return Handle(path if is_whole else text(*path.parts, ".json"), kind="store")


def _option(a: Arguments, key: str) -> Value | None:
    for value in a.args:
        found = value.get(key) if isinstance(value, Mapping) else None
        if found is not None and not isinstance(found, Nothing):
            return found
    return None


def _key(a: Arguments) -> Text:
    """Return the one key that a call is about; of several, or none, a placeholder."""
    first = a.args[0] if a.args else UNKNOWN
    if isinstance(first, Sequence):
        first = first.items[0] if len(first.items) == 1 else text(Hole("keys"))
    elif isinstance(first, Mapping):
        names = [key for key, _ in first.entries]
        first = literal(names[0]) if len(names) == 1 else text(Hole("keys"))
    if isinstance(first, Nothing | External):
        return text(Hole("keys"))
    return as_texts(first, a.names[0] if a.names else "key")[0]
