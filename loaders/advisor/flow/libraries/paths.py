"""Plain functions and methods of paths and texts, in Python and in Node."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from loaders.advisor.flow.context import Arguments
from loaders.advisor.flow.segments import base_name, parent, without_suffix
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.templates import JSON_ENDINGS
from loaders.advisor.flow.values import (
    UNKNOWN,
    Handle,
    Hole,
    Listing,
    Mapping,
    Member,
    Nothing,
    Options,
    Sequence,
    Text,
    Value,
    as_texts,
    either,
    hole,
    is_json_text,
    joined,
    literal,
    reads_of,
    slash,
    slashed,
    text,
    variable,
)
from loaders.advisor.words import FOLDERS, NAMES

_ROOT = "\0"
# The member of a list that is its items, joined to a path: os.path.join(*names).
JOINED = "*/"
WITHOUT_SUFFIX = "*."
# The member of a path that is the same with another ending: name.replace(".json", ".*.json").
REPLACED = "*>"
_JOINS = NAMES["joins"]
_PATHS = NAMES["paths"]
_SAME = NAMES["same"]
_SAME_METHODS = NAMES["same_methods"]
_FOLDERS = {name: folder.replace("ROOT", _ROOT) for name, folder in FOLDERS.items()}
_USER_FOLDERS = tuple(NAMES["user_folders"])
_FOLDER = re.compile(r"(user|site)_\w+_(dir|path)")
_TEMPORARY = {"temporary"}


def function(name: str, a: Arguments, module: str) -> Value | None:
    """Return what a function of a library gives; None if it is not about paths."""
    if name in _JOINS or name in _PATHS:
        values = [value for arg in a.args for value in _spread(arg)]
        if not values:
            return literal("." if name in _PATHS else "")
        names = list(a.names) + ["?"] * (len(values) - len(a.names))
        if name.endswith(".resolve") and len(values) == 1:
            is_path = isinstance(values[0], Text | Options)
            return _each(_absolute, values[0]) if is_path else values[0]
        if name in ("path.join", "path.posix.join"):
            # Node's join goes on where a part begins with a slash.
            values[1:] = [_without_slash(value) for value in values[1:]]
        found = slashed(list(values), names[: len(values)])
        return _each(_absolute, found) if name.endswith(".resolve") else found
    if name in ("URL", "url.URL") and len(a.args) == 2:
        # A folder of a module keeps its slash: names are added to it as texts.
        said = a.args[0].literal if isinstance(a.args[0], Text) else None
        inner = literal("./") if said in (".", "./") else a.args[0]
        return slashed([_each(parent, a.args[1]), inner], ["base", "?"])
    if name in _SAME and a.args:
        value = a.args[0]
        if isinstance(value, Text | Options | Listing | Handle):
            return value
        return hole(a.names[0] if a.names else "?") if not reads_of(value) else value
    if name in _FOLDERS:
        folder = literal(_FOLDERS[name])
        return slashed([folder, *a.args], ["?", *a.names]) if a.args else folder
    if name in ("os.path.dirname", "path.dirname", "posixpath.dirname") and a.args:
        return _each(parent, a.args[0])
    if name in ("os.path.basename", "path.basename", "posixpath.basename") and a.args:
        found = _each(base_name, a.args[0])
        return _each(without_suffix, found) if len(a.args) > 1 else found
    if name == "os.path.splitext" and a.args:
        return Sequence((_each(without_suffix, a.args[0]), UNKNOWN))
    if name in ("os.path.split", "posixpath.split") and a.args:
        return Sequence((_each(parent, a.args[0]), _each(base_name, a.args[0])))
    if name == "path.parse" and a.args:
        return Mapping((("name", _each(without_suffix, _each(base_name, a.args[0]))),))
    if name in (
        "os.environ.get",
        "os.getenv",
        "os.environ.setdefault",
        "Deno.env.get",
        "environ.get",
    ):
        return environment(a)
    if name in ("tempfile.mkdtemp", "tempfile.TemporaryDirectory", "fs.mkdtempSync", "fs.mkdtemp"):
        return text(Hole("temporary"))
    if name == "tempfile.mkstemp":
        return Sequence((text(Hole("temporary")), text(Hole("temporary"))))
    if name in ("sys.argv", "process.argv"):
        return UNKNOWN
    if name.startswith(_USER_FOLDERS):
        last = name.rpartition(".")[2]
        return (
            None
            if last[:1].isupper()
            else text(Hole(last if _FOLDER.fullmatch(last) else "user_folder"))
        )
    return None


def environment(a: Arguments) -> Value:
    """An environment variable is worth its default; without one it is a hole of its name."""
    if len(a.args) > 1 and not isinstance(a.args[1], Nothing):
        return a.args[1]
    if (default := a.named.get("default")) is not None:
        return default
    said = a.args[0].literal if a.args and isinstance(a.args[0], Text) else None
    return variable(said or "?")


def method(of: Value, name: str, a: Arguments) -> Value | None:
    """Return what a method of a text or path gives; None if it is not one of theirs."""
    if isinstance(of, Handle | Listing | Sequence):
        if name == "join" and isinstance(of, Sequence):
            separator = a.args[0].literal if a.args and isinstance(a.args[0], Text) else ","
            return _joined_by(separator or "", of)
        if isinstance(of, Listing) and name in ("sort", "reverse", "slice", "toSorted", "concat"):
            return of
        return None
    if not isinstance(of, Text) or (
        reads_of(of) and len(of.parts) == 1 and of.holes[0].name != "*"
    ):
        return None
    if name in _SAME_METHODS:
        return of
    if name in ("joinpath", "__truediv__"):
        return slashed([of, *a.args], ["?", *(a.names or ["?"] * len(a.args))])
    if name == "with_suffix" and a.args:
        if of.symbol is not None and as_texts(a.args[0])[0].literal == "":
            return hole(of.holes[0].name, Member(of.symbol, WITHOUT_SUFFIX))
        return joined([without_suffix(of), a.args[0]], ["?", "suffix"])
    if name in ("with_name", "with_stem") and a.args:
        ending = "" if name == "with_name" else _suffix(of)
        return joined([slash(parent(of), literal("")), literal("/"), a.args[0], literal(ending)],
                      ["?", "?", "name", "?"])  # fmt: skip
    if name == "with" and a.args and isinstance(a.args[0], Mapping):
        return a.args[0].get("path") or of
    if name == "asAbsolutePath" and a.args:
        return slash(literal(_ROOT), as_texts(a.args[0])[0])
    if name == "format":
        return formatted(of, a)
    if name == "join":
        return _joined_argument(of, a) or _joined_by(
            of.literal or "", a.args[0] if a.args else UNKNOWN
        )
    if name == "concat":
        return joined([of, *a.args], ["?", *(a.names or ["?"] * len(a.args))])
    if name in ("replace", "replaceAll", "removesuffix", "removeprefix") and a.args:
        return _replaced(of, name, a)
    if name in ("split", "rsplit", "partition", "rpartition", "splitlines"):
        return UNKNOWN
    return of if is_json_text(of) else None


def _without_slash(value: Value) -> Value:
    if isinstance(value, Options):
        return either(*(_without_slash(option) for option in value.values))
    if isinstance(value, Text) and value.parts and isinstance(value.parts[0], str):
        return text(value.parts[0].lstrip("/"), *value.parts[1:])
    return value


def _spread(value: Value) -> tuple[Value, ...]:
    return value.items if isinstance(value, Sequence) else (value,)


def _each(change: Callable[[Text], Text], value: Value) -> Value:
    return either(*(change(each) for each in as_texts(value)))


def _absolute(path: Text) -> Text:
    """Return a relative path as one that no module's own folder changes."""
    first = path.parts[0] if path.parts else ""
    is_relative = isinstance(first, str) and re.match(r"(\./)?[^./~\0]", first) is not None
    return slash(literal(_ROOT), path) if is_relative else path


