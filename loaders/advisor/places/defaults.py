"""Files of objects that are built without being told a path: their class names them."""

from collections.abc import Callable

from loaders.advisor.flow.context import Context
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.members import init_of
from loaders.advisor.flow.substitution import filled
from loaders.advisor.flow.summaries import Access, root_of, symbols_of
from loaders.advisor.flow.templates import normal, shape
from loaders.advisor.flow.values import Instance, Text, as_texts
from loaders.advisor.languages.syntax import ClassDef, FunctionDef


def paths_by_default(
    engine: Engine, context: Callable[[Engine, FunctionDef], Context], access: Access
) -> dict[str, Text]:
    """Return the paths, by their shape, of objects that are built with defaults alone."""
    ev = context(engine, engine.project.functions[access.function])
    found: dict[str, Text] = {}
    for param in {root_of(symbol) for symbol in symbols_of(access.path)}:
        definition = engine.project.classes.get(param.owner)
        if definition is None or param.name != "self":
            return {}
        for each in (definition, *engine.below(definition)):
            value = filled(ev, access.path, {param: _built_plainly(ev, each)}, {})
            known = [normal(path) for path in as_texts(value) if not path.holes]
            found |= {shape(path): path for path in known}
    return found


def _built_plainly(ev: Context, definition: ClassDef) -> Instance:
    init = init_of(ev, definition)
    given = ev.engine.summaries[init.key].defaults if init is not None else {}
    owner = init.key if init is not None else definition.key
    return Instance(definition, tuple((f"{owner}|{name}", v) for name, v in given.items()))
