"""Every example of docs/extending.md works as it is written, in the page's order."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import ROOT, RunCommand
from tests.marts.analysts_guide import answer_of
from tests.marts.rebuilding import copy_project

PAGE = ROOT / "docs" / "extending.md"
_BLOCK = re.compile(r"(?:^`([\w./]+)`:\n\n)?^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code: a file where a path stands above it; else commands, a query, an answer."""

    path: str
    language: str
    text: str


def blocks() -> list[Block]:
    return [Block(*found) for found in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))]


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout in which the page's commands run."""

    root: Path
    pulse_elt: RunCommand

    def run(self, line: str) -> tuple[int, str]:
        """Run a line as a shell would; return its exit code and what was said."""
        words = line.split()
        here = {"PULSE_ELT_PROJECT_DIR": str(self.root)}
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            here[name] = value
        command, *arguments = [word.strip("'") for word in words]
        if command == "pulse-elt":
            done = self.pulse_elt(*arguments, **here)
        else:
            module = {
                "dbt": ["dbt.cli.main"],
                "make": [f"loaders.project.generated_{arguments[0]}"],
            }[command]
            rest = arguments if command == "dbt" else []
            done = subprocess.run(
                [sys.executable, "-m", *module, *rest],
                cwd=self.root,
                env={**os.environ, **here, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=False,
            )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def checkout(tmp_path: Path, shared_folder: Path, pulse_elt: RunCommand) -> Checkout:
    root = copy_project(tmp_path, shared_folder).root
    for folder in ("config", "docs", "deploy"):
        shutil.copytree(ROOT / folder, root / folder)
    return Checkout(root, pulse_elt)


def test_every_example_works_as_written(standing: DatabaseSettings, checkout: Checkout) -> None:
    query = ""
    with connect(standing) as connection:
        connection.execute("set timezone = 'UTC'")
        for block in blocks():
            if block.path:
                file = checkout.root / block.path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, encoding="utf-8")
            elif block.language == "sh":
                for line in block.text.splitlines():
                    code, said = checkout.run(line)
                    assert code == 0, f"{line}\n{said}"
            elif block.language == "sql":
                query = block.text
            else:
                assert answer_of(connection, query) == block.text


def test_the_page_has_an_example_of_everything() -> None:
    written = {block.path.split("/")[0] for block in blocks() if block.path}
    assert written >= {"models", "seeds", "snapshots", "tests", "packages", "packages.yml"}
    for block in blocks():
        if block.path.endswith(".yml"):
            assert isinstance(yaml.safe_load(block.text), dict), block.path


def test_a_model_that_does_not_parse_stops_the_build_and_the_marts_stay(
    standing: DatabaseSettings, checkout: Checkout
) -> None:
    (checkout.root / "models" / "own" / "half.sql").write_text("select {{ ref('learners') }")
    with connect(standing) as connection:
        built = "select count(*) from staging.builds"
        before = connection.execute(built).fetchone()
        code, said = checkout.run("pulse-elt build")
        assert code == 4
        assert "half" in said
        assert connection.execute(built).fetchone() == before
