"""Objects without a class statement: constructors with a prototype, object literals with 'this'."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from loaders.advisor.languages.frontend import text_of

FUNCTIONS = ("arrow_function", "function_expression", "generator_function", "function")
_DECLARATIONS = ("function_declaration", "generator_function_declaration")
_PROTOTYPE = ".prototype"
_INHERITING = ("inherits", "inherit")
_MIXING = ("assign", "extend", "mixin")


@dataclass
class Shape:
    """What statements add to a function, class or object literal that stands in the same block."""

    methods: list[tuple[str, Node, bool]] = field(default_factory=list)
    bases: list[Node] = field(default_factory=list)


class Shapes:
    """Finds such objects, block by block, before their statements are read."""

    def __init__(self) -> None:
        self.known: dict[int, Shape] = {}
        self.consumed: set[int] = set()

    def look(self, children: Sequence[Node]) -> None:
        """Remember what the statements of one block add to which of its objects."""
        scan = _Scan(children)
        for statement in children:
            if statement.type in ("expression_statement", *_VARIABLES):
                for node in _parts(statement):
                    scan.statement(node)
        for name, shape in scan.shapes.items():
            declared = scan.declared[name]
            is_object = declared.type == "object"
            if is_object or any(not is_static for *_, is_static in shape.methods) or shape.bases:
                self.known[declared.id] = shape
                self.consumed |= scan.consumed.get(name, set())

    def of_object(self, node: Node) -> Shape | None:
        """Return what belongs to an object literal, if it is more than a table of values."""
        if (shape := self.known.get(node.id)) is not None:
            return shape
        own = [child for child in node.named_children if is_method(child)]
        is_one = any(_has_this(child) or is_getter(child) for child in own)
        return Shape() if is_one else None


def is_method(node: Node) -> bool:
    """Say whether an entry of an object literal is a function with a 'this' of its own."""
    if node.type == "method_definition":
        return True
    value = node.child_by_field_name("value") if node.type == "pair" else None
    return value is not None and value.type in FUNCTIONS and value.type != "arrow_function"


def is_getter(node: Node) -> bool:
    return node.type == "method_definition" and any(each.type == "get" for each in node.children)


_VARIABLES = ("lexical_declaration", "variable_declaration")


class _Scan:
    """One block: what it declares, and what its statements add to that."""

    def __init__(self, children: Sequence[Node]) -> None:
        self.declared: dict[str, Node] = {}
        self.aliases: dict[str, str] = {}
        self.shapes: dict[str, Shape] = {}
        self.consumed: dict[str, set[int]] = {}
        self.functions: dict[str, Node] = {}
        for child in children:
            inner = child.child_by_field_name("declaration") or child
            if inner.type in (*_DECLARATIONS, "class_declaration"):
                name = text_of(inner.child_by_field_name("name"))
                self.declared[name] = inner
                if inner.type != "class_declaration" and _has_this(inner) and name[:1].islower():
                    self.functions[name] = inner
            for node in _parts(child):
                targets, value = _assigned(node)
                if value is not None and (value.type in FUNCTIONS or value.type == "object"):
                    for target in targets:
                        self.declared.setdefault(text_of(target), value)

    def statement(self, node: Node) -> None:
        if node.type == "call_expression":
            self.call(node)
            return
        targets, value = _assigned(node)
        if value is None:
            return
        if value.type == "object" and any(not text_of(t).endswith(_PROTOTYPE) for t in targets):
            self.borrowed(targets, value)
        said = text_of(value) if value.type == "member_expression" else ""
        for target in targets:
            if target.type == "identifier" and said.endswith(_PROTOTYPE):
                self.aliases[text_of(target)] = said.removesuffix(_PROTOTYPE)
                return
        prototypes = [each for each in targets if text_of(each).endswith(_PROTOTYPE)]
        for target in prototypes:
            owner = text_of(target).removesuffix(_PROTOTYPE)
            for other in targets:
                if other.type == "identifier":
                    self.aliases[text_of(other)] = owner
            self.prototype(owner, value, node)
        if value.type in FUNCTIONS and not prototypes:
            for target in targets:
                self.member(target, value, node)
        elif targets and text_of(targets[0]).endswith(".prototype.__proto__"):
            self.inherit(text_of(targets[0]).removesuffix(".prototype.__proto__"), value, node)

    def member(self, target: Node, value: Node, node: Node) -> None:
        """X.prototype.name = function, or X.name = function."""
        if target.type != "member_expression":
            return
        where = text_of(target.child_by_field_name("object"))
        name = text_of(target.child_by_field_name("property"))
        is_static = False
        if where.endswith(_PROTOTYPE):
            owner = where.removesuffix(_PROTOTYPE)
        elif where in self.aliases:
            owner = self.aliases[where]
        else:
            owner = where
            declared = self.declared.get(where)
            is_static = declared is not None and declared.type != "object"
        if owner in ("exports", "module.exports"):
            return
        self.add(owner, [(name, value, is_static)], node)

    def prototype(self, owner: str, value: Node, node: Node) -> None:
        """X.prototype = { ... }, or what makes an object of another's prototype."""
        if value.type == "object":
            self.add(owner, list(_methods(value)), node)
        elif value.type in ("call_expression", "new_expression"):
            self.inherit(owner, value, node)

    def inherit(self, owner: str, value: Node, node: Node) -> None:
        base = _base(value)
        if base is not None and owner in self.declared:
            self.shapes.setdefault(owner, Shape()).bases.append(base)
            self.consumed.setdefault(owner, set()).add(node.id)

    def call(self, node: Node) -> None:
        """util.inherits(X, Y); Object.assign(X.prototype, { ... })."""
        last = text_of(node.child_by_field_name("function")).rpartition(".")[2]
        arguments = node.child_by_field_name("arguments")
        given = arguments.named_children if arguments is not None else []
        if len(given) < 2:
            return
        first = text_of(given[0])
        if last in _INHERITING:
            self.inherit(first, given[1], node)
        elif last in _MIXING and (first.endswith(_PROTOTYPE) or first in self.aliases):
            owner = self.aliases.get(first, first.removesuffix(_PROTOTYPE))
            for each in given[1:]:
                if each.type == "object":
                    self.add(owner, list(_methods(each)), node)

    def borrowed(self, targets: Iterable[Node], value: Node) -> None:
        """Functions of the block that use 'this', named in an object literal: its methods."""
        for child in value.named_children:
            inner = child.child_by_field_name("value") if child.type == "pair" else child
            is_name = inner is not None and inner.type in (
                "identifier",
                "shorthand_property_identifier",
            )
            function = self.functions.get(text_of(inner)) if is_name else None
            if function is not None:
                key = text_of(child.child_by_field_name("key")) or text_of(inner)
                for target in targets:
                    self.declared.setdefault(text_of(target), value)
                owner = text_of(next(iter(targets)))
                if self.declared[owner] is value or self.declared[owner].id == value.id:
                    self.add(owner, [(key.strip("'\"`"), function, False)], function)

    def add(self, owner: str, methods: list[tuple[str, Node, bool]], node: Node) -> None:
        if owner in self.declared and methods:
            self.shapes.setdefault(owner, Shape()).methods += methods
            self.consumed.setdefault(owner, set()).add(node.id)


