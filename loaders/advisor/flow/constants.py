"""What a program writes down itself, and never changes: its defaults."""

from loaders.advisor.flow.templates import snake
from loaders.advisor.flow.values import Mapping, Text, Value
from loaders.advisor.languages.syntax import Attr, Const, Expr, Items, Joined, Name, Table
from loaders.advisor.words import WORDS

# The name of a JSON text that holds such values alone.
CONSTANT = "constant"


def names_constant(name: str) -> bool:
    """Say whether a name is of what nothing changes: DEFAULTS, initialValues."""
    return name.isupper() or bool(set(snake(name).split("_")) & WORDS["initial"])


def is_constant(expr: Expr) -> bool:
    """Say whether all of an expression is written down; what is empty is to be filled in."""
    match expr:
        case Const():
            return True
        case Table():
            return bool(expr.entries) and all(key and is_constant(e) for key, e in expr.entries)
        case Items():
            return bool(expr.items) and all(is_constant(item) for item in expr.items)
        case Joined():
            return all(is_constant(part) for part in expr.parts)
        case Name():
            return expr.id.isupper()
        case Attr():
            return expr.name.isupper()
        case _:
            return False


def holds_constant(value: Value) -> bool:
    """Say whether what is written is such a value."""
    if isinstance(value, Text):
        return any(part.name == CONSTANT and part.is_json for part in value.holes)
    return isinstance(value, Mapping) and value.is_constant
