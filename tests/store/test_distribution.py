"""The distribution: it needs psycopg alone, and its README tells the truth."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from pulse_store.settings import FILES
from tests.conftest import ROOT

FOLDER = ROOT / "pulse_store"
MODULES = sorted((FOLDER / "src").rglob("*.py"))
ALONE = {**os.environ, "PYTHONPATH": str(FOLDER / "src")}
# Those that an application may have installed: they are imported where they are used.
OPTIONAL = {"azure", "redis"}


def test_it_depends_on_psycopg_and_its_extra_on_redis() -> None:
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[\[<>= ]", each)[0] for each in project["dependencies"]]
    assert names == ["psycopg"]
    assert list(project["optional-dependencies"]) == ["redis"]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_nothing_else(module: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])
    foreign = imported - sys.stdlib_module_names - {"pulse_store"}
    assert foreign <= {"psycopg", *OPTIONAL}
    assert len(module.read_text().splitlines()) <= 400


def test_an_import_waits_for_nothing_that_a_call_may_bring() -> None:
    code = (
        "import sys, pulse_store; "
        "print(*(name for name in ('psycopg', 'asyncio', 'azure', 'redis') if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ALONE
    )
    assert done.stdout.split() == []


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a venv with the distribution and what it needs, as pip installs it."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    # pip builds in the folder that it is given.
    source = shutil.copytree(
        FOLDER, folder / "pulse_store", ignore=shutil.ignore_patterns("*.egg-info", "build")
    )

    def pip(program: str | Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [program, "-m", "pip", "-q", "--disable-pip-version-check", *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    if pip(python, "download", "--no-deps", "-d", folder, "psycopg").returncode == 0:
        done = pip(python, "install", source)
    else:
        # Without an index from wheels that the machine has, by PIP_FIND_LINKS or pip's settings.
        wheel = ("wheel", "--no-deps", "--no-build-isolation", "-w", folder, source)
        done = pip(sys.executable, *wheel)
        assert done.returncode == 0, done.stderr
        (built,) = folder.glob("*.whl")
        done = pip(python, "install", "--no-index", built)
        if "No matching distribution found for psycopg" in done.stderr:
            pytest.skip("neither a package index nor a wheel of psycopg can be reached")
    assert done.returncode == 0, done.stderr
    return python


@pytest.mark.long
def test_it_is_small(installed: Path) -> None:
    (packages,) = (installed.parents[1] / "lib").glob("python*/site-packages")
    of_the_venv = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils")
    size = sum(
        file.stat().st_size
        for file in packages.rglob("*")
        if file.is_file() and not file.relative_to(packages).parts[0].startswith(of_the_venv)
    )
    assert 100_000 < size <= 30_000_000


@pytest.mark.long
def test_the_lines_of_the_readme_run(
    app: DatabaseSettings, installed: Path, tmp_path: Path
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
    script = tmp_path / "application.py"
    script.write_text(code)
    variables = {
        **os.environ, "PYTHONPATH": "",
        URL_VARIABLE: app.as_url(with_password=True), FILES: str(tmp_path),
    }  # fmt: skip
    for length in (1, 2):
        done = subprocess.run(
            [installed, script], capture_output=True, text=True, env=variables, check=True
        )
        name = "sessions/5e551000-0000-4000-8000-000000000001/conversation.json"
        assert done.stdout == f"{length} ['{name}']\n"
    away = {**variables, URL_VARIABLE: "postgresql://127.0.0.1:1/nowhere"}
    done = subprocess.run([installed, script], capture_output=True, text=True, env=away, check=True)
    assert done.stdout.startswith("503 ")
