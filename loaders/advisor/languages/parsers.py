"""The parsers of the languages, and the comments that they find."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_typescript
from tree_sitter import Language, Parser

PARSERS = {
    "python": Parser(Language(tree_sitter_python.language())),
    "javascript": Parser(Language(tree_sitter_javascript.language())),
    "typescript": Parser(Language(tree_sitter_typescript.language_typescript())),
    "tsx": Parser(Language(tree_sitter_typescript.language_tsx())),
}
# In JSX a comment stands in braces.
_BESIDE = re.compile(rb"[\s{}]*")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, the lines it takes, and whether no code stands on them."""

    text: bytes
    first: int
    last: int
    is_alone: bool


def comments(source: bytes, language: str) -> Iterator[Comment]:
    """Yield the comments of a source in order; what looks like one inside a text is none."""
    cursor = PARSERS[language].parse(source).walk()
    while True:
        node = cursor.node
        if node is not None and node.type == "comment":
            begin = source.rfind(b"\n", 0, node.start_byte) + 1
            end = source.find(b"\n", node.end_byte)
            beside = (
                source[begin : node.start_byte]
                + source[node.end_byte : end if end >= 0 else len(source)]
            )
            yield Comment(
                source[node.start_byte : node.end_byte],
                node.start_point.row + 1,
                node.end_point.row + 1,
                _BESIDE.fullmatch(beside) is not None,
            )
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
