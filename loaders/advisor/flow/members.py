"""Attributes: of objects and classes of ours, of modules, of paths, of libraries."""

from loaders.advisor.flow import namespaces
from loaders.advisor.flow.context import Context
from loaders.advisor.flow.libraries.paths import JOINED, REPLACED, WITHOUT_SUFFIX, ended_otherwise
from loaders.advisor.flow.segments import base_name, parent, without_suffix
from loaders.advisor.flow.substitution import CONSTRUCTORS, substituted
from loaders.advisor.flow.values import (
    NOTHING,
    UNKNOWN,
    Class,
    External,
    Func,
    Handle,
    Hole,
    Instance,
    Listing,
    Mapping,
    Member,
    Method,
    ModuleValue,
    Nothing,
    Param,
    Sequence,
    Text,
    Value,
    content,
    either,
    hole,
    is_item,
    literal,
    one_of,
    reads_of,
    slashed,
    variable,
)
from loaders.advisor.languages.syntax import ClassDef, FunctionDef
from loaders.advisor.words import NAMES

# Where the examined tree begins: no file's name holds it.
ROOT = "\0"
_ENVIRONMENTS = ("os.environ", "process.env", "import.meta.env", "Deno.env", "Bun.env")
_PROPERTIES = ("property", "cached_property", "functools.cached_property", "computed_field", "get")
_USER_FOLDERS = tuple(NAMES["user_folders"])
# What a browser keeps, whatever object of it is asked: $window.localStorage.
_BROWSER = ("localStorage", "sessionStorage")
# Where an editor's extension lies: its own project.
_OWN_FOLDERS = ("extensionPath", "extensionUri")
_MOST_NESTED = 8
_OWN_CLASS = {"python": "__class__", "script": "constructor"}
# Objects whose attributes are names of every module.
GLOBALS = ("global", "globalThis", "window", "self")
# The member of a list that is what iterating over it gives.
ELEMENT = "*[]"
# The name under which a module keeps the library all of whose names it takes.
STAR = "*"


def special_name(name: str, path: str) -> Value | None:
    """Return what a name of the language itself is worth."""
    if name in ("__file__", "__filename"):
        return literal(f"{ROOT}/{path}")
    if name == "__dirname":
        return parent(literal(f"{ROOT}/{path}"))
    if name in ("undefined", "NaN"):
        return UNKNOWN
    return None


def is_environment(name: str) -> bool:
    return name in _ENVIRONMENTS


def ancestor(path: Text, steps: int) -> Text:
    for _ in range(steps + 1):
        path = parent(path)
    return path


def listed(listing: Listing) -> Text:
    """Return a path, or only its last segment, that a listing found."""
    path = base_name(listing.path) if listing.is_name else listing.path
    return Text(
        tuple(
            Hole(part.name, part.origin, part.reads | {listing.access})
            if isinstance(part, Hole) and part.name == "*"
            else part
            for part in path.parts
        )
    )


def member(ev: Context, of: Value, name: str) -> Value:
    if name == ELEMENT:
        return ev.element(of)
    match of:
        case Instance() if name == _OWN_CLASS[ev.language]:
            # What the class has, its objects have.
            return of
        case Instance():
            return instance_member(ev, of, name)
        case Class():
            return class_member(ev, of, name)
        case ModuleValue():
            return module_member(ev, of.path, name)
        case Text() | External() if name in _BROWSER and ev.language == "script":
            return External(name)
        case External():
            return external_member(ev, of, name)
        case Mapping():
            return namespaces.added(ev, of, name, of.get(name)) or Method(of, name)
        case Text():
            if ev.language == "script" and name != "length" and (reads := reads_of(of)):
                ev.engine.keys_read(reads, name, is_item=is_item(of))
            held = ev.engine.held_by(name, ev.function.key) if _may_hold(of) else None
            return held if held is not None else text_member(of, name)
        case Handle() if of.kind == "bucket" and name == "objects":
            return of
        case Handle():
            # What was read has a name of its own.
            is_file = of.kind != "result" or bool(of.writes)
            return of.path if is_file and name in ("name", "path") else content(of.reads, name)
        case Sequence() if name == JOINED:
            return slashed(list(of.items), ["?"] * len(of.items))
        case Sequence() | Listing():
            return Method(of, name)
        case _:
            return UNKNOWN


def _may_hold(of: Text) -> bool:
    """Say whether a text stands for an object that we know nothing of."""
    return len(of.parts) == 1 and of.literal is None and not reads_of(of)


