"""What the front ends share: definitions, depth, places that did not parse."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from tree_sitter import Node

from loaders.advisor.languages.syntax import (
    Assign,
    Branch,
    ClassDef,
    Define,
    Expr,
    FunctionDef,
    Joined,
    Module,
    Name,
    Opaque,
    Parameter,
    Return,
    Statement,
)

# Deeper expressions are not followed: nobody writes a path like that.
DEEPEST = 220
_NUMBERS = ("integer", "float", "number")


def text_of(node: Node | None) -> str:
    """Return a node's text; the parser saw UTF-8, or bytes that stand for Latin-1."""
    if node is None or node.text is None:
        return ""
    return node.text.decode("utf-8", "replace")


def caught(
    tried: Sequence[Statement],
    handlers: tuple[tuple[Statement, ...], ...],
    final: Sequence[Statement],
) -> list[Statement]:
    """Return the statements of a try: who returns at its end may still fail before."""
    rest: list[Statement] = [Branch((*handlers, ()))] if handlers else []
    rest += final
    if tried and _returns(tried[-1]):
        return [*tried[:-1], *rest, tried[-1]]
    return [*tried, *rest]


def flags_of(condition: Node | None) -> tuple[tuple[str, bool], ...]:
    """Return the names that must be true, or not, for a condition to hold: combine and not dry."""
    if condition is None:
        return ()
    inner = condition.named_children
    match condition.type:
        case "identifier":
            return ((text_of(condition), True),)
        case "parenthesized_expression" if len(inner) == 1:
            return flags_of(inner[0])
        case "not_operator" | "unary_expression" if len(inner) == 1:
            if condition.children[0].type in ("not", "!") and inner[0].type == "identifier":
                return ((text_of(inner[0]), False),)
        case "boolean_operator" | "binary_expression" if len(inner) == 2:
            if condition.children[1].type in ("and", "&&"):
                return (*flags_of(inner[0]), *flags_of(inner[1]))
    return ()


def _returns(statement: Statement) -> bool:
    if isinstance(statement, Branch):
        return all(block and _returns(block[-1]) for block in statement.blocks)
    return isinstance(statement, Return) and not statement.is_item


_EXPIRES = re.compile(
    r"(time\(\)|\bnow\(|monotonic\(\)|mtime|getTime\(\)|Date\.now)[^<>]*-"
    r"|-[^<>]*(time\(\)|\bnow\(|monotonic\(\)|mtime|getTime\(\))"
    r"|[<>][^<>]*(\bnow\(|time\(\)).*-"
    r"|\+[^<>]*[<>][^<>]*(\btime\(\)|\bnow\(|getTime\(\))"
    r"|(\btime\(\)|\bnow\(|getTime\(\))[^<>]*[<>][^<>]*\+|expires|\bttl\b|max_age|maxAge",
    re.IGNORECASE,
)


def expires(comparison: str) -> bool:
    """Say whether a comparison asks how old something is."""
    return len(comparison) < 300 and _EXPIRES.search(comparison) is not None


