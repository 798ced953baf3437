"""Turns Python into the form of syntax.py."""

import tree_sitter_python
from tree_sitter import Language, Node, Parser

from loaders.advisor.frontend import DEEPEST, Builder, expires, text_of
from loaders.advisor.syntax import (
    Assign,
    Attr,
    Block,
    Branch,
    Call,
    ClassDef,
    Closure,
    Const,
    Define,
    Do,
    Each,
    Either,
    Expr,
    FunctionDef,
    Import,
    Index,
    Items,
    Joined,
    Module,
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

_PARSER = Parser(Language(tree_sitter_python.language()))
_LITERALS = {"true": True, "false": False, "none": None}
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\", "\\'": "'", '\\"': '"', "\\/": "/"}


def read_python(path: str, source: bytes) -> Module:
    """Return a module of Python; what could not be parsed is listed by line."""
    tree = _PARSER.parse(source)
    return _Python(path).module(tree.root_node, "python", source)


class _Python(Builder):
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
                out.append(Branch((self.body(node), self.field_block(node, "alternative"))))
            case "while_statement":
                self.do(node.child_by_field_name("condition"), out)
                out.append(Branch((self.body(node), ())))
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
                self.do(node.child_by_field_name("subject"), out)
                cases = node.child_by_field_name("body")
                blocks = [
                    self.field_block(case, "consequence")
                    for case in (cases.named_children if cases is not None else ())
                ]
                out.append(Branch((*blocks, ())))
            case "comment":
                self.comment(node)
            case "ERROR":
                out.extend(self.block(node))
            case "block":
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
            if value is None:
                out.append(Assign(self.expr(target), Opaque(), line, says))
            elif value.type == "assignment":
                self.expression_statement(value, out)
                inner = value.child_by_field_name("left")
                if inner is not None:
                    out.append(Assign(self.expr(target), self.expr(inner), line))
            else:
                out.append(Assign(self.expr(target), self.expr(value), line, says))
        elif node.type == "augmented_assignment":
            target = self.part(node, "left")
            value_expr = self.part(node, "right")
            sign = node.child_by_field_name("operator")
            operator = text_of(sign) if sign is not None else ""
            if operator == "/=":
                out.append(Assign(target, Slash(target, value_expr), line))
            elif operator == "+=":
                out.append(Assign(target, Joined((target, value_expr)), line))
            else:
                out.append(Do(value_expr))
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
        out.append(Branch(tuple(blocks) if has_else else (*blocks, ())))

    def try_statement(self, node: Node, out: list[Statement]) -> None:
        out.extend(self.body(node))
        for clause in node.named_children:
            if clause.type == "else_clause":
                out.extend(self.body(clause))
        handlers = tuple(
            self.block(part)
            for clause in node.named_children
            if clause.type in ("except_clause", "except_group_clause")
            for part in clause.named_children
            if part.type == "block"
        )
        if handlers:
            out.append(Branch((*handlers, ())))
        for clause in node.named_children:
            if clause.type == "finally_clause":
                for part in clause.named_children:
                    out.extend(self.block(part))

    def with_statement(self, node: Node, out: list[Statement]) -> None:
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
                out.append(Assign(Name("with"), self.expr(entered), line))
                out.append(Assign(target, Name("with"), line))
        out.extend(self.body(node))

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
            lambda: self.body(node),
            decorators,
            text_of(returns) if returns is not None else "",
        )

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
        return self.define_class(
            text_of(name) if name is not None else "",
            node,
            lambda: tuple(
                self.expr(base)
                for base in (bases.named_children if bases is not None else ())
                if base.type != "keyword_argument"
            ),
            lambda: self.body(node),
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
                self.comment(node)
                return Opaque()
        return Opaque(tuple(self.exprs(node)))

    def operation(self, node: Node) -> Expr:
        operator = text_of(node.child_by_field_name("operator"))
        if operator == "+":
            return Joined(tuple(self.chain(node, "+")))
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
                parts.append(Const(said.replace("{{", "{").replace("}}", "}") if "f" in opening else said))
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
                    self.comment(child)
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
