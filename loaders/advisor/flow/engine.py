"""The fixpoint: evaluates every function until no summary that others use changes any more."""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

from loaders.advisor.flow.libraries.sinks import Sink, Sinks
from loaders.advisor.flow.noting import Notes
from loaders.advisor.flow.project import Project
from loaders.advisor.flow.segments import is_open_text, is_path_text
from loaders.advisor.flow.summaries import CallSite, Summary, without_origins
from loaders.advisor.flow.values import (
    UNKNOWN,
    Class,
    External,
    Func,
    Instance,
    Listing,
    ModuleValue,
    Text,
    Value,
    either,
    options_of,
)
from loaders.advisor.languages.syntax import (
    ClassDef,
    FunctionDef,
    assigned,
)

_EMPTY = Summary()
MOST_ROUNDS = 5
_MORE_ROUNDS = 2
DEEPEST_DEMAND = 12
MOST_PASSED = 12
STORES = ("localStorage", "sessionStorage")


class Engine(Notes):
    """Summaries of all functions, and facts that hold wherever they are found."""

    def __init__(
        self,
        project: Project,
        sinks: Sinks,
        tests: frozenset[str],
        summarise: Callable[["Engine", FunctionDef], Summary],
    ) -> None:
        super().__init__()
        self.project = project
        self.tests = tests
        self.summarise = summarise
        self.sinks = sinks
        self.summaries: dict[str, Summary] = {}
        self.rounds: dict[str, int] = {}
        self.dependents: dict[str, dict[str, None]] = {}
        self.waiting: list[tuple[int, str]] = []
        self.ranks: dict[str, int] = {}
        self.is_waiting: set[str] = set()
        self.at_work: list[str] = []
        self.json_ids: set[str] = set()
        self.pickle_ids: set[str] = set()
        self.passed: dict[tuple[str, str], list[Value]] = {}
        self.plain: set[tuple[str, str]] = set()
        self.constructions: dict[str, list[tuple[tuple[str, Value], ...]]] = {}
        self.sites: dict[str, dict[str, tuple[tuple[str, Value], ...]]] = {}
        self.arguments: dict[str, dict[str, Value]] = {}
        self.calls: dict[str, dict[CallSite, None]] = {}
        self.parents: dict[str, str] = {}
        self.children: dict[str, list[str]] = {}
        self.bases: dict[str, tuple[ClassDef, ...]] = {}
        self.lineages: dict[str, tuple[ClassDef, ...]] = {}
        self.given: dict[tuple[str, str], Value] = {}
        self.assigning: dict[str, dict[str, list[FunctionDef]]] = {}
        self.homes: dict[str, str] = {}
        self.held: dict[str, list[Value]] = {}
        self.asked: dict[str, dict[str, None]] = {}
        self.references: set[str] = set()
        self.unresolved: set[str] = set()
        self.globals: dict[str, Value] = {}
        self.again: dict[tuple[str, str], dict[str, Value]] = {}
        self.named: set[str] = set()  # called by their names in scripts, wherever written

    def run(self) -> None:
        """Evaluate everything, modules first."""
        order = [module.main.key for module in self.project.modules.values()]
        order += [key for key in self.project.functions if key not in set(order)]
        for key in order:
            if key not in self.summaries:
                self.evaluate(key)
        self.settle()
        # Whose budget went while its imports were still in a circle is asked once more.
        starved = [key for key, rounds in self.rounds.items() if rounds >= MOST_ROUNDS]
        self.rounds = dict.fromkeys(self.rounds, MOST_ROUNDS - _MORE_ROUNDS)
        self.requeue(starved)
        self.settle()

    def settle(self) -> None:
        """Evaluate what waits, until nothing does."""
        while self.waiting:
            _, key = heappop(self.waiting)
            self.is_waiting.discard(key)
            self.evaluate(key)

    def evaluate(self, key: str) -> None:
        if self.rounds.get(key, 0) >= MOST_ROUNDS:
            return
        self.rounds[key] = self.rounds.get(key, 0) + 1
        self.at_work.append(key)
        try:
            found = self.summarise(self, self.project.functions[key])
        except RecursionError:
            # Better no word on one function than none on the whole tree.
            found = Summary()
        self.at_work.pop()
        # Who was finished first is called by the others: it comes first again.
        self.ranks.setdefault(key, len(self.ranks))
        before = self.summaries.get(key)
        self.summaries[key] = found
        if before is None or not before.same(found):
            self.requeue(self.dependents.get(key, ()))

    def requeue(self, keys: Iterable[str]) -> None:
        for key in keys:
            if key not in self.is_waiting and self.rounds.get(key, 0) < MOST_ROUNDS:
                self.is_waiting.add(key)
                heappush(self.waiting, (self.ranks.get(key, len(self.ranks)), key))

    def summary(self, key: str, by: str) -> Summary:
        """Return what is known of a function now; who asks is evaluated again when it changes."""
        if key != by:
            known = self.dependents.get(key)
            if known is None:
                known = self.dependents[key] = {}
            known[by] = None
        found = self.summaries.get(key)
        if found is not None:
            return found
        if key not in self.at_work and len(self.at_work) < DEEPEST_DEMAND:
            self.evaluate(key)
        return self.summaries.get(key) or _EMPTY

    def assigners(self, definition: ClassDef) -> dict[str, list[FunctionDef]]:
        """Return which methods assign to an attribute, constructors first."""
        if definition.key not in self.assigning:
            found: dict[str, list[FunctionDef]] = {}
            for method in definition.methods.values():
                if method.parameters:
                    for name in assigned(method.body, method.parameters[0].name):
                        found.setdefault(name, []).append(method)
            self.assigning[definition.key] = found
        return self.assigning[definition.key]

    def assign(self, definition: ClassDef, name: str, function: FunctionDef) -> None:
        """Remember a function that assigns to an attribute of a lone object from outside."""
        known = self.assigners(definition).setdefault(name, [])
        if function not in known:
            known.append(function)
            self.requeue(self.asked.get(f"{definition.key}.{name}", ()))

    def names(self, path: str, by: str) -> dict[str, Value]:
        """Return the names of a module."""
        return self.summary(f"{path}:", by).names

    def exported(self, path: str, name: str, by: str) -> Value | None:
        """Return what a module offers under a name."""
        names = self.names(path, by)
        found = names.get(f"export:{name}")
        if found is not None or (f"{path}:", f"exports.{name}") in self.again:
            found = self.assigned_again(f"{path}:", name, UNKNOWN if found is None else found)
            return self.assigned_again(f"{path}:", f"exports.{name}", found)
        if (whole := names.get("export:=")) is not None:
            if name == "default":
                return whole
            for option in options_of(whole):
                if isinstance(option, Instance) and name in option.definition.methods:
                    return Func(option.definition.methods[name], option)
                if hasattr(option, "get") and (member := option.get(name)) is not None:
                    result: Value = member
                    return result
        if (found := self.starred(path, name, by)) is not None:
            return found
        if name == "default":
            return ModuleValue(path)
        return names.get(name)

    def starred(self, path: str, name: str, by: str, depth: int = 0) -> Value | None:
        """Return what a module hands on of others that it exports whole."""
        for star in self.names(path, by) if depth < MOST_ROUNDS else ():
            other = star.removeprefix("export:*")
            names = self.names(other, by) if other not in (star, path) else {}
            found = names.get(f"export:{name}", names.get(name))
            if names and (found := found or self.starred(other, name, by, depth + 1)) is not None:
                return found
        return None

    def pass_on(self, function: str, parameter: str, value: Value) -> None:
        """Remember functions and objects that somebody passes as an argument."""
        known = self.passed.setdefault((function, parameter), [])
        for option in options_of(value):
            if isinstance(option, Text) and (word := option.literal) and word.isidentifier():
                self.said.setdefault(function, {})[word] = None
            if isinstance(option, Text) and known and (function, parameter) not in self.plain:
                # Others pass objects: this one knows a text, or a path.
                self.plain.add((function, parameter))
                self.requeue([function])
            is_store = isinstance(option, External) and option.name.endswith(STORES)
            is_ours = isinstance(option, Func | Instance | Class) or is_store
            if not is_ours or len(known) >= MOST_PASSED:
                continue
            general = without_origins(option)
            if isinstance(option, Func):
                self.references.add(option.function.key)
            if general not in known:
                known.append(general)
                if function in self.summaries or function in self.at_work:
                    self.requeue([function])

    def give(self, function: FunctionDef, value: Value, by: str) -> None:
        """Remember what a library hands to a callback written in its call: items, content."""
        if self.parents.get(function.key) != by:
            return
        names = [parameter.name for parameter in function.parameters if parameter.name != "this"]
        if names and (isinstance(value, Listing) or (isinstance(value, Text) and value.holes)):
            before = self.given.get((function.key, names[0]))
            if before != value:
                self.given[function.key, names[0]] = value
                if function.key in self.summaries:
                    self.requeue([function.key])

    def construct(
        self, definition: ClassDef, arguments: tuple[tuple[str, Value], ...], site: str
    ) -> None:
        """Remember how a class is built; what a line says last counts, once more is known."""
        general = tuple((name, without_origins(value)) for name, value in arguments)
        for name, value in arguments:
            self.arguments.setdefault(name, {})[site] = value
        sites = self.sites.setdefault(definition.key, {})
        if site in sites and sites[site] == general:
            return
        sites[site] = general
        known: list[tuple[tuple[str, Value], ...]] = []
        for each in sites.values():
            if len(known) < MOST_PASSED and each not in known:
                known.append(each)
        if known != self.constructions.get(definition.key):
            self.constructions[definition.key] = known
            self.requeue(self.asked.get(f"built {definition.key}", ()))

    def built(self, key: str, by: str) -> list[tuple[tuple[str, Value], ...]]:
        """Return what objects of a class are built with; who asks is told of more."""
        self.asked.setdefault(f"built {key}", {})[by] = None
        return self.constructions.get(key, [])

    def hold(self, attribute: str, value: Value) -> None:
        """Remember objects of ours that attributes of that name hold."""
        known = self.held.setdefault(attribute, [])
        for option in options_of(value):
            if isinstance(option, Instance) and option.arguments is not None:
                general = without_origins(option)
                if general not in known and len(known) < MOST_PASSED:
                    known.append(general)
                    self.requeue(self.asked.get(attribute, ()))

    def held_by(self, attribute: str, by: str) -> Value | None:
        """Return the one object of ours that attributes of that name hold."""
        self.asked.setdefault(attribute, {})[by] = None
        known = self.held.get(attribute, ())
        return known[0] if len(known) == 1 else None

    def called(self, function: FunctionDef, caller: str, file: str, line: int) -> None:
        self.calls.setdefault(function.key, {})[CallSite(caller, file, line)] = None

    def define(self, function: FunctionDef, parent: str) -> None:
        if function.key not in self.parents:
            self.parents[function.key] = parent
            self.children.setdefault(parent, []).append(function.key)

    def family(self, function: str) -> list[str]:
        """Return a function, the one in which it is written as a callback, and all in between."""
        found = [self.outermost(function)]
        for key in found:
            found += (child for child in self.children.get(key, ()) if child not in self.named)
        return [key for key in found if key in self.summaries]

    def around(self, function: str) -> Iterator[str]:
        """Yield a function, and those in which it is written."""
        at: str | None = function
        while at is not None:
            yield at
            at = self.parents.get(at)

    def outermost(self, function: str) -> str:
        """Return the function in which a callback is written."""
        at = function
        while at not in self.named and (parent := self.parents.get(at)) is not None:
            if parent.endswith(":"):
                break
            at = parent
        return at

    def set_global(self, name: str, value: Value) -> None:
        """Remember what somebody makes a global of all modules."""
        general = without_origins(value)
        known = self.globals.get(name)
        merged = general if known is None else either(known, general)
        if merged != known:
            self.globals[name] = merged
            self.requeue(self.asked.get(f"global {name}", ()))

    def assign_again(self, owner: str, name: str, value: Value, site: str) -> None:
        """Remember what a function makes of a variable of one around it."""
        sites = self.again.setdefault((owner, name), {})
        general = without_origins(value)
        if sites.get(site) != general:
            sites[site] = general
            self.requeue(self.dependents.get(owner, ()))

    def assigned_again(self, owner: str, name: str, before: Value) -> Value:
        """Return what a variable is worth, with what functions make of it where it is empty."""
        sites = self.again.get((owner, name))
        if not sites:
            return before
        is_empty = before == UNKNOWN or (isinstance(before, Text) and not before.parts)
        later = [value for value in sites.values() if value != before]
        if is_path_text(before):
            # A path that others may set: what it is where nobody does belongs to the code.
            later = [value for value in later if not is_open_text(value)]
        is_vague = isinstance(before, Text) and before.literal is None and not before.symbol
        return either(*later) if later and (is_empty or is_vague) else either(before, *later)

    def global_name(self, name: str, by: str) -> Value | None:
        """Return what a name means that no module imports: globals of browsers, and scripts'."""
        self.asked.setdefault(f"global {name}", {})[by] = None
        found = self.globals.get(name)
        path = self.project.scripts.get(name)
        if found is None and path is not None and f"{path}:" != by and path not in self.tests:
            found = self.names(path, by).get(name)
        return found

    def bases_of(self, definition: ClassDef, by: str) -> tuple[ClassDef, ...]:
        """Return a class and those it inherits from, nearest first."""
        if (known := self.lineages.get(definition.key)) is not None:
            return known
        found: dict[str, ClassDef] = {definition.key: definition}
        waiting = [definition]
        while waiting and len(found) < 12:
            current = waiting.pop(0)
            for base in self.bases.get(current.key, ()):
                if base.key not in found:
                    found[base.key] = base
                    waiting.append(base)
        lineage = self.lineages[definition.key] = tuple(found.values())
        return lineage

    def subclass(self, definition: ClassDef, bases: Iterable[Value]) -> None:
        """Remember what a class inherits from."""
        known = tuple(
            option.definition
            for base in bases
            for option in options_of(base)
            if isinstance(option, Class) and option.definition.key != definition.key
        )
        if self.bases.get(definition.key) != known:
            self.bases[definition.key] = known
            self.lineages.clear()
        for base in known:
            below = self.project.subclasses.setdefault(base.key, [])
            if definition.key not in below:
                below.append(definition.key)
                for above in self.bases_of(base, ""):
                    self.requeue(self.asked.get(f"below {above.key}", ()))

    def below(self, definition: ClassDef) -> tuple[ClassDef, ...]:
        """Return the classes that inherit from a class."""
        found: dict[str, ClassDef] = {}
        waiting = list(self.project.subclasses.get(definition.key, ()))
        while waiting and len(found) < 40:
            key = waiting.pop(0)
            if key not in found and key != definition.key:
                found[key] = self.project.classes[key]
                waiting += self.project.subclasses.get(key, ())
        return tuple(found.values())

    def own_sink(self, function: FunctionDef) -> Sink | None:
        """Return the sink that the project's settings make of a function of its own."""
        if not self.sinks.own:
            return None
        module = function.path.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")
        full = f"{module}.{function.key.split(':')[1]}"
        for name, sink in self.sinks.own.items():
            if full == name or full.endswith(f".{name}"):
                return sink
        return None

    def callbacks(self, function: str, parameter: str) -> Value | None:
        """Return the functions and objects that callers pass for a parameter."""
        known = self.passed.get((function, parameter))
        return either(*known) if known else None
