"""The layout of docs/design.md §2: files stay short, modules import only rooms before their own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

LONGEST = 400
ADVISOR = ROOT / "loaders" / "advisor"
# Each may import those before it.
ROOMS = (
    "errors", "project", "database", "sources", "sample", "landing", "transform", "checks",
    "operations", "pictures", "pipeline", "nightly", "advisor", "cli",
)  # fmt: skip


# The same for the rooms of the advisor.
ADVISOR_ROOMS = (
    "words", "dispositions", "files", "languages", "flow", "settings", "places", "judging",
    "output", "classification", "audit", "command",
)  # fmt: skip


def files() -> Iterator[Path]:
    for folder in ("loaders", "macros", "models", "config", "seeds"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES)


SUFFIXES = (".py", ".sql", ".yml", ".md", ".json", ".csv")


def test_no_file_is_longer_than_can_be_read_at_once() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in files()
        # What is generated is not read, and grows with its source.
        if "Written by 'make" not in path.read_text()[:300]
    }
    assert len(lengths) > 100
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def modules() -> list[Path]:
    return sorted((ROOT / "loaders").rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Return the modules of ours that a module imports, at its top or in its functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("loaders"):
            module = str(node.module)
            found |= {f"{module}.{name.name}" for name in node.names} | {module}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.startswith("loaders")}
    return {name for name in found if path_of(name) is not None}


def path_of(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def room_of(path: Path, house: Path = ROOT / "loaders") -> str:
    return path.relative_to(house).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_rooms_before_its_own(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        assert imports_of(path) == set()
        return
    for module in imports_of(path):
        found = path_of(module)
        assert found is not None
        other = room_of(found)
        if other not in ("__init__", room):
            assert ROOMS.index(other) < ROOMS.index(room), f"{room} imports {module}"


@pytest.mark.parametrize(
    "path", sorted(ADVISOR.rglob("*.py")), ids=lambda path: str(path.relative_to(ADVISOR))
)
def test_a_module_of_the_advisor_imports_only_rooms_before_its_own(path: Path) -> None:
    room = room_of(path, ADVISOR)
    for module in imports_of(path):
        found = path_of(module)
        assert found is not None
        if ADVISOR in found.parents:
            other = room_of(found, ADVISOR)
            if other not in ("__init__", room):
                assert ADVISOR_ROOMS.index(other) < ADVISOR_ROOMS.index(room), module


def test_no_module_imports_itself_by_way_of_others() -> None:
    imports = {path: {path_of(module) for module in imports_of(path)} for path in modules()}
    done: set[Path] = set()

    def visit(path: Path, way: tuple[Path, ...]) -> None:
        assert path not in way, [str(step.relative_to(ROOT)) for step in (*way, path)]
        if path in done:
            return
        for other in imports.get(path, set()) - {path, None}:
            # A package's own file stands for the package: its modules import it by their names.
            if other is not None and other.name != "__init__.py":
                visit(other, (*way, path))
        done.add(path)

    for path in imports:
        visit(path, ())


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_read_or_written_in_the_encoding_of_the_locale(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _is_of_text(node):
            assert "encoding" in {word.arg for word in node.keywords}, f"line {node.lineno}"


def _is_of_text(call: ast.Call) -> bool:
    """Return whether a call opens a file as text, with no encoding given by place."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in ("read_text", "write_text"):
        return len(call.args) < {"read_text": 1, "write_text": 2}[name]
    modes = [each.value for each in call.args[-1:] if isinstance(each, ast.Constant)]
    return name == "open" and any(str(mode) in ("r", "w", "a", "x", "r+", "w+") for mode in modes)
