"""`make docs`: the documentation site holds everything that there is, with its columns."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import ROOT
from tests.marts.comparison import MARTS

Catalog = dict[str, Any]


def test_the_documentation_holds_every_table_and_column(
    built_examples: DatabaseSettings, dbt_environment: dict[str, str], tmp_path: Path
) -> None:
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    named = {URL_VARIABLE: built_examples.as_url(with_password=True)}
    command = [sys.executable, "-m", "dbt.cli.main", "docs", "generate", "--static"]
    done = subprocess.run(
        [*command, "--profiles-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, **dbt_environment, **named},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    site = Path(dbt_environment["DBT_TARGET_PATH"])
    catalog: Catalog = json.loads((site / "catalog.json").read_text(encoding="utf-8"))
    manifest: Catalog = json.loads((site / "manifest.json").read_text(encoding="utf-8"))

    relations = {**catalog["nodes"], **catalog["sources"]}
    described = {
        name: set(node["columns"])
        for name, node in {**manifest["nodes"], **manifest["sources"]}.items()
        if node["resource_type"] in ("model", "seed", "source")
        and node["config"].get("materialized") != "ephemeral"
    }
    assert {name: set(relation["columns"]) for name, relation in relations.items()} == described
    held = {(r["metadata"]["schema"], r["metadata"]["name"]) for r in relations.values()}
    assert held >= {(schema, mart) for schema in ("analytics", "reporting") for mart in MARTS}

    page = (site / "static_index.html").read_text(encoding="utf-8")
    assert "Welcome. Here is every table and view that pulse-elt builds" in page
    assert "business_intelligence" in page