def text_member(of: Text, name: str) -> Value:
    if name == "parent":
        return parent(of)
    if name == "parents":
        return Method(of, name)
    if len(of.parts) == 1 and name == "name" and of.holes and of.holes[0].name == "*":
        # An entry of a listing: it is worth its name.
        return of
    is_path = len(of.parts) > 1 or of.literal is not None
    if name == "fsPath" or (is_path and name in ("pathname", "href")):
        return of
    if name in _OWN_FOLDERS:
        return literal(ROOT)
    if is_path and name in ("name", "path"):
        return base_name(of) if name == "name" else of
    if name == WITHOUT_SUFFIX:
        return without_suffix(of)
    if name.startswith(REPLACED):
        old, new = name.removeprefix(REPLACED).split(REPLACED)
        return ended_otherwise(of, old, new)
    if name == "stem" and of.symbol is not None:
        return hole(of.holes[0].name, Member(of.symbol, name))
    if name in ("stem", "suffix"):
        return without_suffix(base_name(of)) if name == "stem" else UNKNOWN
    if reads := reads_of(of):
        return content(reads, name)
    if of.symbol is not None:
        return hole(_joint(of.holes[0].name, name), Member(of.symbol, name))
    if len(of.parts) == 1 and isinstance(of.parts[0], Hole):
        return hole(_joint(of.parts[0].name, name))
    return UNKNOWN


def _joint(before: str, name: str) -> str:
    is_known = before not in ("?", "self", "this", "*") and not before.startswith("parameter ")
    if name in ("id", "name", "key") and is_known:
        return f"{before}_{name}"
    return name


def external_member(ev: Context, of: External, name: str) -> Value:
    if of.name in _ENVIRONMENTS and name not in ("get", "setdefault", "items", "copy"):
        return variable(name)
    full = f"{of.name}.{name}"
    if name == "default" and ev.language == "script" and "(" not in of.name:
        return of
    if ev.language == "script" and of.name in GLOBALS:
        known = ev.engine.global_name(name, ev.function.key)
        if known is not None:
            return known
    if of.name.startswith(_USER_FOLDERS) and name.endswith(("_dir", "_path")):
        return hole(name)
    if full in ("import.meta.url", "import.meta.filename", "import.meta.path"):
        return literal(f"{ROOT}/{ev.function.path}")
    if full in ("os.devnull", "os.devNull"):
        return NOTHING
    if full in ("path.sep", "path.posix.sep", "os.sep", "os.path.sep"):
        return literal("/")
    if full in ("os.pardir", "os.path.pardir"):
        return literal("..")
    if full in ("os.curdir", "os.path.curdir"):
        return literal(".")
    if ev.language == "script" and of.name in ("exports", "module.exports"):
        own = ev.engine.exported(ev.function.path, name, ev.function.key)
        return External(full) if own is None or isinstance(own, ModuleValue) else own
    if ev.language == "script" and (known := namespaces.added(ev, of, name, None)) is not None:
        return known
    if full in ("import.meta.dirname", "import.meta.dir"):
        return parent(literal(f"{ROOT}/{ev.function.path}"))
    if "(" not in full and ev.language == "python":
        path = ev.engine.project.resolve(ev.function.path, full)
        if path is not None:
            return ModuleValue(path)
    return External(full)


def module_member(ev: Context, path: str, name: str) -> Value:
    key = ev.function.key
    if ev.language != "python":
        found = ev.engine.exported(path, name, key)
        return found if found is not None else hole(name)
    names = ev.engine.names(path, key)
    if name in names:
        return ev.engine.assigned_again(f"{path}:", name, names[name])
    if isinstance(library := names.get(STAR), External):
        return External(f"{library.name}.{name}")
    dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    inner = ev.engine.project.resolve(ev.function.path, f"{dotted}.{name}")
    return ModuleValue(inner) if inner is not None else hole(name)


def class_member(ev: Context, of: Class, name: str) -> Value:
    for definition in ev.engine.bases_of(of.definition, ev.function.key):
        if name in definition.methods:
            method = definition.methods[name]
            if "staticmethod" in method.decorators and "get" in method.decorators:
                return ev.apply_quietly(Func(method))
            return Func(method, of if "classmethod" in method.decorators else None)
        found = attribute(ev, definition, name)
        if found is not None and not isinstance(found, Nothing):
            return found
    # What the class itself leaves open, those below it say.
    ev.engine.asked.setdefault(f"below {of.definition.key}", {})[ev.function.key] = None
    below = [attribute(ev, other, name) for other in ev.engine.below(of.definition)]
    said = [value for value in below if value is not None and not isinstance(value, Nothing)]
    return one_of(said) if said else hole(name)


