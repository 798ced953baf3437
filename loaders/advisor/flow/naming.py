"""Names for what is not known: placeholders say what an expression says."""

import re

from loaders.advisor.languages.syntax import (
    Attr,
    Block,
    Call,
    Const,
    Each,
    Either,
    Expr,
    Index,
    Items,
    Joined,
    Managed,
    Name,
    Opaque,
    Spread,
)

# Methods named as the folder or path that they give: api.user.storagePath().
_FOLDER = re.compile(r"[a-z_](Path|Dir|Folder|Directory|_path|_dir|_folder|_directory)$")
_GENERIC = {"id", "name", "key", "path", "value", "self", "this", "file", "data"}


def name_of(expr: Expr) -> str:
    """Return a name for what an expression says: a placeholder's name."""
    match expr:
        case Name():
            return expr.id
        case Attr():
            if expr.name in _GENERIC:
                before = name_of(expr.of)
                return expr.name if before in ("?", "self", "this") else f"{before}_{expr.name}"
            return expr.name
        case Index():
            if isinstance(expr.key, Const) and isinstance(expr.key.value, str):
                key = expr.key.value.removeprefix("--")  # as docopt calls an option
                return name_of(expr.of) if key.isdigit() or key.startswith("-") else key
            return name_of(expr.of)
        case Call():
            for arg in (*expr.args, *(value for _, value in expr.named)):
                if (found := name_of(arg)) != "?":
                    return found
            if isinstance(expr.of, Attr) and _FOLDER.search(expr.of.name):
                return expr.of.name
            if isinstance(expr.of, Attr) and not _is_plain(expr.of):
                before = name_of(expr.of.of)
                return expr.of.name if before in ("self", "this", "cls") else before
            return name_of(expr.of)
        case Either() | Opaque() | Joined() | Items():
            parts = (
                expr.options
                if isinstance(expr, Either)
                else expr.items
                if isinstance(expr, Items)
                else expr.parts
            )
            for part in parts:
                if (found := name_of(part)) != "?":
                    return found
            return "?"
        case Block():
            return name_of(expr.body)
        case Each() | Spread() | Managed():
            return name_of(expr.of)
        case _:
            return "?"


def _is_plain(expr: Attr) -> bool:
    """Say whether a method's own name tells more than its object: uuid.uuid4()."""
    return isinstance(expr.of, Name) and expr.of.id in (
        "uuid",
        "time",
        "datetime",
        "date",
        "secrets",
    )
