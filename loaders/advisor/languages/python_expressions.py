"""Turns expressions of Python into the form of syntax.py."""

from abc import abstractmethod

from tree_sitter import Node

from loaders.advisor.languages.frontend import Builder, expires, text_of
from loaders.advisor.languages.syntax import (
    Assign,
    Attr,
    Block,
    Call,
    Closure,
    Const,
    Do,
    Either,
    Expr,
    Index,
    Items,
    Joined,
    Name,
    Opaque,
    Parameter,
    Percent,
    Return,
    Slash,
    Spread,
    Statement,
    Table,
)

_LITERALS = {"true": True, "false": False, "none": None}
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\", "\\'": "'", '\\"': '"', "\\/": "/"}


class PythonExpressions(Builder):
    """The part of the front end that reads expressions."""

    @abstractmethod
    def bind(self, node: Node, out: list[Statement]) -> None: ...

    @abstractmethod
    def parameters(self, node: Node | None) -> tuple[Parameter, ...]: ...

    def build(self, node: Node) -> Expr:
        match node.type:
            case "identifier":
                return Name(text_of(node))
            case "string":
                return self.string(node)
            case "concatenated_string":
                return Joined(tuple(self.expr(child) for child in node.named_children))
            case "integer" | "float":
                return Const(text_of(node))
            case "true" | "false" | "none":
                return Const(_LITERALS[node.type])
            case "attribute":
                name = node.child_by_field_name("attribute")
                return Attr(self.part(node, "object"), text_of(name))
            case "call":
                return self.call(node)
            case "subscript":
                return Index(self.part(node, "value"), self.part(node, "subscript"))
            case "binary_operator":
                return self.operation(node)
            case "comparison_operator":
                parts = self.exprs(node)
                if expires(text_of(node)):
                    parts.append(Name("⟨expires⟩"))
                return Opaque(tuple(parts))
            case "boolean_operator":
                left, right = self.part(node, "left"), self.part(node, "right")
                if text_of(node.child_by_field_name("operator")) == "and":
                    return Block((Do(left),), right)
                return Either((left, right))
            case "conditional_expression":
                parts = [self.expr(child) for child in node.named_children]
                if len(parts) == 3:
                    return Block((Do(parts[1]),), Either((parts[0], parts[2])))
            case "await" | "parenthesized_expression" | "type" | "as_pattern_target":
                inner = [child for child in node.named_children if child.type != "comment"]
                if len(inner) == 1:
                    return self.expr(inner[0])
            case "list" | "tuple" | "set" | "expression_list" | "pattern_list" | "tuple_pattern":
                return Items(tuple(self.exprs(node)))
            case "list_splat" | "dictionary_splat" | "list_splat_pattern":
                return Spread(self.expr(node.named_children[0]))
            case "dictionary":
                return self.dictionary(node)
            case "list_comprehension" | "set_comprehension" | "generator_expression":
                return self.comprehension(node)
            case "dictionary_comprehension":
                return self.comprehension(node)
            case "lambda":
                body = node.child_by_field_name("body")
                return Closure(
                    self.define(
                        "lambda",
                        node,
                        lambda: self.parameters(node.child_by_field_name("parameters")),
                        lambda: (Return(self.expr(body)),) if body is not None else (),
                    )
                )
            case "named_expression":
                value = self.part(node, "value")
                line = node.start_point.row + 1
                target = self.part(node, "name")
                return Block((Assign(target, value, line),), target)
            case "comment":
                return Opaque()
        return Opaque(tuple(self.exprs(node)))

    def operation(self, node: Node) -> Expr:
        operator = text_of(node.child_by_field_name("operator"))
        if operator == "+":
            return self.joined(node)
        left, right = self.part(node, "left"), self.part(node, "right")
        if operator == "/":
            return Slash(left, right)
        if operator == "%":
            return Percent(left, right)
        if operator == "|":
            return Either((left, right))
        return Opaque((left, right))

    def string(self, node: Node) -> Expr:
        parts: list[Expr] = []
        opening = text_of(node.children[0]).lower() if node.children else ""
        for child in node.named_children:
            if child.type == "string_content":
                said = text_of(child)
                if "r" not in opening and child.named_child_count:
                    for escape in child.named_children:
                        written = text_of(escape)
                        said = said.replace(written, _ESCAPES.get(written, written))
                parts.append(
                    Const(said.replace("{{", "{").replace("}}", "}") if "f" in opening else said)
                )
            elif child.type == "interpolation":
                parts.append(self.part(child, "expression"))
        if len(parts) == 1 and isinstance(parts[0], Const):
            return parts[0]
        return Joined(tuple(parts)) if parts else Const("")

    def call(self, node: Node) -> Expr:
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return Opaque(tuple(self.exprs(node)))
        if arguments.type == "generator_expression":
            args: list[Expr] = [self.comprehension(arguments)]
            named: list[tuple[str, Expr]] = []
        else:
            args, named = [], []
            for child in arguments.named_children:
                if child.type == "keyword_argument":
                    name = text_of(child.child_by_field_name("name"))
                    named.append((name, self.part(child, "value")))
                elif child.type == "comment":
                    continue
                else:
                    args.append(self.expr(child))
        at = function.child_by_field_name("attribute") or function
        point = at.start_point
        of = self.expr(function)
        return Call(of, tuple(args), tuple(named), point.row + 1, point.column)

    def dictionary(self, node: Node) -> Expr:
        entries: list[tuple[str | None, Expr]] = []
        for child in node.named_children:
            if child.type == "pair":
                key = self.part(child, "key")
                known = key.value if isinstance(key, Const) else None
                value = self.part(child, "value")
                entries.append((known if isinstance(known, str) else None, value))
            elif child.type == "dictionary_splat":
                entries.append(("...", self.expr(child.named_children[0])))
        return Table(tuple(entries))

    def comprehension(self, node: Node) -> Expr:
        statements: list[Statement] = []
        is_filtered = False
        for child in node.named_children:
            if child.type == "for_in_clause":
                self.bind(child, statements)
            elif child.type == "if_clause":
                is_filtered = True
                for part in child.named_children:
                    statements.append(Do(self.expr(part)))
        body = self.part(node, "body")
        return Block(tuple(statements), Items((body,)), is_filtered)
