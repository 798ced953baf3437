"""Turns statements of TypeScript and JavaScript into the form of syntax.py."""

from tree_sitter import Node

from loaders.advisor.languages import script_compiled
from loaders.advisor.languages.frontend import DEEPEST, caught, flags_of, text_of
from loaders.advisor.languages.parsers import PARSERS
from loaders.advisor.languages.script_expressions import ScriptExpressions
from loaders.advisor.languages.script_objects import FUNCTIONS, Shape, wrapped_module
from loaders.advisor.languages.script_storage import stored
from loaders.advisor.languages.syntax import (
    Assign,
    Branch,
    ClassDef,
    Const,
    Define,
    Do,
    Each,
    Export,
    Expr,
    FunctionDef,
    Import,
    Module,
    Name,
    Opaque,
    Return,
    Statement,
    Table,
)


def read_script(path: str, source: bytes, language: str) -> Module:
    """Return a module of TypeScript or JavaScript; what could not be parsed is listed by line."""
    tree = PARSERS[language].parse(source)
    return _Script(path).module(tree.root_node, "script", source)


class _Script(ScriptExpressions):
    def block(self, node: Node | None) -> tuple[Statement, ...]:
        found: list[Statement] = []
        if node is None:
            return ()
        if node.type in ("statement_block", "program", "switch_case", "switch_default", "ERROR"):
            # A function may be used above its line.
            children = node.named_children
            self.shapes.look(children)
            for child in children:
                if child.type in ("function_declaration", "generator_function_declaration"):
                    self.statement(child, found)
            for child in children:
                if child.type not in ("function_declaration", "generator_function_declaration"):
                    self.statement(child, found)
        else:
            self.statement(node, found)
        return tuple(found)

    def statement(self, node: Node, out: list[Statement]) -> None:
        if self.depth > DEEPEST or node.id in self.shapes.consumed:
            return
        self.depth += 1
        match node.type:
            case "expression_statement":
                for child in node.named_children:
                    body = wrapped_module(child) if self.depth == 1 else None
                    if child.type == "internal_module":
                        self.namespace(child, out)
                    elif body is not None:
                        out.extend(
                            each for each in self.block(body) if not isinstance(each, Return)
                        )
                    else:
                        self.expression_statement(child, out)
            case "lexical_declaration" | "variable_declaration":
                for child in node.named_children:
                    if child.type == "variable_declarator":
                        self.declare(child, out)
            case "function_declaration" | "generator_function_declaration":
                if (shape := self.shapes.known.get(node.id)) is not None:
                    name = text_of(node.child_by_field_name("name"))
                    out.append(Define(self.constructor_class(node, shape, name)))
                else:
                    out.append(Define(self.function(node)))
            case "class_declaration" | "abstract_class_declaration":
                out.append(Define(self.class_definition(node)))
            case "interface_declaration" | "type_alias_declaration":
                if (found := self.interface(node)) is not None:
                    out.append(Define(found))
            case "enum_declaration":
                self.enumeration(node, out)
            case "import_statement":
                self.import_statement(node, out)
            case "export_statement":
                self.export_statement(node, out)
            case "return_statement":
                value = node.named_children
                out.append(Return(self.expr(value[0]) if value else Const(None)))
            case "throw_statement":
                out.extend(Do(self.expr(child)) for child in node.named_children)
                out.append(Return(Const(None)))
            case "if_statement":
                out.append(Do(self.part(node, "condition")))
                other = node.child_by_field_name("alternative")
                inner = (
                    other.named_children[0] if other is not None and other.named_children else None
                )
                first = self.block(node.child_by_field_name("consequence"))
                flags = flags_of(node.child_by_field_name("condition"))
                out.append(Branch((first, self.block(inner)), flags))
            case "for_in_statement":
                target, right = self.part(node, "left"), self.part(node, "right")
                out.append(Assign(target, Each(right), node.start_point.row + 1))
                inside = self.block(node.child_by_field_name("body"))
                out.append(Branch((inside, ()), is_loop=True))
            case "for_statement" | "while_statement" | "do_statement":
                for name in ("initializer", "condition", "increment"):
                    part = node.child_by_field_name(name)
                    if part is not None:
                        self.statement(part, out)
                inside = self.block(node.child_by_field_name("body"))
                out.append(Branch((inside, ()), is_loop=True))
            case "try_statement":
                handler = node.child_by_field_name("handler")
                final = node.child_by_field_name("finalizer")
                parts = [each and each.child_by_field_name("body") for each in (handler, final)]
                handlers = (self.block(parts[0]),) if handler is not None else ()
                tried = self.block(node.child_by_field_name("body"))
                out.extend(caught(tried, handlers, self.block(parts[1])))
            case "switch_statement":
                out.append(Do(self.part(node, "value")))
                body = node.child_by_field_name("body")
                cases = body.named_children if body is not None else []
                out.append(Branch((*(self.block(case) for case in cases), ())))
            case "statement_block" | "ERROR" | "labeled_statement" | "else_clause":
                for child in node.named_children:
                    self.statement(child, out)
            case "comment" | "break_statement" | "continue_statement" | "empty_statement":
                pass
            case "internal_module" | "module" | "ambient_declaration":
                self.namespace(node, out)
            case _:
                out.append(Do(self.expr(node)))
        self.depth -= 1

    def expression_statement(self, node: Node, out: list[Statement]) -> None:
        line = node.start_point.row + 1
        if node.id in self.shapes.consumed:
            return
        if node.type == "assignment_expression":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is None or right is None:
                return
            said = self.without_alias(text_of(left))
            value = self.chained(right, out)
            if said == "module.exports":
                out.append(Assign(Name("module.exports"), value, line))
                out.append(Export("=", Name("module.exports")))
            elif said.startswith(("exports.", "module.exports.")):
                name = said.rpartition(".")[2]
                out.append(Assign(Name(f"exports.{name}"), value, line, is_again=True))
                out.append(Export(name, Name(f"exports.{name}")))
            elif written := stored(left, "setItem", self.expr, value):
                out.append(Do(written))
            else:
                out.append(Assign(self.expr(left), value, line, is_again=True))
        elif (source := script_compiled.all_of(node)) is not None:
            out.append(Import(source, "*", "", line))
        elif (exported := script_compiled.one_of(node)) is not None:
            out.append(Export(exported[0], self.expr(exported[1])))
        elif node.type == "sequence_expression":
            for child in node.named_children:
                self.expression_statement(child, out)
        else:
            out.append(Do(self.expr(node)))

    def without_alias(self, said: str) -> str:
        """Return what is assigned to where a variable stands for module.exports."""
        owner, dot, name = said.partition(".")
        is_alias = bool(dot) and "." not in name and owner in self.export_aliases
        return f"exports.{name}" if is_alias else said

    def chained(self, node: Node, out: list[Statement]) -> Expr:
        """Return a value; of a chain of assignments, what the inner one assigned to is worth."""
        if node.type != "assignment_expression":
            return self.expr(node)
        self.expression_statement(node, out)
        left = node.child_by_field_name("left")
        said = text_of(left)
        if said == "module.exports" or said.startswith(("exports.", "module.exports.")):
            return Name(said.removeprefix("module.") if said != "module.exports" else said)
        return self.expr(left) if left is not None else Opaque()

    def declare(self, node: Node, out: list[Statement]) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        annotation = node.child_by_field_name("type")
        says = text_of(annotation).lstrip(": ") if annotation is not None else ""
        if text_of(value) in ("exports", "module.exports"):
            self.export_aliases.add(text_of(name))
        line = node.start_point.row + 1
        if value is not None and value.type in FUNCTIONS and name.type == "identifier":
            if (shape := self.shapes.known.get(value.id)) is not None:
                out.append(Define(self.constructor_class(value, shape, text_of(name))))
            else:
                out.append(Define(self.function(value, text_of(name))))
        elif value is not None:
            out.append(Assign(self.expr(name), self.chained(value, out), line, says))
        else:
            out.append(Assign(self.expr(name), Opaque(), line, says))

    def enumeration(self, node: Node, out: list[Statement]) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        entries: list[tuple[str | None, Expr]] = []
        for child in body.named_children if body is not None else ():
            if child.type == "enum_assignment":
                entries.append(
                    (text_of(child.child_by_field_name("name")), self.part(child, "value"))
                )
        out.append(Assign(Name(text_of(name)), Table(tuple(entries)), node.start_point.row + 1))

    def namespace(self, node: Node, out: list[Statement]) -> None:
        """Add what a namespace holds, and the object by which others name it."""
        inner, name = self.block(node.child_by_field_name("body")), node.child_by_field_name("name")
        said = text_of(name)
        # What belongs to a class or function of the same name is added to that.
        is_own = said in self.namespaces or all(_declared(each) != said for each in out)
        out.extend(inner)
        if name is not None and name.type == "identifier" and is_own:
            entries = self.namespaces.setdefault(said, {})
            entries.update({known: Name(known) for each in inner if (known := _declared(each))})
            line = node.start_point.row + 1
            out.append(Assign(Name(said), Table(tuple(entries.items())), line))

    def import_statement(self, node: Node, out: list[Statement]) -> None:
        source = self.source(node)
        line = node.start_point.row + 1
        if source is None:
            return
        for clause in node.named_children:
            if clause.type != "import_clause":
                continue
            for child in clause.named_children:
                if child.type == "identifier":
                    out.append(Import(source, "default", text_of(child), line))
                elif child.type == "namespace_import":
                    out.append(Import(source, None, text_of(child.named_children[0]), line))
                elif child.type == "named_imports":
                    for each in child.named_children:
                        name = text_of(each.child_by_field_name("name"))
                        alias = text_of(each.child_by_field_name("alias")) or name
                        out.append(Import(source, name, alias, line))

    def source(self, node: Node) -> str | None:
        found = node.child_by_field_name("source")
        return text_of(found).strip("'\"`") if found is not None else None

    def export_statement(self, node: Node, out: list[Statement]) -> None:
        source = self.source(node)
        line = node.start_point.row + 1
        is_default = any(child.type == "default" for child in node.children)
        declaration = node.child_by_field_name("declaration")
        if declaration is not None:
            before = len(out)
            self.statement(declaration, out)
            for statement in out[before:]:
                name = _declared(statement)
                if name:
                    out.append(Export("default" if is_default else name, Name(name)))
            return
        value = node.child_by_field_name("value")
        if value is not None:
            out.append(Export("default", self.expr(value)))
            return
        clauses = [child for child in node.named_children if child.type == "export_clause"]
        for clause in clauses:
            for each in clause.named_children:
                if each.type != "export_specifier":
                    continue
                name = text_of(each.child_by_field_name("name"))
                alias = text_of(each.child_by_field_name("alias")) or name
                if source is not None:
                    out.append(Import(source, name, f"export {alias}", line))
                    name = f"export {alias}"
                out.append(Export(alias, Name(name)))
        if source is not None and not clauses:
            inner = [child for child in node.named_children if child.type == "namespace_export"]
            if inner:
                name = text_of(inner[0].named_children[0])
                out.append(Import(source, None, name, line))
                out.append(Export(name, Name(name)))
            else:
                out.append(Import(source, "*", "", line))

    def class_definition(self, node: Node, name: str = "") -> ClassDef:
        heritage = next((c for c in node.named_children if c.type == "class_heritage"), None)
        return self.define_class(
            name or text_of(node.child_by_field_name("name")),
            node,
            lambda: self.bases(heritage),
            lambda: (
                *self.class_body(node.child_by_field_name("body")),
                *self.added(self.shapes.known.get(node.id, Shape())),
            ),
        )

    def bases(self, heritage: Node | None) -> tuple[Expr, ...]:
        found: list[Expr] = []
        for child in heritage.named_children if heritage is not None else ():
            if child.type == "extends_clause":
                found.append(self.part(child, "value"))
            elif child.type != "implements_clause":
                found.append(self.expr(child))
        return tuple(found)

    def class_body(self, body: Node | None) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for child in body.named_children if body is not None else ():
            name = text_of(
                child.child_by_field_name("name") or child.child_by_field_name("property")
            )
            words = {each.type for each in child.children}
            decorators = tuple(
                label
                for word, label in (("get", "get"), ("static", "staticmethod"))
                if word in words
            )
            if child.type == "method_definition":
                found.append(Define(self.method(child, name, decorators)))
            elif child.type in ("public_field_definition", "field_definition"):
                value = child.child_by_field_name("value")
                if value is not None and value.type in FUNCTIONS:
                    found.append(Define(self.method(value, name, decorators)))
                elif value is not None:
                    found.append(Assign(Name(name), self.expr(value), child.start_point.row + 1))
                else:
                    annotation = text_of(child.child_by_field_name("type")).lstrip(": ")
                    found.append(
                        Assign(Name(name), Opaque(), child.start_point.row + 1, annotation)
                    )
        return tuple(found)

    def method(self, node: Node, name: str, decorators: tuple[str, ...]) -> FunctionDef:
        return self.function(node, name, decorators, is_method=True)

    def interface(self, node: Node) -> ClassDef | None:
        body = node.child_by_field_name("body") or node.child_by_field_name("value")
        if body is None or body.type not in ("interface_body", "object_type"):
            return None
        fields = tuple(
            Assign(
                Name(text_of(child.child_by_field_name("name"))),
                Opaque(),
                child.start_point.row + 1,
                text_of(child.child_by_field_name("type")).lstrip(": ")
                + ("?" if any(each.type == "?" for each in child.children) else ""),
            )
            for child in body.named_children
            if child.type == "property_signature"
        )
        name = text_of(node.child_by_field_name("name"))
        heritage = next((c for c in node.named_children if c.type == "extends_type_clause"), None)
        bases = tuple(
            Name(text_of(child))
            for child in (heritage.named_children if heritage is not None else ())
            if child.type == "type_identifier"
        )
        return self.define_class(name, node, lambda: bases, lambda: fields)


def _declared(statement: Statement) -> str:
    if isinstance(statement, Define):
        return statement.what.name
    if isinstance(statement, Assign) and isinstance(statement.target, Name):
        return statement.target.id
    return ""
