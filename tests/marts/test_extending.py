"""What docs/extending.md says of models beside its examples, which test_docs_on_a_server runs."""

import shutil
from pathlib import Path

import pytest
import yaml

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import ROOT, RunCommand
from tests.marts.machine import blocks
from tests.marts.rebuilding import copy_project

pytestmark = pytest.mark.newest_server

PAGE = "docs/extending.md"


def test_the_page_has_an_example_of_everything() -> None:
    written = {block.path.split("/")[0] for block in blocks(PAGE) if block.path}
    assert written >= {"models", "seeds", "snapshots", "tests", "packages", "packages.yml"}
    for block in blocks(PAGE):
        if block.path.endswith(".yml"):
            assert isinstance(yaml.safe_load(block.text), dict), block.path


def test_a_model_that_does_not_parse_stops_the_build_and_the_marts_stay(
    standing: DatabaseSettings, tmp_path: Path, shared_folder: Path, pulse_elt: RunCommand
) -> None:
    root = copy_project(tmp_path, shared_folder).root
    shutil.copytree(ROOT / "config", root / "config")
    (root / "models" / "own" / "half.sql").write_text("select {{ ref('learners') }")
    with connect(standing) as connection:
        built = "select count(*) from staging.builds"
        before = connection.execute(built).fetchone()
        done = pulse_elt("build", PULSE_ELT_PROJECT_DIR=str(root))
        assert done.returncode == 4
        assert "half" in done.stdout + done.stderr
        assert connection.execute(built).fetchone() == before
