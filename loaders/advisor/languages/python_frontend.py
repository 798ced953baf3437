"""Turns Python into the form of syntax.py."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tree_sitter import Node

from loaders.advisor.languages.frontend import DEEPEST, caught, flags_of, text_of
from loaders.advisor.languages.parsers import PARSERS
from loaders.advisor.languages.python_expressions import PythonExpressions
from loaders.advisor.languages.syntax import (
    Assign,
    Branch,
    ClassDef,
    Const,
    Define,
    Do,
    Each,
    Expr,
    FunctionDef,
    Import,
    Joined,
    Managed,
    Module,
    Name,
    Opaque,
    Parameter,
    Return,
    Slash,
    Statement,
)


def read_python(path: str, source: bytes) -> Module:
    """Return a module of Python; what could not be parsed is listed by line."""
    tree = PARSERS["python"].parse(source)
    return _Python(path).module(tree.root_node, "python", source)


class _Python(PythonExpressions):
    # Names that the function which is read declares as those of its module, or one around it.
    outside: frozenset[str] = frozenset()

    def block(self, node: Node | None) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for child in node.named_children if node is not None else ():
            self.statement(child, found)
        return tuple(found)

    def statement(self, node: Node, out: list[Statement]) -> None:
        kind = node.type
        if self.depth > DEEPEST:
            return
        self.depth += 1
        match kind:
            case "expression_statement":
                for child in node.named_children:
                    self.expression_statement(child, out)
            case "return_statement":
                value = node.named_children
                out.append(Return(self.expr(value[0])) if value else Return(Const(None)))
            case "raise_statement":
                out.extend(Do(self.expr(child)) for child in node.named_children)
                out.append(Return(Const(None)))
            case "if_statement":
                self.if_statement(node, out)
            case "for_statement":
                self.bind(node, out)
                out.append(
                    Branch((self.body(node), self.field_block(node, "alternative")), is_loop=True)
                )
            case "while_statement":
                self.do(node.child_by_field_name("condition"), out)
                out.append(Branch((self.body(node), ()), is_loop=True))
            case "try_statement":
                self.try_statement(node, out)
            case "with_statement":
                self.with_statement(node, out)
            case "function_definition":
                out.append(Define(self.function(node)))
            case "class_definition":
                out.append(Define(self.class_definition(node)))
            case "decorated_definition":
                self.decorated(node, out)
            case "import_statement" | "import_from_statement":
                self.import_statement(node, out)
            case "match_statement":
                self.match_statement(node, out)
            case "comment":
                pass
            case "ERROR" | "block":
                out.extend(self.block(node))
            case _:
                for child in node.named_children:
                    self.do(child, out)
        self.depth -= 1

    def do(self, node: Node | None, out: list[Statement]) -> None:
        if node is not None and node.type not in ("comment", "identifier"):
            out.append(Do(self.expr(node)))

    def body(self, node: Node) -> tuple[Statement, ...]:
        return self.field_block(node, "body")

    def field_block(self, node: Node, name: str) -> tuple[Statement, ...]:
        part = node.child_by_field_name(name)
        if part is not None and part.type == "else_clause":
            part = part.child_by_field_name("body")
        return self.block(part)

    def expression_statement(self, node: Node, out: list[Statement]) -> None:
        line = node.start_point.row + 1
        if node.type == "assignment":
            target = node.child_by_field_name("left")
            value = node.child_by_field_name("right")
            annotation = node.child_by_field_name("type")
            if target is None:
                return
            says = text_of(annotation) if annotation is not None else ""
            if value is None and target.type == "attribute":
                return
            if value is None:
                out.append(Assign(self.expr(target), Opaque(), line, says))
            elif value.type == "assignment":
                self.expression_statement(value, out)
                inner = value.child_by_field_name("left")
                if inner is not None:
                    out.append(Assign(self.expr(target), self.expr(inner), line))
            else:
                is_again = text_of(target) in self.outside
                out.append(Assign(self.expr(target), self.expr(value), line, says, is_again))
        elif node.type == "augmented_assignment":
            into = self.part(node, "left")
            value_expr = self.part(node, "right")
            sign = node.child_by_field_name("operator")
            operator = text_of(sign) if sign is not None else ""
            if operator == "/=":
                out.append(Assign(into, Slash(into, value_expr), line))
            elif operator == "+=":
                out.append(Assign(into, Joined((into, value_expr)), line))
            else:
                out.append(Do(value_expr))
        elif node.type == "yield" and node.named_children:
            value_expr = self.expr(node.named_children[0])
            is_one = text_of(node.children[1]) != "from"
            out.append(Return(value_expr if is_one else Each(value_expr), is_item=True))
        elif node.type != "string":
            out.append(Do(self.expr(node)))

    def if_statement(self, node: Node, out: list[Statement]) -> None:
        self.do(node.child_by_field_name("condition"), out)
        blocks = [self.field_block(node, "consequence")]
        has_else = False
        for clause in node.children_by_field_name("alternative"):
            if clause.type == "elif_clause":
                self.do(clause.child_by_field_name("condition"), out)
                blocks.append(self.field_block(clause, "consequence"))
            else:
                has_else = True
                blocks.append(self.body(clause))
        flags = flags_of(node.child_by_field_name("condition"))
        out.append(Branch(tuple(blocks) if has_else else (*blocks, ()), flags))

    def match_statement(self, node: Node, out: list[Statement]) -> None:
        self.do(node.child_by_field_name("subject"), out)
        subject = self.part(node, "subject")
        cases = node.child_by_field_name("body")
        blocks: list[tuple[Statement, ...]] = []
        for case in cases.named_children if cases is not None else ():
            block: list[Statement] = [
                Assign(Name(name), subject, case.start_point.row + 1) for name in _captured(case)
            ]
            self.do(case.child_by_field_name("guard"), block)
            blocks.append((*block, *self.field_block(case, "consequence")))
        out.append(Branch((*blocks, ())))

    def try_statement(self, node: Node, out: list[Statement]) -> None:
        tried = list(self.body(node))
        for clause in node.named_children:
            if clause.type == "else_clause":
                tried.extend(self.body(clause))
        handlers = tuple(
            self.block(part)
            for clause in node.named_children
            if clause.type in ("except_clause", "except_group_clause")
            for part in clause.named_children
            if part.type == "block"
        )
        final = [
            statement
            for clause in node.named_children
            if clause.type == "finally_clause"
            for part in clause.named_children
            for statement in self.block(part)
        ]
        out.extend(caught(tried, handlers, final))

    def with_statement(self, node: Node, out: list[Statement]) -> None:
        left: list[Statement] = []
        for clause in node.named_children:
            for item in clause.named_children if clause.type == "with_clause" else ():
                value = item.child_by_field_name("value")
                if value is None:
                    continue
                line = item.start_point.row + 1
                entered = value
                target: Expr = Opaque()
                if value.type == "as_pattern":
                    alias = value.child_by_field_name("alias")
                    entered = value.named_children[0]
                    if alias is not None and alias.named_children:
                        target = self.expr(alias.named_children[0])
                column = entered.start_point.column
                manager = Name(f"with {line}:{column}")
                out.append(Assign(manager, self.expr(entered), line))
                out.append(Assign(target, Managed(manager, line, column), line))
                left.append(Do(Managed(manager, line, column, is_left=True)))
        out.extend(caught(self.body(node), (), left[::-1]))

    def bind(self, node: Node, out: list[Statement]) -> None:
        out.append(
            Assign(
                self.part(node, "left"),
                Each(self.part(node, "right")),
                node.start_point.row + 1,
            )
        )

    def decorated(self, node: Node, out: list[Statement]) -> None:
        definition = node.child_by_field_name("definition")
        decorators = tuple(
            text_of(child).lstrip("@").strip()
            for child in node.named_children
            if child.type == "decorator"
        )
        if definition is None:
            return
        if definition.type == "class_definition":
            out.append(Define(self.class_definition(definition)))
        else:
            out.append(Define(self.function(definition, decorators)))

    def function(self, node: Node, decorators: tuple[str, ...] = ()) -> FunctionDef:
        name = node.child_by_field_name("name")
        returns = node.child_by_field_name("return_type")
        return self.define(
            text_of(name) if name is not None else "lambda",
            node,
            lambda: self.parameters(node.child_by_field_name("parameters")),
            lambda: self.function_body(node),
            decorators,
            text_of(returns) if returns is not None else "",
        )

    def function_body(self, node: Node) -> tuple[Statement, ...]:
        around = self.outside
        self.outside = frozenset(_outside(node.child_by_field_name("body")))
        found = self.body(node)
        self.outside = around
        return found

    def parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for child in node.named_children if node is not None else ():
            annotation = child.child_by_field_name("type")
            says = text_of(annotation) if annotation is not None else ""
            if child.type == "identifier":
                found.append(Parameter(text_of(child)))
            elif child.type in ("default_parameter", "typed_default_parameter"):
                name = child.child_by_field_name("name")
                if name is not None:
                    found.append(Parameter(text_of(name), self.part(child, "value"), says))
            elif child.type == "typed_parameter" and child.named_children:
                inner = child.named_children[0]
                is_rest = inner.type != "identifier"
                found.append(Parameter(text_of(inner).lstrip("*"), None, says, is_rest))
            elif child.type in ("list_splat_pattern", "dictionary_splat_pattern"):
                found.append(Parameter(text_of(child).lstrip("*"), None, says, True))
        return tuple(found)

    def class_definition(self, node: Node) -> ClassDef:
        name = node.child_by_field_name("name")
        bases = node.child_by_field_name("superclasses")
        is_partial = re.search(r"\btotal\s*=\s*False\b", text_of(bases)) is not None
        return self.define_class(
            text_of(name) if name is not None else "",
            node,
            lambda: tuple(
                self.expr(base)
                for base in (bases.named_children if bases is not None else ())
                if base.type != "keyword_argument"
            ),
            lambda: tuple(map(_not_required, self.body(node))) if is_partial else self.body(node),
        )

    def import_statement(self, node: Node, out: list[Statement]) -> None:
        line = node.start_point.row + 1
        module = node.child_by_field_name("module_name")
        if module is None:
            for name in node.children_by_field_name("name"):
                if name.type == "aliased_import":
                    target = text_of(name.child_by_field_name("name"))
                    alias = text_of(name.child_by_field_name("alias"))
                    out.append(Import(target, None, alias, line))
                else:
                    out.append(Import(text_of(name), None, "", line))
            return
        where = text_of(module).replace(" ", "")
        for child in node.named_children:
            if child.type == "wildcard_import":
                out.append(Import(where, "*", "", line))
        for name in node.children_by_field_name("name"):
            if name.type == "aliased_import":
                symbol = text_of(name.child_by_field_name("name"))
                alias = text_of(name.child_by_field_name("alias"))
                out.append(Import(where, symbol, alias, line))
            else:
                out.append(Import(where, text_of(name), text_of(name), line))


def _not_required(statement: Statement) -> Statement:
    """Return a field of a TypedDict that need not be there."""
    if isinstance(statement, Assign) and statement.annotation:
        return replace(statement, annotation=f"NotRequired[{statement.annotation}]")
    return statement


def _captured(case: Node) -> Iterator[str]:
    """Yield the names that a pattern gives to all that is matched: case p, case X() as p."""
    for pattern in case.named_children:
        inner = pattern.named_children[0] if pattern.named_children else pattern
        if pattern.type != "case_pattern":
            continue
        if inner.type == "dotted_name" and "." not in text_of(inner):
            yield text_of(inner)
        elif inner.type == "as_pattern":
            yield text_of(inner.named_children[-1])


def _outside(body: Node | None) -> Iterator[str]:
    """Yield the names that a function declares as global or nonlocal."""
    for child in body.named_children if body is not None else ():
        if child.type in ("global_statement", "nonlocal_statement"):
            yield from (text_of(name) for name in child.named_children)