class Builder(ABC):
    """Builds a module: subclasses know the language."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.depth = 0
        self.scope: list[str] = []
        self.class_keys: list[str | None] = [None]
        # Names by which the methods of a prototype call the constructor above.
        self.bases_here: list[frozenset[str]] = [frozenset()]
        self.functions: list[FunctionDef] = []
        self.classes: list[ClassDef] = []

    @abstractmethod
    def block(self, node: Node | None) -> tuple[Statement, ...]: ...

    @abstractmethod
    def build(self, node: Node) -> Expr: ...

    def module(self, root: Node, language: str, source: bytes) -> Module:
        main = FunctionDef(
            name="",
            key=f"{self.path}:",
            path=self.path,
            parameters=(),
            body=self.block(root),
            line=1,
            end=root.end_point.row + 1,
        )
        return Module(
            path=self.path,
            language=language,
            main=main,
            functions=tuple(self.functions),
            classes=tuple(self.classes),
            lines=source.count(b"\n") + 1,
            errors=tuple(sorted(set(_errors(root)))) if root.has_error else (),
        )

    def expr(self, node: Node) -> Expr:
        if self.depth > DEEPEST:
            return Opaque()
        self.depth += 1
        try:
            return self.build(node)
        finally:
            self.depth -= 1

    def part(self, node: Node, name: str) -> Expr:
        child = node.child_by_field_name(name)
        return self.expr(child) if child is not None else Opaque()

    def exprs(self, node: Node) -> list[Expr]:
        return [self.expr(child) for child in node.named_children if child.type != "comment"]

    def joined(self, node: Node) -> Expr:
        """Return texts one after another; with a bare number in it, '+' is a sum."""
        parts = tuple(self.chain(node, "+"))
        ends = (node.child_by_field_name("left"), node.child_by_field_name("right"))
        is_number = any(end is not None and end.type in _NUMBERS for end in ends)
        is_text = any(quote in text_of(node) for quote in "'\"`")
        return Opaque(parts) if is_number and not is_text else Joined(parts)

    def chain(self, node: Node, operator: str) -> list[Expr]:
        """Return the operands of a chain of one operator, however long it is."""
        parts: list[Expr] = []
        at: Node | None = node
        while at is not None and at.type == node.type:
            sign = at.child_by_field_name("operator")
            if text_of(sign) != operator:
                break
            parts.append(self.part(at, "right"))
            at = at.child_by_field_name("left")
        if at is not None:
            parts.append(self.expr(at))
        return parts[::-1]

    def define(
        self,
        name: str,
        node: Node,
        parameters: Callable[[], tuple[Parameter, ...]],
        body: Callable[[], tuple[Statement, ...]],
        decorators: tuple[str, ...] = (),
        returns: str = "",
    ) -> FunctionDef:
        """Return a function, and remember it as one of the module's."""
        class_key = self.class_keys[-1]
        self.scope.append(name)
        self.class_keys.append(None)
        line = node.start_point.row + 1
        function = FunctionDef(
            name=name,
            key=f"{self.path}:{'.'.join(self.scope)}:{line}:{node.start_point.column}",
            path=self.path,
            parameters=parameters(),
            body=body(),
            line=line,
            end=node.end_point.row + 1,
            decorators=decorators,
            class_key=class_key,
            returns=returns,
        )
        self.scope.pop()
        self.class_keys.pop()
        self.functions.append(function)
        return function

    def define_class(
        self,
        name: str,
        node: Node,
        bases: Callable[[], tuple[Expr, ...]],
        body: Callable[[], tuple[Statement, ...]],
        *,
        base_names: frozenset[str] = frozenset(),
        is_single: bool = False,
    ) -> ClassDef:
        """Return a class, its methods apart from its other statements."""
        key = f"{self.path}:{'.'.join([*self.scope, name])}"
        of = bases()
        self.scope.append(name)
        self.class_keys.append(key)
        self.bases_here.append(base_names)
        statements = body()
        self.bases_here.pop()
        self.scope.pop()
        self.class_keys.pop()
        methods: dict[str, FunctionDef] = {}
        rest: list[Statement] = []
        fields: list[tuple[str, str]] = []
        for statement in statements:
            if isinstance(statement, Define) and isinstance(statement.what, FunctionDef):
                methods.setdefault(statement.what.name, statement.what)
                continue
            match statement:
                case Assign(target=Name(id=field), annotation=annotation) if annotation:
                    fields.append((field, annotation))
            rest.append(statement)
        found = ClassDef(
            name=name,
            key=key,
            path=self.path,
            bases=of,
            methods=methods,
            body=tuple(rest),
            fields=tuple(fields),
            line=node.start_point.row + 1,
            is_single=is_single,
        )
        self.classes.append(found)
        return found


def _errors(root: Node) -> list[int]:
    """Return the lines on which something did not parse."""
    lines: list[int] = []
    waiting = [root]
    while waiting and len(lines) < 20:
        node = waiting.pop()
        if node.type == "ERROR" or node.is_missing:
            lines.append(node.start_point.row + 1)
        elif node.has_error:
            waiting.extend(node.children)
    return lines
