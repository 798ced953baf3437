"""What tests of nightly runs share: who watches silently, who listens to hooks, and the book."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import psycopg

from loaders.errors import PulseEltError
from loaders.landing.load import Progress
from loaders.nightly.model import Details, Stage, StageResult
from loaders.nightly.run import STAGES_OF_A_NIGHT, Night, Stages
from tests.conftest import EXAMPLES


@dataclass
class SilentWatch:
    """Shows nothing; calls back when a stage begins, a node is done, the database is away."""

    on_begin: Callable[[Stage], None] = lambda stage: None
    on_node: Callable[[str], None] = lambda name: None
    on_wait: Callable[[], None] = lambda: None
    waited: list[Stage] = field(default_factory=list)

    def loading(self) -> AbstractContextManager[Callable[[Progress], None]]:
        return nullcontext(lambda progress: None)

    def building(self) -> AbstractContextManager[Callable[[str], None]]:
        return nullcontext(self.on_node)

    def begins(self, stage: Stage) -> None:
        self.on_begin(stage)

    def waits(self, stage: Stage, seconds: float, error: PulseEltError) -> None:
        self.waited.append(stage)
        self.on_wait()

    def ends(self, result: StageResult, details: Details) -> None:
        pass


class Listener(ThreadingHTTPServer):
    """A server that remembers what it was sent, and answers with the status it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.heard: list[Any] = []
        self.pings = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        assert self.headers["Content-Type"] == "application/json"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(json.loads(body))
        self._answer()

    def do_GET(self) -> None:
        self.server.pings += 1
        self._answer()

    def _answer(self) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a free port of 127.0.0.1."""
    with Listener() as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield listener
        finally:
            listener.shutdown()
            thread.join()


def changed_sessions(folder: Path, persona: str) -> Path:
    """Write the example tree with another persona in each session that can land.

    Scorecards stay: the bad ones among them were let through as part of the first import.
    """
    tree = folder / f"sessions-{persona}"
    shutil.copytree(EXAMPLES, tree, symlinks=True)
    for file in tree.glob("sessions/*/session.json"):
        with suppress(orjson.JSONDecodeError):
            session = orjson.loads(file.read_bytes())
            if isinstance(session, dict):
                file.write_bytes(orjson.dumps({**session, "persona": persona}))
    return tree


def stages_with(build: Callable[[], object]) -> Stages:
    """Return the stages of a night with a stand-in for the build, and no checks after it."""

    def build_as_told(night: Night) -> StageResult:
        build()
        return StageResult("build", "succeeded")

    return {
        **STAGES_OF_A_NIGHT,
        "build": build_as_told,
        "mart_checks": lambda night: StageResult("mart_checks", "succeeded"),
    }


def last_run(connection: psycopg.Connection) -> tuple[str, dict[str, str]]:
    """Return status and stages of the last run."""
    row = connection.execute(
        "select run_id, status from ops.runs order by run_id desc limit 1"
    ).fetchone()
    assert row is not None
    stages = connection.execute(
        "select stage, status from ops.run_stages where run_id = %s", (row[0],)
    ).fetchall()
    return row[1], dict(stages)
