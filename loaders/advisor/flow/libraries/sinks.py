"""The table of what touches files, read from sinks*.toml and the examined project's settings."""

import re
import tomllib
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence as AnySequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

_FS_PACKAGES = (
    "fs", "fs-extra", "graceful-fs", "memfs", "node:fs", "mz/fs", "fs-promise", "promise-fs",
    "then-fs", "original-fs", "sander",
)  # fmt: skip
_OF_JSON = re.compile(r"^(read|write|output)J(son|SON)(Sync)?$")
# A package whose name says that it is a file system: fs-nextra, @tools/fs.
_FILE_SYSTEM = re.compile(r"^(@[\w.-]+/)?([\w-]+-)?fs(-[\w-]+)?$")


@dataclass(frozen=True, slots=True)
class Sink:
    """One row of the table; name is what it is called in reports."""

    name: str
    operation: str
    path: int | str | tuple[str, ...]
    path_names: tuple[str, ...] = ()
    mode: int | None = None
    content: int | str | None = None
    to: int | None = None
    pattern: int | None = None
    callback: int | None = None
    arguments: int | None = None
    returns: str = ""
    is_json: bool = False
    is_pattern: bool = False
    is_atomic: bool = False
    needs_client: bool = False
    store: str = "file"


@dataclass(frozen=True, slots=True)
class Sinks:
    """All rows, by dotted name and by method, and the names that make or read JSON."""

    calls: AnyMapping[str, Sink]
    methods: AnyMapping[str, Sink]
    json: AnyMapping[str, frozenset[str]]
    pickle: AnyMapping[str, frozenset[str]]
    own: AnyMapping[str, Sink]
    lock_words: tuple[str, ...]
    database_methods: frozenset[str]

    def called(self, name: str, *, has_arguments: bool, is_script: bool) -> Sink | None:
        """Return what a function of a library touches, by its dotted name."""
        found = self.calls.get(name) or self.calls.get(name.removesuffix("Async"))
        if found is None and name.startswith("@"):
            # A fork of a package that has a scope of its own.
            found = self.calls.get(name.partition("/")[2])
        if found is not None or not has_arguments:
            return found
        package, _, last = name.rpartition(".")
        if is_script:
            # Packages that hand fs-extra on, or do the same under its names.
            plain = last.removesuffix("Atomic")
            if re.search(_OF_JSON, plain) or re.search(
                _FILE_SYSTEM, package.removesuffix(".promises")
            ):
                found = self.calls.get(f"fs.{plain}")
        by_last_name = self.calls.get(last)
        if found is None and by_last_name is not None and by_last_name.is_atomic:
            found = by_last_name
        return found


@cache
def _table() -> dict[str, Any]:
    folder = Path(__file__).parent
    found = tomllib.loads((folder / "sinks.toml").read_text(encoding="utf-8"))
    script = tomllib.loads((folder / "sinks_script.toml").read_text(encoding="utf-8"))
    return {**found, "sink": [*found["sink"], *script["sink"]]}


def read_sinks(extra: AnySequence[AnyMapping[str, Any]] = ()) -> Sinks:
    """Return the table, with the rows that a project's settings add."""
    table = _table()
    calls: dict[str, Sink] = {}
    methods: dict[str, Sink] = {}
    for row in (*table["sink"], *extra):
        for name in _names(row.get("call", ())):
            calls[name] = _sink(name, row)
        for name in _names(row.get("method", ())):
            methods[name] = _sink(name, row)
        for name in row.get("fs", ()):
            for package in _FS_PACKAGES:
                for full in (name, f"{name}Sync", f"promises.{name}"):
                    calls[f"{package}.{full}"] = _sink(f"fs.{name}", row)
            # Names that are nobody else's: a file system that is handed in, or loaded late.
            for own in (f"{name}Sync", *((name,) if re.search("(File|J(son|SON))$", name) else ())):
                methods.setdefault(own, _sink(f"fs.{name}", row))
    return Sinks(
        calls=calls,
        methods=methods,
        json={key: frozenset(names) for key, names in table["json"].items()},
        pickle={key: frozenset(names) for key, names in table["pickle"].items()},
        own={
            name: replace(_sink(name, row), is_atomic=True)
            for row in extra
            for name in _names(row.get("call", ()))
        },
        lock_words=tuple(table["locks"]["words"]),
        database_methods=frozenset(table["database"]["methods"]),
    )


def _names(said: str | AnySequence[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def _sink(name: str, row: AnyMapping[str, Any]) -> Sink:
    operation = row["operation"]
    path = row.get("path", 0)
    return Sink(
        name=name,
        operation=operation if isinstance(operation, str) else operation[name],
        path=tuple(path) if isinstance(path, list) else path,
        path_names=tuple(row.get("path_names", ())),
        mode=row.get("mode"),
        content=row.get("content"),
        to=row.get("to"),
        pattern=row.get("pattern"),
        callback=row.get("callback"),
        arguments=row.get("arguments"),
        returns=row.get("returns", ""),
        is_json=row.get("json", False),
        is_pattern=row.get("is_pattern", False),
        is_atomic=row.get("atomic", False),
        needs_client=row.get("needs_client", False),
        store=row.get("store", "file"),
    )
