"""What compilers make of modules: TypeScript's and Babel's helpers, read as what was written."""

from tree_sitter import Node

from loaders.advisor.languages.frontend import text_of
from loaders.advisor.languages.script_objects import FUNCTIONS

# Helpers that give the module, or the function, that they are given.
_SAME = frozenset(
    {
        "__importStar", "__importDefault", "__toESM", "__toModule", "_interopRequireDefault",
        "_interopRequireWildcard", "_asyncToGenerator", "_interopDefaultLegacy",
    }
)  # fmt: skip
# Helpers that run the function that they are given last.
_RUNNING = frozenset({"__awaiter", "__generator"})
_REEXPORTING = frozenset({"__exportStar", "__reExport"})


def _call(node: Node) -> tuple[str, list[Node]]:
    function, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is not None and function.type == "parenthesized_expression":
        # The name stands last, after a zero and a comma.
        last = function.named_children[-1:]
        function = last[0].named_children[-1] if last and last[0].named_children else function
    name = text_of(function).rpartition(".")[2] if function is not None else ""
    return name, given.named_children if given is not None else []


def same(node: Node) -> Node | None:
    """Return the argument of a call of a helper that gives it back."""
    name, given = _call(node)
    return given[0] if name in _SAME and given else None


def run(node: Node) -> Node | None:
    """Return the function that a call of a helper runs."""
    name, given = _call(node)
    return given[-1] if name in _RUNNING and given and given[-1].type in FUNCTIONS else None


def all_of(node: Node) -> str | None:
    """Return the module whose names a statement exports again."""
    name, given = _call(node)
    if name not in _REEXPORTING or not given or given[0].type != "call_expression":
        return None
    required, source = _call(given[0])
    return text_of(source[0]).strip("'\"`") if required == "require" and source else None


def one_of(node: Node) -> tuple[str, Node] | None:
    """Return the name and value of Object.defineProperty(exports, "name", { get: ... })."""
    name, given = _call(node)
    if name != "defineProperty" or len(given) < 3 or text_of(given[0]) != "exports":
        return None
    for pair in given[2].named_children:
        getter = pair.child_by_field_name("value") or pair
        key = text_of(pair.child_by_field_name("key") or pair.child_by_field_name("name"))
        body = getter.child_by_field_name("body") if key == "get" else None
        while body is not None and body.type in ("statement_block", "return_statement"):
            body = body.named_children[0] if body.named_children else None
        if body is not None:
            return text_of(given[1]).strip("'\"`"), body
    return None
