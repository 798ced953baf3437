"""Turns expressions of TypeScript and JavaScript into the form of syntax.py."""

import re
from abc import abstractmethod
from collections.abc import Iterable

from tree_sitter import Node

from loaders.advisor.languages import script_compiled
from loaders.advisor.languages.frontend import Builder, expires, text_of
from loaders.advisor.languages.script_objects import FUNCTIONS, Shape, Shapes, is_getter, is_method
from loaders.advisor.languages.script_storage import stored
from loaders.advisor.languages.syntax import (
    Assign,
    Attr,
    Block,
    Call,
    ClassDef,
    Closure,
    Const,
    Define,
    Do,
    Either,
    Expr,
    FunctionDef,
    Index,
    Items,
    Joined,
    Name,
    Opaque,
    Parameter,
    Return,
    Spread,
    Statement,
    Table,
)

_AROUND_NAMES = ("non_null_expression", "parenthesized_expression", "sequence_expression")
_PLAIN = (
    "identifier", "member_expression", "this", "string", "number", "true", "false", "null",
    "undefined",
)  # fmt: skip
_ESCAPE = re.compile(r"\\(.)")


class ScriptExpressions(Builder):
    """The part of the front end that reads expressions, patterns and functions."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.shapes = Shapes()
        self.export_aliases: set[str] = set()
        self.namespaces: dict[str, dict[str | None, Expr]] = {}

    def build(self, node: Node) -> Expr:
        match node.type:
            case "identifier" | "shorthand_property_identifier" | "property_identifier":
                return Name(text_of(node))
            case "this":
                return Name("this")
            case "meta_property":
                return Name("import.meta")
            case "super":
                return Name("super")
            case "string":
                return Const(_ESCAPE.sub(r"\1", text_of(node)[1:-1]))
            case "template_string":
                return self.template(node)
            case "number":
                return Const(text_of(node))
            case "true" | "false":
                return Const(node.type == "true")
            case "null" | "undefined":
                return Const(None)
            case "member_expression" | "subscript_expression" if found := stored(
                node, "getItem", self.expr
            ):
                return found
            case "member_expression":
                return Attr(
                    self.part(node, "object"), text_of(node.child_by_field_name("property"))
                )
            case "subscript_expression":
                return Index(self.part(node, "object"), self.part(node, "index"))
            case "call_expression" | "new_expression":
                return self.call(node)
            case "binary_expression":
                return self.operation(node)
            case "ternary_expression":
                options = (self.part(node, "consequence"), self.part(node, "alternative"))
                return Block((Do(self.part(node, "condition")),), Either(options))
            case "await_expression" | "non_null_expression" | "as_expression" | "yield_expression":
                return self.first(node)
            case "sequence_expression" if node.named_children:
                *before, last = node.named_children
                return Block(tuple(Do(self.expr(each)) for each in before), self.expr(last))
            case "satisfies_expression" | "parenthesized_expression" | "type_assertion":
                return self.first(node)
            case "unary_expression" if text_of(node).startswith("delete") and (
                found := stored(node.named_children[-1], "removeItem", self.expr)
            ):
                return found
            case "assignment_expression":
                return self.assignment(node)
            case "augmented_assignment_expression":
                target, value = self.part(node, "left"), self.part(node, "right")
                line = node.start_point.row + 1
                joined = Joined((target, value))
                left = node.child_by_field_name("left")
                if left is not None and (found := stored(left, "setItem", self.expr, joined)):
                    return found
                is_sum = text_of(node.child_by_field_name("operator")) == "+="
                return Block(
                    (Assign(target, joined if is_sum else Opaque((value,)), line),), target
                )
            case "array" | "array_pattern":
                return Items(tuple(self.exprs(node)))
            case "object" if (shape := self.shapes.of_object(node)) is not None:
                return self.singleton(node, shape)
            case "object" | "object_pattern":
                return self.object(node)
            case "spread_element" | "rest_pattern":
                return Spread(self.first(node))
            case "assignment_pattern":
                return Either((self.part(node, "left"), self.part(node, "right")))
            case "comment":
                return Opaque()
            case "type_annotation" | "type_arguments" | "jsx_text":
                return Opaque()
        if (made := self.shapes.known.get(node.id)) is not None and node.type in FUNCTIONS:
            name = text_of(node.child_by_field_name("name")) or "⟨constructor⟩"
            return Block((Define(self.constructor_class(node, made, name)),), Name(name))
        if node.type == "class":
            name = _name_of_class(node)
            return Block((Define(self.class_definition(node, name)),), Name(name))
        if node.type in FUNCTIONS:
            return Closure(
                self.function(node, text_of(node.child_by_field_name("name")) or "lambda")
            )
        return Opaque(tuple(self.exprs(node)))

    @abstractmethod
    def class_definition(self, node: Node, name: str = "") -> ClassDef: ...

    def first(self, node: Node) -> Expr:
        for child in node.named_children:
            if child.type not in ("comment", "type_arguments"):
                return self.expr(child)
        return Opaque()

    def template(self, node: Node) -> Expr:
        parts: list[Expr] = []
        for child in node.named_children:
            if child.type == "string_fragment":
                parts.append(Const(text_of(child)))
            elif child.type == "template_substitution":
                parts.append(self.first(child))
        if not parts:
            return Const("")
        return parts[0] if len(parts) == 1 and isinstance(parts[0], Const) else Joined(tuple(parts))

    def operation(self, node: Node) -> Expr:
        operator = text_of(node.child_by_field_name("operator"))
        if operator == "+":
            return self.joined(node)
        left, right = self.part(node, "left"), self.part(node, "right")
        if operator in ("??", "||"):
            return Either((left, right))
        if operator == "&&":
            return Block((Do(left),), right)
        if operator in ("<", ">", "<=", ">=") and expires(text_of(node)):
            return Opaque((left, right, Name("⟨expires⟩")))
        return Opaque((left, right))

    def assignment(self, node: Node) -> Expr:
        value = self.part(node, "right")
        left = node.child_by_field_name("left")
        if left is not None and (found := stored(left, "setItem", self.expr, value)):
            return Block((Do(found),), value)
        target = self.part(node, "left")
        line = node.start_point.row + 1
        return Block((Assign(target, value, line, is_again=True),), value)

    def call(self, node: Node) -> Expr:
        is_new = node.type == "new_expression"
        function = node.child_by_field_name("constructor" if is_new else "function")
        arguments = node.child_by_field_name("arguments")
        if function is None:
            return Opaque(tuple(self.exprs(node)))
        if text_of(function) == "await" and arguments is not None and arguments.named_children:
            # The parser takes 'await (0, f)(x)' for a call of 'await'.
            return self.expr(arguments.named_children[-1])
        if (given := script_compiled.same(node)) is not None:
            return self.expr(given)
        if (ran := script_compiled.run(node)) is not None:
            point = ran.start_point
            return Call(self.expr(ran), (), (), point.row + 1, point.column)
        args = self.exprs(arguments) if arguments is not None else []
        if (above := self.above(function, args, node)) is not None:
            return above
        at = function
        while at.type in _AROUND_NAMES and at.named_children:
            at = at.named_children[-1]
        point = (at.child_by_field_name("property") or at).start_point
        if args and at.type in FUNCTIONS and at.id != node.id and _are_names(arguments):
            # Called where it stands: its parameters are other names for what it is given.
            name = text_of(at.child_by_field_name("name")) or "lambda"
            inner = self.function(at, name, given=tuple(args))
            return Call(Closure(inner), (), (), point.row + 1, point.column)
        of: Expr = Name("require") if function.type == "import" else self.expr(function)
        return Call(of, tuple(args), (), point.row + 1, point.column, is_new)

    def object(self, node: Node) -> Expr:
        return Table(tuple(self.entries(node.named_children)))

    def entries(self, children: Iterable[Node]) -> list[tuple[str | None, Expr]]:
        entries: list[tuple[str | None, Expr]] = []
        for child in children:
            match child.type:
                case "pair" | "pair_pattern":
                    key = child.child_by_field_name("key")
                    value = child.child_by_field_name("value")
                    name = text_of(key).strip("'\"`") if key is not None else ""
                    is_known = key is not None and key.type != "computed_property_name"
                    if value is not None and value.type in FUNCTIONS:
                        inner: Expr = Closure(self.function(value, name))
                    else:
                        inner = self.expr(value) if value is not None else Opaque()
                    entries.append((name if is_known else None, inner))
                case "shorthand_property_identifier" | "shorthand_property_identifier_pattern":
                    entries.append((text_of(child), Name(text_of(child))))
                case "object_assignment_pattern":
                    left = text_of(child.child_by_field_name("left"))
                    entries.append((left, Either((Name(left), self.part(child, "right")))))
                case "method_definition":
                    name = text_of(child.child_by_field_name("name"))
                    entries.append((name, Closure(self.function(child, name))))
                case "spread_element" | "rest_pattern":
                    entries.append(("...", self.first(child)))
        return entries

    def above(self, function: Node, args: list[Expr], node: Node) -> Call | None:
        """Return Base.call(this) and Base.prototype.name.call(this) as calls of the class above."""
        if function.type != "member_expression" or args[:1] != [Name("this")]:
            return None
        how = text_of(function.child_by_field_name("property"))
        base, _, name = text_of(function.child_by_field_name("object")).partition(".prototype.")
        if how not in ("call", "apply") or base not in self.bases_here[-1]:
            return None
        of: Expr = Attr(Name("super"), name) if name else Name("super")
        point = node.start_point
        return Call(of, tuple(args[1:]), (), point.row + 1, point.column)

    def constructor_class(self, node: Node, shape: Shape, name: str) -> ClassDef:
        """Return the class that a function with a prototype is."""
        return self.define_class(
            name,
            node,
            lambda: tuple(self.expr(base) for base in shape.bases),
            lambda: (
                Define(self.function(node, "constructor", is_method=True)),
                *self.added(shape),
            ),
            base_names=frozenset(text_of(base) for base in shape.bases),
        )

    def added(self, shape: Shape) -> tuple[Statement, ...]:
        return tuple(
            Define(
                self.function(
                    method,
                    name,
                    ("get",) * is_getter(method) + ("staticmethod",) * is_static,
                    is_method=True,
                )
            )
            for name, method, is_static in shape.methods
        )

    def singleton(self, node: Node, shape: Shape) -> Expr:
        """Return an object literal whose functions use 'this' as the one object of a class."""
        name = f"⟨object {node.start_point.row + 1}:{node.start_point.column}⟩"
        borrowed = {key for key, *_ in shape.methods}
        own = [child for child in node.named_children if is_method(child)]
        rest = [child for child in node.named_children if child not in own]
        methods = [
            (text_of(child.child_by_field_name("name") or child.child_by_field_name("key")), child)
            for child in own
        ]
        shape = Shape(
            [
                (key.strip("'\"`"), child.child_by_field_name("value") or child, False)
                for key, child in methods
            ]
            + shape.methods
        )

        def attributes() -> tuple[Statement, ...]:
            table = self.entries(rest)
            line = node.start_point.row + 1
            return tuple(
                Assign(Attr(Name("this"), key), value, line)
                for key, value in table
                if key is not None and key not in borrowed and key != "..."
            )

        def body() -> tuple[Statement, ...]:
            this = (Parameter("this"),)
            first = self.define("constructor", node, lambda: this, attributes)
            return (Define(first), *self.added(shape))

        found = self.define_class(name, node, lambda: (), body, is_single=True)
        point = node.start_point
        return Block((Define(found),), Call(Name(name), (), (), point.row + 1, point.column, True))

    def function(
        self,
        node: Node,
        name: str = "",
        decorators: tuple[str, ...] = (),
        *,
        is_method: bool = False,
        given: tuple[Expr, ...] = (),
    ) -> FunctionDef:
        patterns: list[Statement] = []
        body = node.child_by_field_name("body")

        def parameters() -> tuple[Parameter, ...]:
            own = (Parameter("this"),) if is_method else ()
            found = self.parameters(node, patterns)
            for parameter, value in zip(found, given, strict=False):
                if value != Name(parameter.name):
                    line = node.start_point.row + 1
                    patterns.insert(0, Assign(Name(parameter.name), value, line))
            return (*own, *found[len(given) :])

        def statements() -> tuple[Statement, ...]:
            if body is None:
                return tuple(patterns)
            if body.type != "statement_block":
                return (*patterns, Return(self.expr(body)))
            return (*patterns, *self.block(body))

        named = name or text_of(node.child_by_field_name("name")) or "lambda"
        returns = text_of(node.child_by_field_name("return_type")).lstrip(": ")
        return self.define(named, node, parameters, statements, decorators, returns)

    def parameters(self, node: Node, patterns: list[Statement]) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        single = node.child_by_field_name("parameter")
        listed = node.child_by_field_name("parameters")
        children = [single] if single is not None else listed.named_children if listed else []
        for child in children:
            if child.type == "comment":
                continue
            pattern = child.child_by_field_name("pattern") or child
            value = child.child_by_field_name("value")
            annotation = text_of(child.child_by_field_name("type")).lstrip(": ")
            if pattern.type == "assignment_pattern":
                value = pattern.child_by_field_name("right")
                pattern = pattern.child_by_field_name("left") or pattern
            default = self.expr(value) if value is not None else None
            name = text_of(pattern)
            if pattern.type == "rest_pattern":
                found.append(Parameter(name.lstrip("."), None, annotation, True))
                continue
            if pattern.type not in ("identifier", "this"):
                name = f"parameter {len(found)}"
                line = child.start_point.row + 1
                patterns.append(Assign(self.expr(pattern), Name(name), line))
            elif any(
                each.type in ("accessibility_modifier", "readonly") for each in child.children
            ):
                this = Attr(Name("this"), name)
                patterns.append(Assign(this, Name(name), child.start_point.row + 1))
            found.append(Parameter(name, default, annotation))
        return tuple(found)


def _are_names(arguments: Node | None) -> bool:
    """Say whether all that a call passes are names, or written down: jQuery, window.App, "key"."""
    given = arguments.named_children if arguments is not None else []
    return all(child.type in _PLAIN for child in given)


def _name_of_class(node: Node) -> str:
    """Return the name of a class that stands as a value, or of what it is assigned to."""
    if name := text_of(node.child_by_field_name("name")):
        return name
    above = node.parent
    for field in ("left", "name", "key") if above is not None else ():
        given = above.child_by_field_name(field) if above is not None else None
        last = text_of(given).rpartition(".")[2].strip("'\"`")
        if last.isidentifier() and last != "exports":
            return last
    return f"⟨class {node.start_point.row + 1}:{node.start_point.column}⟩"
