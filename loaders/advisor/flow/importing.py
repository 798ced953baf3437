"""Imports: names of other modules of the tree, and of libraries."""

import posixpath
from dataclasses import replace

from loaders.advisor.flow.context import Arguments
from loaders.advisor.flow.expressions import Expressions
from loaders.advisor.flow.libraries.sinks import Sink
from loaders.advisor.flow.members import ROOT, STAR
from loaders.advisor.flow.templates import JSON_ENDINGS, ends_as_json
from loaders.advisor.flow.values import (
    NOTHING,
    UNKNOWN,
    External,
    Hole,
    ModuleValue,
    Sequence,
    Text,
    Value,
    as_texts,
    either,
    hole,
    literal,
    slash,
)
from loaders.advisor.languages.syntax import (
    Import,
)

# A module of the folder in which a tool is run, not of the tool's own.
IMPORT_OF_PROJECT = "import of the project"
_IMPORT = Sink("import", "read", 0, returns="content", is_json=True)


class Importer(Expressions):
    """The part of an evaluator that knows imports."""

    def run_import(self, statement: Import) -> None:
        engine, key = self.engine, self.function.key
        where = statement.module
        path = engine.project.resolve(self.function.path, where)
        is_python = self.language == "python"
        if path is None and not is_python:
            found = self.json_module(where, Arguments((), {}, statement.line, 0))
            if found is not None:
                self.env[statement.local] = found
                return
        if statement.symbol == "*" and is_python:
            if path is None:
                self.env[STAR] = External(where)
            elif path != self.function.path:
                names = engine.names(path, key)
                public = names.get("__all__")
                only = (
                    {text.literal for text in public.items if isinstance(text, Text)}
                    if isinstance(public, Sequence)
                    else None
                )
                for name, value in names.items():
                    if name in only if only is not None else not name.startswith("_"):
                        self.env[name] = value
        elif statement.symbol == "*":
            if path is not None:
                self.exports[f"export:*{path}"] = NOTHING
        elif statement.symbol is None:
            if statement.local or not is_python:
                self.env[statement.local] = ModuleValue(path) if path else self.library(where)
            else:
                top = where.split(".")[0]
                inside = engine.project.resolve(self.function.path, top)
                self.env[top] = ModuleValue(inside) if inside else External(top)
        else:
            found = self.imported(path, where, statement.symbol)
            self.env[statement.local] = found

    def imported(self, path: str | None, where: str, symbol: str) -> Value:
        engine, key = self.engine, self.function.key
        if self.language != "python":
            if path is None:
                name = self.library(where).name
                return External(name if symbol == "default" else f"{name}.{symbol}")
            return engine.exported(path, symbol, key) or hole(symbol)
        names: dict[str, Value] = {}
        if path is not None and path != self.function.path:
            names = engine.names(path, key)
            if (found := names.get(symbol)) is not None:
                return found
        dotted = f"{where}{symbol}" if where.endswith(".") else f"{where}.{symbol}"
        inner = engine.project.resolve(self.function.path, dotted)
        if inner is not None:
            return ModuleValue(inner)
        if isinstance(library := names.get(STAR), External):
            return External(f"{library.name}.{symbol}")
        return hole(symbol) if path is not None else External(f"{where}.{symbol}".lstrip("."))

    def require(self, what: Value, arguments: Arguments) -> Value:
        """Return what require(), or import() as a function, gives."""
        return either(*(self.require_one(each, arguments) for each in as_texts(what)))

    def require_one(self, what: Text, arguments: Arguments) -> Value:
        where = what.literal
        if where is None:
            return self.computed_module(what, arguments)
        if where.startswith("~/") and arguments.names[:1] not in ((), ("?",)):
            # Put together from the user's folder: no alias.
            return self.computed_module(what, arguments)
        path = self.engine.project.resolve(self.function.path, where)
        if path is None:
            found = self.json_module(where, arguments)
            return self.library(where) if found is None else found
        names = self.engine.names(path, self.function.key)
        whole = names.get("export:=")
        if isinstance(whole, External) and len([each for each in names if "export:" in each]) > 1:
            # What a library gave, with properties of the module's own.
            return ModuleValue(path)
        return whole if whole is not None else ModuleValue(path)

    def computed_module(self, what: Text, arguments: Arguments) -> Value:
        """Requiring a path that is put together reads a file, if that turns out to be JSON."""
        first, last = what.parts[0], what.parts[-1]
        if isinstance(first, str) and first.startswith("."):
            what = slash(literal(f"{ROOT}/{posixpath.dirname(self.function.path)}"), what)
        elif not ends_as_json(what) and not (isinstance(last, Hole) and last.origin):
            return UNKNOWN
        return self.touch_one(replace(_IMPORT, is_json=False), what, arguments)

    def json_module(self, where: str, arguments: Arguments) -> Value | None:
        """Importing a .json file of the tree reads it."""
        if not where.endswith(JSON_ENDINGS) or not where.startswith((".", "@/", "~/", "/", ROOT)):
            return None
        folder = posixpath.dirname(self.function.path)
        if where.startswith((ROOT, "/")):
            is_own = not folder or where.startswith(("/", f"{ROOT}/{folder}/"))
            sink = _IMPORT if is_own else replace(_IMPORT, name=IMPORT_OF_PROJECT)
            return self.touch_one(sink, literal(where), arguments)
        path = posixpath.join(ROOT, folder, where) if where.startswith(".") else where[2:]
        return self.touch_one(_IMPORT, literal(path), arguments)

    @staticmethod
    def library(name: str) -> External:
        """Return a library's module under the name that the table of sinks uses."""
        name = name.removeprefix("node:").strip()
        return External("fs.promises" if name == "fs/promises" else name)
