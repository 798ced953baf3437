"""Keys of a browser's storage, taken as its properties: localStorage.theme, localStorage[key]."""

from collections.abc import Callable

from tree_sitter import Node

from loaders.advisor.languages.frontend import text_of
from loaders.advisor.languages.syntax import Attr, Call, Const, Expr, Name

_STORES = ("localStorage", "sessionStorage")
_MEMBERS = ("getItem", "setItem", "removeItem", "clear", "key", "length")


def stored(node: Node, method: str, expr: Callable[[Node], Expr], *values: Expr) -> Call | None:
    """Return the call of a storage's method that a property stands for; None for what is none."""
    store = node.child_by_field_name("object")
    name = _name(store)
    if name is None:
        return None
    if node.type == "member_expression":
        said = text_of(node.child_by_field_name("property"))
        if said in _MEMBERS:
            return None
        key: Expr = Const(said)
    elif node.type == "subscript_expression":
        index = node.child_by_field_name("index")
        if index is None:
            return None
        key = expr(index)
    else:
        return None
    point = node.start_point
    return Call(Attr(Name(name), method), (key, *values), (), point.row + 1, point.column)


def _name(store: Node | None) -> str | None:
    """Return the store's name, whoever has it: $window.localStorage, dom.window.localStorage."""
    owner, _, name = text_of(store).rpartition(".")
    return name if name in _STORES and owner.rpartition(".")[2] != "this" else None
