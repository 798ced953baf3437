"""The example application on any helpers, and sessions that are played on it."""

import importlib
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "application"
CONFIGURATION = EXAMPLE / "configuration"
USER = "7c0b0d3e-0000-4000-8000-000000000001"
STORE_HELPERS = "pulse_store.helpers"

_IMPORT = "from .in_memory import "
_numbers = itertools.count()

Answer = tuple[int, bytes]


@dataclass(frozen=True)
class Application:
    """A copy of the example as a package of its own, with a clock and keys that it repeats."""

    name: str

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self.name}.{name}")

    @property
    def answer(self) -> Callable[..., Answer]:
        found: Callable[..., Answer] = self.module("app").answer
        return found

    @property
    def documents(self) -> dict[str, Any]:
        """What is in the dictionary."""
        texts = self.module("in_memory").DOCUMENTS
        return {path: json.loads(text) for path, text in texts.items()}


def application(folder: Path, helpers: str = ".in_memory", patch: str = "") -> Application:
    """Copy the example into a new folder, change its one import, and import it."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    handlers = folder / "simulator" / "handlers.py"
    text = handlers.read_text()
    assert text.count(_IMPORT) == 1
    handlers.write_text(text.replace(_IMPORT, f"from {helpers} import "))
    if patch:
        git = shutil.which("git")
        assert git is not None
        subprocess.run([git, "apply", "-"], input=patch.encode(), cwd=folder, check=True)
    name = f"simulator_{next(_numbers)}"
    package = folder / "simulator"
    spec = spec_from_file_location(
        name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None
    sys.modules[name] = module_from_spec(spec)
    found = Application(name)
    ticks, keys, clock = itertools.count(), itertools.count(1), found.module("clock")
    clock.now = lambda: f"2026-03-02T09:00:00.{next(ticks):06}+00:00"  # type: ignore[attr-defined]
    clock.new_id = lambda: str(UUID(int=next(keys), version=4))  # type: ignore[attr-defined]
    return found


def requests(turns: int) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """Yield the requests of a learner: a session of so many turns, a short one, and mistakes."""
    for number, length in enumerate((turns, 2), start=1):
        session = UUID(int=number, version=4)
        yield "POST", "/sessions", {"userId": USER, "persona": "Director"}
        for turn in range(length):
            yield "POST", f"/sessions/{session}/chat", {"message": said(turn)}
            if turn % 10 == 0:
                yield "GET", f"/sessions/{session}", None
        yield "POST", f"/sessions/{session}/finish", None
        yield "GET", f"/users/{USER}/history", None
        yield "GET", f"/users/{USER}/readiness", None
    yield "GET", "/sessions", None
    yield "GET", f"/sessions/{session}", None
    yield "GET", "/users/nobody/history", None
    yield "GET", "/users/nobody/readiness", None
    yield "POST", "/sessions/none/finish", None
    yield "POST", "/sessions", {"userId": USER, "scenarioId": "none"}


def said(turn: int) -> str:
    """Return what a learner says, not all of it wisely."""
    if turn % 9 == 7:
        return "Buy now, it is your last chance!"
    return f'How do you sleep?\n"Größe" {turn} \U0001f6cf \\u0041'


def play(app: Application, turns: int) -> list[Answer]:
    """Return the answers to all requests, each handled by a thread of a pool."""
    with ThreadPoolExecutor(4) as threads:
        return [threads.submit(app.answer, *each).result() for each in requests(turns)]
