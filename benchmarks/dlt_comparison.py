"""Runs dlt for comparison, in a virtual environment that is kept under .pulse/bench."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks.ground import BenchmarkServer, give_up, keep_warm, note
from loaders.database.settings import DatabaseSettings
from loaders.project.root import project_root

_VERSION = "1.31.0"
# parquet is the extra that brings Arrow.
_REQUIREMENT = f"dlt[postgres,filesystem,parquet]=={_VERSION}"

# By its path: its environment lacks this package.
_SCRIPT = Path(__file__).with_name("dlt_pipeline.py")

# About a minute of dlt. It works file by file, so its rate is extrapolated to larger trees.
_FILES_AT_MOST = 300_000

# The shapes in which dlt accepts documents, see benchmarks/dlt_pipeline.py.
_SHAPES = {"rows": "rows of parsed JSON", "tables": "Arrow tables of JSON text"}


@dataclass(frozen=True)
class DltRun:
    """What dlt did with some files of the tree, and how long all would have taken it."""

    shape: str
    files: int
    of_files: int
    rows: int
    seconds: float

    @property
    def seconds_for_all(self) -> float:
        """Return its seconds for the whole tree, extrapolated per file where it saw less."""
        return self.seconds * self.of_files / self.files

    def __str__(self) -> str:
        part = "" if self.files == self.of_files else f", extrapolated from {self.files:,} files"
        return f"dlt {_VERSION}, filesystem → postgres, {_SHAPES[self.shape]}{part}"


def run_dlt(server: BenchmarkServer, tree: Path, work: Path) -> list[DltRun]:
    """Load the tree, or as much of it as takes dlt about a minute, once in each shape."""
    python = _installed()
    files = sorted(path for path in tree.rglob("*.json") if path.is_file())
    runs = []
    with _part_of(tree, files, work) as part, tempfile.TemporaryDirectory(dir=work) as scratch:
        for shape in _SHAPES:
            note(f"dlt, {_SHAPES[shape]}")
            database = server.fresh("dlt")
            server.settle()
            keep_warm(part)
            runs.append(_run(python, shape, database, part, Path(scratch), len(files)))
    server.fresh("dlt")
    return runs


def _run(
    python: Path,
    shape: str,
    database: DatabaseSettings,
    tree: Path,
    scratch: Path,
    of_files: int,
) -> DltRun:
    folder = scratch / shape
    folder.mkdir()
    done = subprocess.run(
        [python, _SCRIPT, shape, _url(database), tree, folder],
        # Away from the checkout, where a user may keep settings of their own for dlt.
        cwd=folder,
        env={
            **os.environ,
            # dlt writes an id to the home directory even where it sends nothing.
            "HOME": str(folder),
            "DLT_DATA_DIR": str(folder),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        give_up(f"dlt failed: {done.stderr[-2_000:]} (--without-dlt leaves it out)")
    said = json.loads(done.stdout.splitlines()[-1])
    files = min(of_files, _FILES_AT_MOST)
    if said["rows"] < 0.99 * files:
        give_up(f"dlt landed {said['rows']:,} of {files:,} files; that is no comparison")
    return DltRun(shape, files, of_files, said["rows"], said["seconds"])


def _url(database: DatabaseSettings) -> str:
    parts = database.parameters
    # dlt insists on a password; our server trusts local connections.
    return (
        f"postgresql://{parts['user']}:none@localhost:{parts['port']}/{parts['dbname']}"
        f"?host={quote(parts['host'], safe='')}"
    )


@contextmanager
def _part_of(tree: Path, files: list[Path], work: Path) -> Iterator[Path]:
    """Yield the tree, or one of hard links to an even choice of the files that dlt may see."""
    if len(files) <= _FILES_AT_MOST:
        yield tree
        return
    with tempfile.TemporaryDirectory(prefix="part-", dir=work) as folder:
        part = Path(folder)
        for number in range(_FILES_AT_MOST):
            path = files[number * len(files) // _FILES_AT_MOST]
            link = part / path.relative_to(tree)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.hardlink_to(path)
        yield part


def _installed() -> Path:
    """Return the Python of an environment that holds dlt, made at the first call."""
    folder = project_root() / ".pulse" / "bench" / f"dlt-{_VERSION}"
    python = folder / "bin" / "python"
    finished = folder / ".installed"
    if not finished.exists():
        note(f"installing {_REQUIREMENT} for the comparison")
        _quietly([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        _quietly([*pip, "install", _REQUIREMENT])
        finished.touch()
    return python


def _quietly(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        give_up(f"dlt cannot be installed: {done.stderr[-2_000:]} (--without-dlt leaves it out)")