def _suffix(path: Text) -> str:
    last = path.parts[-1] if path.parts else ""
    return PurePosixPath(last).suffix if isinstance(last, str) else ""


def _joined_argument(of: Text, a: Arguments) -> Value | None:
    """Return what "/".join(names) is, or names.join("/"), where a caller knows the names."""
    given = a.args[0] if a.args else None
    if not isinstance(given, Text):
        return None
    for names, separator in ((given, of), (of, given)):
        if names.symbol is not None and separator.literal == "/":
            return hole(names.holes[0].name, Member(names.symbol, JOINED))
    return None


def _joined_by(separator: str, of: Value) -> Value:
    if not isinstance(of, Sequence) or not of.items:
        return UNKNOWN
    parts: list[Value] = []
    for item in of.items:
        parts += [literal(separator), item] if parts else [item]
    return joined(parts, ["?"] * len(parts))


def _replaced(of: Text, name: str, a: Arguments) -> Value:
    old = a.args[0].literal if isinstance(a.args[0], Text) else None
    new = a.args[1].literal if len(a.args) > 1 and isinstance(a.args[1], Text) else ""
    if old is None or new is None or not of.parts:
        return of
    if name.startswith("replace") and old in JSON_ENDINGS and "." in new:
        return ended_otherwise(of, old, new)
    if name in ("removesuffix", "removeprefix"):
        at = -1 if name == "removesuffix" else 0
        part = of.parts[at]
        cut = getattr(part, name)(old) if isinstance(part, str) else part
        return text(*of.parts[:-1], cut) if at else text(cut, *of.parts[1:])
    return text(*(part.replace(old, new) if isinstance(part, str) else part for part in of.parts))


