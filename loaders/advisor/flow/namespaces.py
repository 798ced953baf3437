"""Objects of scripts to which others add: App.store = { ... }, state.place = place()."""

from dataclasses import replace

from loaders.advisor.flow.context import Arguments, Context
from loaders.advisor.flow.values import (
    External,
    Mapping,
    Nothing,
    Text,
    Value,
    either,
    options_of,
    reads_of,
)

_GLOBALS = ("window.", "globalThis.", "self.", "global.")
_OWN = ("exports", "module", "process", "import")


def named(value: Value, name: str) -> Value:
    """Give objects without a name of their own one by which others find what is added."""
    if not any(isinstance(each, Mapping) and not each.home for each in options_of(value)):
        return value
    return either(
        *(
            replace(each, home=name) if isinstance(each, Mapping) and not each.home else each
            for each in options_of(value)
        )
    )


def variable(ev: Context, name: str, value: Value) -> Value:
    """Name the object that a variable of a module holds; scripts of one page share theirs."""
    path = ev.function.path
    is_shared = ev.engine.project.scripts.get(name) == path
    return named(value, name if is_shared else f"{path}:{name}")


def add(ev: Context, of: Value, name: str, value: Value) -> None:
    """Remember what is assigned to an attribute of such an object."""
    if (home := _home(of)) is not None:
        ev.engine.set_global(f"{home}.{name}", named(value, f"{home}.{name}"))


def added(ev: Context, of: Value, name: str, before: Value | None) -> Value | None:
    """Return an attribute with what others make of it: they fill what is empty at first."""
    home = _home(of)
    known = ev.engine.global_name(f"{home}.{name}", ev.function.key) if home is not None else None
    if known is None or before is None or _is_empty(before):
        return known or before
    return either(before, known)


def remembered(ev: Context, of: Value, name: str, a: Arguments) -> Value | None:
    """Return what a Map of a module remembers of files: texts.set(path, text), texts.get(path)."""
    if not isinstance(of, Mapping) or not of.home or of.entries:
        return None
    if name == "set" and len(a.args) > 1 and reads_of(a.args[1]):
        ev.engine.set_global(f"{of.home}[]", a.args[1])
        return of
    return ev.engine.global_name(f"{of.home}[]", ev.function.key) if name == "get" else None


def _home(of: Value) -> str | None:
    if isinstance(of, Mapping):
        return of.home or None
    if isinstance(of, External) and "(" not in of.name and not of.name.startswith(_OWN):
        return next(
            (of.name.removeprefix(each) for each in _GLOBALS if of.name.startswith(each)), of.name
        )
    return None


def _is_empty(value: Value) -> bool:
    return isinstance(value, Nothing) or (isinstance(value, Text) and not value.parts)
