"""The modules of an examined tree: which file an import means, which function a key."""

import json
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from loaders.advisor.languages.syntax import (
    Assign,
    Call,
    ClassDef,
    Define,
    Export,
    FunctionDef,
    Import,
    Module,
    Name,
    Statement,
)

_SCRIPT_ENDINGS = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.ts")


@dataclass(frozen=True)
class Aliases:
    """Paths of one tsconfig or jsconfig, relative to its folder."""

    folder: str
    base: str | None
    paths: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass
class Project:
    """What was read of a tree."""

    modules: dict[str, Module]
    aliases: tuple[Aliases, ...] = ()
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    program: str = ""
    functions: dict[str, FunctionDef] = field(default_factory=dict)
    classes: dict[str, ClassDef] = field(default_factory=dict)
    by_dotted: dict[str, list[str]] = field(default_factory=dict)
    subclasses: dict[str, list[str]] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)

    def has_method(self, name: str) -> bool:
        return any(name in definition.methods for definition in self.classes.values())

    def __post_init__(self) -> None:
        for path, module in self.modules.items():
            self.languages[path] = module.language
            self.functions[module.main.key] = module.main
            for function in module.functions:
                self.functions[function.key] = function
            for definition in module.classes:
                self.classes[definition.key] = definition
            for name in _globals(module) if module.language == "script" else ():
                self.scripts.setdefault(name, path)
            if module.language == "python":
                parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
                for start in range(len(parts)):
                    self.by_dotted.setdefault(".".join(parts[start:]), []).append(path)

    def resolve(self, importer: str, module: str) -> str | None:
        """Return the path of the module that an import means, if it is one of the tree's."""
        if self.languages[importer] == "python":
            return self._python(importer, module)
        return self._script(importer, module)

    def _python(self, importer: str, module: str) -> str | None:
        if module.startswith("."):
            rest = module.lstrip(".")
            folder = posixpath.dirname(importer)
            for _ in range(len(module) - len(rest) - 1):
                folder = posixpath.dirname(folder)
            path = posixpath.join(folder, *rest.split(".")) if rest else folder
            return self._python_file(path)
        found = self.by_dotted.get(module)
        if not found or module.partition(".")[0] in sys.stdlib_module_names:
            # A module of the tree may be called json or os: Python's own is meant.
            return None
        # The same name twice: the one that shares most of the importer's folders.
        return min(found, key=lambda path: (-_shared(path, importer), len(path), path))

    def _python_file(self, path: str) -> str | None:
        for candidate in (f"{path}.py", f"{path}/__init__.py", "__init__.py" if not path else ""):
            if candidate in self.modules:
                return candidate
        return None

    def _script(self, importer: str, module: str) -> str | None:
        folder = posixpath.dirname(importer)
        if module.startswith("."):
            return self._script_file(posixpath.normpath(posixpath.join(folder, module)))
        for aliases in self.aliases:
            if not (importer.startswith(f"{aliases.folder}/") or not aliases.folder):
                continue
            base = posixpath.join(aliases.folder, aliases.base or "")
            for pattern, targets in aliases.paths:
                rest = _matched(pattern, module)
                for target in targets if rest is not None else ():
                    path = posixpath.normpath(posixpath.join(base, target.replace("*", rest or "")))
                    if found := self._script_file(path):
                        return found
            if aliases.base is not None and (
                found := self._script_file(posixpath.normpath(posixpath.join(base, module)))
            ):
                return found
        if module.startswith(("@/", "~/")):
            return self._aliased_by_custom(importer, module[2:])
        return self._of_package(module)

    def _of_package(self, module: str) -> str | None:
        """Return the module of another package of the tree: @mill/oven, @mill/oven/lib/heat."""
        parts = module.split("/")
        length = 2 if module.startswith("@") else 1
        inner = "/".join(parts[length:])
        for base in self.packages.get("/".join(parts[:length]), ()):
            path = posixpath.normpath(posixpath.join(base, inner) if inner else base)
            if found := self._script_file(path):
                return found
        return None

    def _aliased_by_custom(self, importer: str, rest: str) -> str | None:
        """'@/' without a tsconfig: src, or the folder itself, of a folder above."""
        folder = posixpath.dirname(importer)
        while True:
            for inner in ("src", "app", ""):
                path = posixpath.normpath(posixpath.join(folder, inner, rest))
                if found := self._script_file(path):
                    return found
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _script_file(self, path: str) -> str | None:
        if path in self.modules:
            return path
        stem = re.sub(r"\.(js|jsx|mjs|cjs)$", "", path)
        for base in (path, stem, f"{path}/index"):
            for ending in _SCRIPT_ENDINGS:
                if base + ending in self.modules:
                    return base + ending
        return None


