"""From accesses to places: which line tells a file's path, the sink's, a call's, or a wrapper's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from loaders.advisor.flow.context import Context
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.libraries.paths import is_temporary
from loaders.advisor.flow.objects import ENTERING, LEAVING
from loaders.advisor.flow.substitution import CONSTRUCTORS, filled
from loaders.advisor.flow.summaries import Access, plain, root_of, symbols_of
from loaders.advisor.flow.templates import (
    ends_as_json,
    is_identifying,
    is_settled,
    letters,
    normal,
    shape,
)
from loaders.advisor.flow.values import (
    Param,
    Symbol,
    Text,
    Value,
    as_texts,
    is_json_text,
)
from loaders.advisor.languages.syntax import FunctionDef
from loaders.advisor.places.building import built
from loaders.advisor.places.defaults import paths_by_default
from loaders.advisor.places.delegated import is_handed_on, is_named_by_member, is_passed_on
from loaders.advisor.places.filling import (
    as_known,
    beside,
    has_folder,
    is_browser_key,
    is_filled_with_ids,
    is_keyed,
    names_head,
    names_key,
    without_open_ones,
)
from loaders.advisor.places.passing import (
    by_default,
    default_of,
    opening,
    telling,
)
from loaders.advisor.places.side_effects import is_question, is_side_effect

# Names of a parameter that may be an id or the name of a file, as its callers say.
_KEYS = ("key", "cacheKey", "cache_key")
_MOST_KINDS = 8
_OWN_DECORATORS = {"classmethod", "staticmethod"}


@dataclass(frozen=True, slots=True)
class Placed:
    """An access at the line that counts, its path as far as it is known there.

    What is not shown is evidence for its template, and reported under another.
    """

    access: Access
    path: Text
    form: str
    is_shown: bool = True


class Attribution:
    """Goes from each sink upwards, to the callers that know its path."""

    def __init__(self, engine: Engine, context: Callable[[Engine, FunctionDef], Context]) -> None:
        self.engine = engine
        self.context = context
        self.own = [
            access
            for key in engine.project.functions
            for access in (engine.summaries[key].own if key in engine.summaries else ())
        ]
        self.by_id = {access.id: access for access in self.own}
        self.callers: dict[str, list[Access]] = {}
        for access in self.own:
            if access.via:
                self.callers.setdefault(access.via, []).append(access)
        self.placed: dict[tuple[str, str], Placed] = {}
        self.seen: set[str] = set()

    def places(self) -> list[Placed]:
        """Return all places, in the order of files and lines."""
        for access in self.own:
            if not access.via and not is_side_effect(self.engine, access):
                self.place(access)
        known = {
            name
            for (name, _), placed in self.placed.items()
            if placed.form != "wrapper" and not self.callers.get(name)
        }
        spots = {_spot(p.access, p.path) for p in self.placed.values() if p.form != "wrapper"}
        told = {
            key
            for key, placed in self.placed.items()
            if placed.form != "wrapper" and self.is_told(placed, spots)
        }
        calls = {_call(self.placed[key].access) for key in told}
        return sorted(
            (
                p
                for key, p in self.placed.items()
                if key not in told
                and not (p.form == "wrapper" and (p.access.id in known or _call(p.access) in calls))
            ),
            key=lambda p: (p.access.file, p.access.line, p.access.operation, shape(p.path), p.form),
        )

    def is_told(self, placed: Placed, told: set[tuple[str, int, str, str]]) -> bool:
        """Say whether the file that a call names is told where it is touched already."""
        way = list(self.way_of(placed.access))[1:]
        return any(_spot(self.by_id[each], placed.path) in told for each in way)

    def way_of(self, access: Access) -> Iterator[str]:
        """Yield the accesses that one passes on, down to the sink's."""
        at: Access | None = access
        while at is not None:
            yield at.id
            at = self.by_id.get(at.via) if at.via else None

    def is_json(self, access: Access) -> bool:
        for name in self.way_of(access):
            at = self.by_id.get(name, access)
            if at.is_json or name in self.engine.json_ids or is_json_text(at.content):
                return True
        return False

    def place(self, access: Access) -> None:
        if access.id in self.seen or (access.via and is_question(self.engine, access)):
            return
        self.seen.add(access.id)
        is_file = access.store not in ("browser",)
        if access.file in self.engine.tests:
            if not access.via:
                self.put(access, normal(access.path, is_file), "sink")
            return
        form = "call" if access.via else "sink"
        for path in self.built(access):
            if len(path.parts) == 1 and is_temporary(path):
                continue
            known = normal(path, is_file)
            if not symbols_of(known):
                self.put(access, known, form)
            else:
                self.ask_callers(access, known, form)

    def built(self, access: Access) -> tuple[Text, ...]:
        """Return a path with what the objects were built with that hold it."""
        return built(self.engine, self.context, access, is_called=bool(self.callers_of(access)))

    def callers_of(self, access: Access) -> list[Access]:
        return [
            caller
            for caller in self.callers.get(access.id, ())
            if caller.file not in self.engine.tests
        ]

    def is_naming(self, caller: Access, path: Text) -> bool:
        """Say whether a caller, or one of its own, says more of an object's file."""
        is_entered = self.is_entered(caller) and ends_as_json(caller.path)
        if is_entered or len(letters(normal(caller.path))) > len(letters(path)):
            return not caller.is_of_record
        return bool(symbols_of(caller.path)) and any(
            self.is_naming(each, path) for each in self.callers_of(caller) if each.id != caller.id
        )

    def naming(self, callers: list[Access], path: Text) -> list[Access]:
        return [caller for caller in callers if self.is_naming(caller, path)]

    def is_one_of_many(self, access: Access, naming: list[Access]) -> bool:
        """Say whether a constructor touches a file for each of so many that they are no kinds."""
        function = self.engine.project.functions[access.function]
        names = {shape(normal(each.path)) for each in naming}
        return function.name in CONSTRUCTORS and len(names) > _MOST_KINDS

    def is_entered(self, caller: Access) -> bool:
        """Say whether a caller builds an object for one block: with Draft(path) as file."""
        called = self.engine.project.functions.get(caller.by)
        return called is not None and called.name in (*ENTERING, *LEAVING)

    def is_of_object(self, symbol: Symbol) -> bool:
        """Say whether a path is what an object has: from its constructor, or kept by a method."""
        param = root_of(symbol)
        if param.owner in self.engine.project.classes:
            return True
        function = self.engine.project.functions.get(param.owner)
        if function is None or function.class_key is None:
            return False
        return function.name in CONSTRUCTORS or self.is_kept(param)

    def is_kept(self, param: Param) -> bool:
        """Say whether a method of ours makes an argument what its object has from then on."""
        function = self.engine.project.functions.get(param.owner)
        if function is None or function.class_key is None or function.name in CONSTRUCTORS:
            return False
        kept = self.engine.summaries[param.owner].attributes.values()
        return any(isinstance(each, Text) and each.symbol == param for each in kept)

    def is_handed_on(self, access: Access, caller: Access, form: str) -> bool:
        """Put what a constructor hands to a method of its own at the method's place."""
        functions = self.engine.project.functions
        ours, theirs = functions[access.function], functions[caller.function]
        if theirs.name not in CONSTRUCTORS or theirs.class_key != ours.class_key:
            return False
        paths = [normal(path) for path in self.built(caller)]
        if any(symbols_of(path) for path in paths):
            return False
        for path in paths:
            self.put(access, path, form)
        return True

    def only_named(self, callers: list[Access]) -> Text | None:
        """Return the path that all who build an object name, if it is one: the class knows it."""
        found: dict[str, Text] = {}
        waiting = list(callers)
        seen: set[str] = set()
        while waiting:
            caller = waiting.pop()
            if caller.id in seen or caller.function not in self.engine.project.functions:
                continue
            seen.add(caller.id)
            for path in map(normal, self.built(caller)):
                if symbols_of(path) and not is_settled(path):
                    waiting += self.callers_of(caller)
                else:
                    found[shape(path)] = path
        return plain(next(iter(found.values()))) if len(found) == 1 else None

    def ask_callers(self, access: Access, path: Text, form: str) -> None:
        callers = self.callers_of(access)
        if all(self.is_of_object(symbol) for symbol in symbols_of(path)):
            by_default = paths_by_default(self.engine, self.context, access)
            said = {shape(normal(caller.path)) for caller in callers} & by_default.keys()
            for each in sorted(said):
                self.put(access, by_default[each], form)
            callers = [each for each in callers if shape(normal(each.path)) not in said]
            if said and not callers:
                return
            naming = self.naming(callers, path)
            if callers and (not naming or self.is_one_of_many(access, naming)):
                self.put(access, as_known(path, callers), form)
                return
            if all(self.is_kept(root_of(symbol)) for symbol in symbols_of(path)):
                if (only := self.only_named(callers)) is not None:
                    self.put(access, only, form)
                    return
                naming = [each for each in naming if not self.is_handed_on(access, each, form)]
            callers = naming
        if options := [each for each in callers if each.is_option and has_folder(path)]:
            self.put(access, self.only_named(options) or path, form)
            for caller in self.naming([each for each in callers if not each.is_option], path):
                self.place(caller)
            return
        function = self.engine.project.functions[access.function]
        if self.with_defaults(access, path, form):
            # Where a parameter is but a folder, its callers say nothing new of the file.
            for caller in callers if not is_settled(path) else ():
                self.place(caller)
            return
        is_open = not (
            is_settled(path)
            or is_named_by_member(path)
            or is_filled_with_ids(path, callers)
            or is_handed_on(path, access, self.callers_of)
        )
        is_of_framework = set(function.decorators) - _OWN_DECORATORS or function.name == "lambda"
        if is_open and not callers and is_of_framework:
            # A framework calls it: nobody else will say more.
            self.put(access, path, form)
            return
        if is_open and callers and has_folder(path) and not self.naming(callers, path):
            self.put(access, path, form)
            return
        if is_open:
            if not is_passed_on(access, self.by_id, self.callers_of):
                self.put(access, path, "wrapper")
            for caller in callers:
                self.place(caller)
            return
        if callers and self.is_named_by_callers(access, path, callers):
            self.put(access, path, "wrapper")
            for caller in callers:
                self.place(caller)
            return
        known = {shape(normal(caller.path)): caller.path for caller in callers}
        if len(known) == 1:
            (only,) = known.values()
            is_listed = any(hole.name == "*" for hole in only.holes)
            if (
                is_listed
                or (function.name == "lambda" and is_settled(normal(only)))
                or (not symbols_of(only) and len(only.holes) < len(path.holes))
            ):
                path = normal(only)
        self.put(access, path, form)

    def with_defaults(self, access: Access, path: Text, form: str) -> bool:
        """A default belongs to the implementation: the place is here, with the default."""
        bindings: dict[Param, Value] = {}
        is_own = True
        for symbol in symbols_of(path):
            param = root_of(symbol)
            default = default_of(self.engine, param)
            if isinstance(default, Text):
                bindings[param] = default
                is_own = is_own and param.owner == access.function
        if not bindings:
            return False
        context = self.context(self.engine, self.engine.project.functions[access.function])
        # A constructor's default: objects built with it are known by the calls of their methods.
        callers = self.callers_of(access)
        known = set() if is_own else {shape(normal(c.path)) for c in callers}
        found = False
        for each in as_texts(filled(context, path, bindings, {})):
            if str(each.parts[-1] if each.parts else "").endswith("/"):
                # An empty name is none: the code takes another way then.
                continue
            if is_settled(each := normal(each)) and shape(each) not in known:
                is_named = bool(callers) and self.is_named_by_callers(access, each, callers)
                self.put(access, each, "wrapper" if is_named and symbols_of(each) else form)
                found = True
        return found and is_own

    def is_named_by_callers(self, access: Access, path: Text, callers: list[Access]) -> bool:
        """Say whether callers write a part of the name: table("fees"), row("fees", fee_id)."""
        symbols = [hole for hole in path.holes if hole.origin is not None]
        if symbols and all(is_identifying(h.name) and h.name not in _KEYS for h in symbols):
            return False
        said = telling(path, callers, self.callers_of)
        known = [normal(caller.path) for caller in said]
        if any(caller.is_named_here for caller in said):
            return not ends_as_json(path)
        if names_head(known, path) or all(len(each.holes) < len(path.holes) for each in known):
            return True
        beside_it = beside(access, self.engine.summaries[access.function].own)
        if access.store == "browser":
            is_key = is_browser_key(path)
        else:
            is_key = is_keyed(path)
            known = [normal(caller.path) for caller in without_open_ones(said, path)]
        return is_key and any(
            names_key(each, path) for each in known if shape(each) not in beside_it
        )

    def put(self, access: Access, path: Text, form: str) -> None:
        operations = ["write" if access.operation == "copied" else access.operation]
        is_json = self.is_json(access)
        if access.operation == "open" and isinstance(access.mode, Text):
            ways = list(opening(access, self.callers_of))
            is_json = is_json or any(self.is_json(each) for each in ways)
            operations = list(dict.fromkeys(each.operation for each in ways)) or [
                by_default(self.engine, access.mode.symbol)
            ]
        for at, operation in enumerate(operations):
            known = replace(access, is_json=is_json, operation=operation)
            name = f"{access.id}{'+' * at}"
            self.placed.setdefault((name, shape(path)), Placed(known, path, form))


def _spot(access: Access, path: Text) -> tuple[str, int, str, str]:
    return access.file, access.line, access.operation, shape(path)


def _call(access: Access) -> tuple[str, str]:
    """Return what the alternatives have in common that one call hands on."""
    return access.id.partition(">")[0] if access.via else access.id, access.operation
