"""Settings of the examined project: [tool.pulse-elt.audit] of its pyproject.toml."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec

from loaders.advisor.dispositions import DISPOSITIONS
from loaders.advisor.flow.templates import shape_of_template
from loaders.errors import WrongRequest

_OPERATIONS = ("read", "write", "list", "exists", "delete", "open", "both", "move", "copy")


@dataclass(frozen=True, slots=True)
class Override:
    """A disposition that people settled, and why."""

    shape: str
    disposition: str
    reason: str
    template: str


@dataclass(frozen=True, slots=True)
class AuditSettings:
    exclude: tuple[str, ...] = ()
    sinks: tuple[Mapping[str, Any], ...] = ()
    overrides: tuple[Override, ...] = ()


def read_settings(root: Path) -> AuditSettings:
    """Return a project's settings; none at all is fine.

    Raises WrongRequest, naming file and key, if they do not say what they must.
    """
    file = root / "pyproject.toml"
    if file.exists() and not file.is_file():
        raise WrongRequest(f"{file} cannot be read: it is no regular file.")
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return AuditSettings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongRequest(f"{file} cannot be read: {error}.") from error
    tool = content.get("tool", {})
    part = tool.get("pulse-elt", {}) if isinstance(tool, dict) else {}
    said = part.get("audit", {}) if isinstance(part, dict) else {}
    where = f"{file}, [tool.pulse-elt.audit]"
    if not isinstance(said, dict):
        raise WrongRequest(f"{where} must be a table.")
    for key in said:
        if key not in ("exclude", "sinks", "overrides"):
            raise WrongRequest(f"{where} has a key {key!r}; known are exclude, sinks, overrides.")
    exclude = said.get("exclude", [])
    if not _are_texts(exclude):
        raise WrongRequest(f"{where}: exclude must be a list of patterns.")
    for pattern in exclude:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError as error:
            raise WrongRequest(f"{where}: exclude has {pattern!r}: {error}.") from error
    overrides = [_override(row, where) for row in _rows(said, "overrides", where)]
    for at, override in enumerate(overrides):
        if override.shape in [each.shape for each in overrides[:at]]:
            name = said["overrides"][at]["template"]
            raise WrongRequest(f"{where}: two overrides settle {name}; keep one.")
    return AuditSettings(
        exclude=tuple(exclude),
        sinks=tuple(_sink(row, where) for row in _rows(said, "sinks", where)),
        overrides=tuple(overrides),
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _rows(said: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    rows = said.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise WrongRequest(f"{where}: {key} must be tables: [[tool.pulse-elt.audit.{key}]].")
    return rows


def _known(row: Mapping[str, Any], keys: Sequence[str], where: str, what: str) -> None:
    for key in row:
        if key not in keys:
            known = ", ".join(keys)
            raise WrongRequest(f"{where}: {what} has a key {key!r}; known are {known}.")


def _is_position(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _sink(row: dict[str, Any], where: str) -> dict[str, Any]:
    _known(row, ("call", "method", "operation", "path", *_KINDS), where, "a sink")
    called = row.get("call", row.get("method"))
    if not (isinstance(called, str) and called) and not (called and _are_texts(called)):
        raise WrongRequest(f"{where}: a sink needs call or method, a dotted name.")
    if row.get("operation") not in _OPERATIONS:
        known = ", ".join(_OPERATIONS)
        raise WrongRequest(f"{where}: the sink {called} needs an operation, one of {known}.")
    path = row.get("path", 0)
    if not (_is_position(path) or (isinstance(path, str) and path) or (path and _are_texts(path))):
        raise WrongRequest(f"{where}: path of the sink {called} must be a position or a name.")
    for key, (is_right, what) in _KINDS.items():
        if key in row and not is_right(row[key]):
            raise WrongRequest(f"{where}: {key} of the sink {called} must be {what}.")
    if isinstance(row.get("path"), str) and row["path"] not in ("self", "object", "temporary"):
        return {**row, "path": 99, "path_names": [row["path"]]}
    return row


def _override(row: dict[str, Any], where: str) -> Override:
    _known(row, ("template", "disposition", "reason"), where, "an override")
    template, disposition = row.get("template"), row.get("disposition")
    if not isinstance(template, str) or not template:
        raise WrongRequest(f"{where}: an override needs a template.")
    if disposition not in DISPOSITIONS:
        known = ", ".join(DISPOSITIONS)
        raise WrongRequest(f"{where}: disposition of {template} must be one of {known}.")
    reason = row.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise WrongRequest(f"{where}: the override of {template} needs a reason.")
    return Override(shape_of_template(template), disposition, reason.strip(), template)


_POSITION = (_is_position, "a position")
_FLAG = (lambda value: isinstance(value, bool), "true or false")
_TEXT = (lambda value: isinstance(value, str), "a text")
# What else a sink may say, and what each must be.
_KINDS: dict[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(("mode", "to", "pattern", "callback", "arguments"), _POSITION),
    **dict.fromkeys(("json", "is_pattern", "atomic", "needs_client"), _FLAG),
    **dict.fromkeys(("returns", "store"), _TEXT),
    "content": (
        lambda value: _is_position(value) or isinstance(value, str),
        "a position or a name",
    ),
    "path_names": (_are_texts, "a list of names"),
}