def _globals(module: Module) -> Iterator[str]:
    """Yield the names that a script, which imports and exports nothing, gives to all others."""
    body = module.main.body
    if any(isinstance(each, Import | Export) for each in body) or _requires(body):
        return
    for each in body:
        if isinstance(each, Define):
            yield each.what.name
        elif isinstance(each, Assign) and isinstance(each.target, Name):
            yield each.target.id


def _requires(body: Iterable[Statement]) -> bool:
    return any(
        isinstance(each, Assign)
        and isinstance(each.value, Call)
        and each.value.of == Name("require")
        for each in body
    )


def _shared(path: str, other: str) -> int:
    return len(posixpath.commonpath([f"/{path}", f"/{other}"]).split("/"))


def _matched(pattern: str, module: str) -> str | None:
    if "*" not in pattern:
        return "" if pattern == module else None
    before, _, after = pattern.partition("*")
    if module.startswith(before) and module.endswith(after):
        return module[len(before) : len(module) - len(after)]
    return None


def read_aliases(files: Mapping[str, bytes]) -> tuple[Aliases, ...]:
    """Return what tsconfig.json and jsconfig.json files say of paths, the deepest first."""
    found: list[Aliases] = []
    for path, content in files.items():
        if not isinstance(said := _lenient_json(content), dict):
            continue
        options = said.get("compilerOptions")
        if not isinstance(options, dict):
            continue
        base = options.get("baseUrl")
        paths = options.get("paths")
        pairs = tuple(
            (pattern, tuple(target for target in targets if isinstance(target, str)))
            for pattern, targets in (paths.items() if isinstance(paths, dict) else ())
            if isinstance(targets, list)
        )
        is_base = isinstance(base, str)
        if pairs or is_base:
            folder = posixpath.dirname(path)
            found.append(Aliases(folder, base if is_base else None, pairs))
    return tuple(sorted(found, key=lambda aliases: (-len(aliases.folder), aliases.folder)))


def read_packages(files: Mapping[str, bytes]) -> dict[str, tuple[str, ...]]:
    """Return where the modules of each package.json may lie, by its name; its main one first."""
    found: dict[str, tuple[str, ...]] = {}
    for path, content in sorted(files.items(), key=lambda item: (item[0].count("/"), item[0])):
        said = _lenient_json(content) if posixpath.basename(path) == "package.json" else None
        name = said.get("name") if isinstance(said, dict) else None
        if isinstance(said, dict) and isinstance(name, str):
            folder = posixpath.dirname(path)
            mains = [said.get(key) for key in ("source", "module", "main")]
            written = [
                posixpath.join(folder, each)
                for main in mains
                if isinstance(main, str)
                for each in (main, re.sub(r"^(\./)?(dist|lib|build|out)/", "src/", main))
            ]
            inner = [posixpath.join(folder, each) for each in ("", "src", "lib")]
            found.setdefault(name, tuple(dict.fromkeys((*written, *inner))))
    return found


def _lenient_json(content: bytes) -> object:
    """Return JSON with comments and trailing commas; None if it is none."""
    text = content.decode("utf-8-sig", "replace")
    text = re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda m: m[1] or "", text, flags=re.S)
    text = re.sub(r",(\s*[}\]])", r"\1", text)
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def lines_of(modules: Iterable[Module]) -> int:
    return sum(module.lines for module in modules)