def _parts(statement: Node) -> Iterator[Node]:
    """Yield the assignments, declarators and calls that a statement is made of."""
    for child in statement.named_children:
        if child.type == "sequence_expression":
            yield from child.named_children
        else:
            yield child


def _assigned(node: Node) -> tuple[list[Node], Node | None]:
    """Return what is assigned to, and the value: a = b.c = value."""
    targets: list[Node] = []
    value: Node | None = node
    if node.type == "variable_declarator":
        name = node.child_by_field_name("name")
        targets += [name] if name is not None else []
        value = node.child_by_field_name("value")
    elif node.type != "assignment_expression":
        return [], None
    while value is not None and value.type == "assignment_expression":
        left = value.child_by_field_name("left")
        targets += [left] if left is not None else []
        value = value.child_by_field_name("right")
    return targets, value


def _methods(value: Node) -> Iterator[tuple[str, Node, bool]]:
    for child in value.named_children:
        if child.type == "method_definition":
            yield text_of(child.child_by_field_name("name")), child, False
        elif child.type == "pair":
            inner = child.child_by_field_name("value")
            if inner is not None and inner.type in FUNCTIONS:
                yield text_of(child.child_by_field_name("key")).strip("'\"`"), inner, False


def _base(value: Node) -> Node | None:
    """Return the constructor of Y, Y.prototype, new Y(), Object.create(Y.prototype)."""
    if value.type == "new_expression":
        return value.child_by_field_name("constructor")
    if value.type == "call_expression":
        arguments = value.child_by_field_name("arguments")
        given = arguments.named_children if arguments is not None else []
        return _base(given[0]) if given and given[0].type == "member_expression" else None
    if value.type == "member_expression" and text_of(value).endswith(_PROTOTYPE):
        return value.child_by_field_name("object")
    return value if value.type in ("identifier", "member_expression") else None


def _has_this(node: Node) -> bool:
    return b"this." in (node.text or b"") or b"this[" in (node.text or b"")


def wrapped_module(node: Node) -> Node | None:
    """Return the body of a function that is called where it stands, and holds a whole module."""
    while node.type in ("parenthesized_expression", "unary_expression") and node.named_children:
        node = node.named_children[0]
    callee = node.child_by_field_name("function") if node.type == "call_expression" else None
    if callee is not None and callee.type == "member_expression":
        name = text_of(callee.child_by_field_name("property"))
        callee = callee.child_by_field_name("object") if name in ("call", "apply") else None
    if callee is not None and callee.type == "parenthesized_expression":
        callee = callee.named_children[0] if callee.named_children else None
    if callee is None or callee.type not in FUNCTIONS:
        return None
    parameters = callee.child_by_field_name("parameters")
    body = callee.child_by_field_name("body")
    has_own_names = parameters is not None and bool(parameters.named_children)
    is_module = body is not None and b"exports" in (body.text or b"")
    return body if is_module and not has_own_names else None