def ended_otherwise(of: Text, old: str, new: str) -> Text:
    """Return a path with another ending; of what a caller knows, what the caller will say."""
    if of.symbol is not None:
        return hole(of.holes[0].name, Member(of.symbol, f"{REPLACED}{old}{REPLACED}{new}"))
    return text(*(part.replace(old, new) if isinstance(part, str) else part for part in of.parts))


def formatted(of: Text, a: Arguments) -> Value:
    """Return what str.format gives."""
    said = of.literal
    if said is None:
        return UNKNOWN
    parts: list[Value] = []
    names: list[str] = []
    position = 0
    for piece in re.split(r"(\{[^{}]*\})", said.replace("{{", "\1").replace("}}", "\2")):
        if piece.startswith("{") and piece.endswith("}"):
            field = re.split(r"[!:.\[]", piece[1:-1])[0]
            if field.isdigit() or not field:
                index = int(field) if field else position
                position += 1
                value = a.at(index)
                names.append(a.names[index] if index < len(a.names) else "?")
            else:
                value = a.named.get(field, hole(field))
                names.append(field)
            parts.append(value if value is not None else UNKNOWN)
        else:
            parts.append(literal(piece.replace("\1", "{").replace("\2", "}")))
            names.append("?")
    return joined(parts, names)


def starred(pattern: Text) -> Text:
    """Return a glob's pattern with its stars as holes; '**/' may be nothing beside others."""
    parts: list[str | Hole] = []
    if (said := pattern.literal) and said.startswith("**/") and not set("*?[{") & set(said[3:]):
        return text(Hole("*"), said[2:])
    for part in pattern.parts:
        if isinstance(part, str):
            part = part.replace("**/", "").replace("**", "*")
            for piece in re.split(r"(\*|\?|\[[^\]]*\])", part):
                parts.append(Hole("*") if piece and piece[0] in "*?[" else piece)
        else:
            parts.append(part)
    return text(*parts)


def folder_of(path: Text) -> Text:
    return parent(path)


def same(path: Text, other: Text) -> bool:
    """Say whether two texts name the same path."""
    return len(path.parts) == len(other.parts) and all(
        mine == yours
        if isinstance(mine, str) or isinstance(yours, str)
        else (mine.name, mine.origin) == (yours.name, yours.origin)
        for mine, yours in zip(path.parts, other.parts, strict=True)
    )


def is_temporary(path: Text) -> bool:
    return any(hole.name in _TEMPORARY for hole in path.holes)


_ASIDE = re.compile(
    r"(^|[._-])(bak|bkp|bkup|backup|old|orig|prev|previous|invalid|corrupt|corrupted|broken|bad)([._-]|$)"
)


def is_put_aside(path: Text) -> bool:
    """Say whether a name says that what was there is kept, or was not to be read."""
    return any(isinstance(p, str) and _ASIDE.search(p) for p in base_name(path).parts)


def moved(access: Access, path: Text, line: int) -> Access:
    return replace(access, path=path, line=line, is_atomic=True)


def with_content(access: Access, what: Value) -> Access:
    return replace(access, content=what)