def instance_member(ev: Context, of: Instance, name: str) -> Value:
    """Return an attribute or method of an object, properties evaluated."""
    definition = of.definition
    if of.arguments is None and _is_open(ev, definition, name):
        return hole(name, Member(Param(definition.key, "self"), name))
    for base in ev.engine.bases_of(definition, ev.function.key):
        if name in base.methods:
            method = base.methods[name]
            if any(decorator in _PROPERTIES for decorator in method.decorators):
                return ev.apply_quietly(Func(method, of))
            return Func(method, None if "staticmethod" in method.decorators else of)
        found = attribute(ev, base, name)
        if found is not None:
            return bound(ev, of, found)
        if any(field == name for field, _ in base.fields) and init_of(ev, definition) is None:
            return bound(ev, of, hole(name, Param(base.key, name)))
    if ev.engine.bases.get(definition.key) is None or definition.bases:
        return Method(of, name)
    return hole(name)


def _is_open(ev: Context, definition: ClassDef, name: str) -> bool:
    """Say whether classes below decide what an attribute is."""
    below = ev.engine.below(definition)
    is_set_at_first = name in definition.methods and definition.methods[name].name in CONSTRUCTORS
    return any(_defines(ev, other, name) for other in below) and not is_set_at_first


def _defines(ev: Context, definition: ClassDef, name: str) -> bool:
    """Say whether a class itself says what an attribute is, not the one above it."""
    if name in definition.methods or name in ev.engine.assigners(definition):
        return True
    home = ev.engine.homes.get(definition.key)
    key = f"{definition.key}.{name}"
    return home is not None and key in ev.engine.summary(home, ev.function.key).attributes


def bound(ev: Context, of: Instance, value: Value) -> Value:
    """Fill in what an object was built with."""
    bindings: dict[Param, Value] = {}
    for base in ev.engine.bases_of(of.definition, ev.function.key):
        bindings[Param(base.key, "self")] = of
    if of.arguments is None or ev.depth > _MOST_NESTED:
        return value
    for key, argument in of.arguments:
        owner, _, name = key.rpartition("|")
        bindings[Param(owner, name)] = argument
    # An attribute may be said to be what another object of the class has: that must end.
    ev.depth += 1
    found = substituted(ev, value, bindings, {})
    ev.depth -= 1
    return found


def attribute(ev: Context, definition: ClassDef, name: str) -> Value | None:
    """Return what methods or the class's body assign to an attribute."""
    key = f"{definition.key}.{name}"
    if (own := ev.env.get(f"@{key}", ev.attributes.get(key))) is not None:
        return own
    if definition.is_single:
        ev.engine.asked.setdefault(key, {})[ev.function.key] = None
    if key not in ev.looked_up:
        ev.looked_up[key] = _assigned(ev, definition, key)
    return ev.looked_up[key]


def _assigned(ev: Context, definition: ClassDef, key: str) -> Value | None:
    found: list[Value] = []
    name = key.rpartition(".")[2]
    inits = [definition.methods[each] for each in CONSTRUCTORS if each in definition.methods]
    assigning = ev.engine.assigners(definition).get(name, ())
    others = [method for method in assigning if method.name not in CONSTRUCTORS]
    for method in (*inits, *others):
        value = ev.engine.summary(method.key, ev.function.key).attributes.get(key)
        if value is not None:
            found.append(value)
            # What a constructor leaves empty, another method fills.
            if (
                method.name in CONSTRUCTORS
                and not isinstance(value, Nothing)
                and not is_blank(value)
            ):
                break
    if not found:
        home = ev.engine.homes.get(definition.key)
        if home is not None and home != ev.function.key:
            value = ev.engine.summary(home, ev.function.key).attributes.get(key)
            return value
    if not found:
        return None
    filled = [each for each in found if not is_blank(each)]
    value = either(*(filled or found))
    # Others fill what is blank at first.
    return hole(name) if is_blank(value) else value


def is_blank(value: Value) -> bool:
    """Say whether a value is what an attribute has before it is filled: "", 0."""
    return isinstance(value, Text) and value.literal in ("", "0", "-1")


def init_of(ev: Context, definition: ClassDef) -> FunctionDef | None:
    for base in ev.engine.bases_of(definition, ev.function.key):
        for name in CONSTRUCTORS:
            if name in base.methods:
                return base.methods[name]
    return None


def only_construction(ev: Context, definition: ClassDef) -> tuple[tuple[str, Value], ...] | None:
    known = ev.engine.constructions.get(definition.key, [])
    return known[0] if len(known) == 1 else None


def has_behaviour(ev: Context, definition: ClassDef) -> bool:
    return any(
        base.methods and not base.is_interface
        for base in ev.engine.bases_of(definition, ev.function.key)
    )
