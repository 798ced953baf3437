"""`make docs`: the documentation site holds everything that there is, with its columns."""

import json
import shutil
from pathlib import Path
from typing import Any

from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import ROOT, RunCommand
from tests.marts.comparison import MARTS

Catalog = dict[str, Any]


def test_the_documentation_holds_every_table_and_column(
    built_examples: DatabaseSettings, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    site = tmp_path / "target"
    done = pulse_elt.dbt(
        "docs", "generate", "--static", "--profiles-dir", tmp_path, DBT_TARGET_PATH=str(site),
        **{URL_VARIABLE: built_examples.as_url(with_password=True)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
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
