"""Generates Superset's datasets of the reporting views; `make superset-assets` runs it.

A dataset takes its description, key, columns and their comments from dbt's manifest. Its main time
column is the view's first, and its metrics follow from the columns' names and types.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

import yaml

from loaders.project.generation import report_written, write_outdated_files

ASSETS = "deploy/superset/assets"
DATASETS = f"{ASSETS}/datasets/pulse"
_WRITTEN = "# Written by 'make superset-assets' from the YAML of the view.\n"
_SCHEMA = "reporting"
_TIMES = ("timestamptz", "timestamp with time zone", "date")
_SCORE = "numeric(5,2)"
_LABELS = {"user_id_text": "Learner"}

Entry = dict[str, Any]


def asset_uuid(place: str) -> UUID:
    """Return the fixed id of an asset, by its path without ending: 'charts/sessions_by_week'."""
    return uuid5(uuid5(NAMESPACE_DNS, "pulse-elt"), place)


def generated(root: Path, manifest: Mapping[str, Any]) -> dict[Path, str]:
    """Return the file of each view's dataset, by path."""
    return {
        root / DATASETS / f"{view['alias']}.yaml": _WRITTEN + _as_yaml(_dataset(view))
        for view in _views(manifest)
    }


def unknown(root: Path, manifest: Mapping[str, Any]) -> set[Path]:
    """Return generated files whose view is gone."""
    found = {
        file
        for file in (root / DATASETS).glob("*.yaml")
        if file.read_text(encoding="utf-8").startswith(_WRITTEN)
    }
    return found - set(generated(root, manifest))


def write_generated(root: Path, manifest: Mapping[str, Any]) -> tuple[Path, ...]:
    """Write the files that are out of date, delete those without a view; return their paths."""
    gone = unknown(root, manifest)
    for path in gone:
        path.unlink()
    return (*write_outdated_files(generated(root, manifest)), *sorted(gone))


def _views(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for node in manifest["nodes"].values():
        is_ours = node["resource_type"] == "model" and node["package_name"] == "pulse_elt"
        if is_ours and node["config"]["schema"] == _SCHEMA:
            yield node


def _dataset(view: Mapping[str, Any]) -> Entry:
    name = view["alias"]
    columns = list(view["columns"].values())
    times = [column["name"] for column in columns if column["data_type"] in _TIMES]
    return {
        "table_name": name,
        "main_dttm_col": times[0] if times else None,
        "description": _description(view["description"]),
        "schema": _SCHEMA,
        "sql": None,
        "filter_select_enabled": True,
        "uuid": str(asset_uuid(f"datasets/pulse/{name}")),
        "database_uuid": str(asset_uuid("databases/pulse")),
        "columns": [
            {
                "column_name": column["name"],
                "verbose_name": label(column["name"]),
                "description": " ".join(column["description"].split()),
                "type": column["data_type"].upper(),
                "is_dttm": column["data_type"] in _TIMES,
                "groupby": True,
                "filterable": True,
            }
            for column in columns
        ],
        "metrics": list(_metrics(columns)),
        "version": "1.0.0",
    }


def _description(text: str) -> str:
    """Return what a row is, and what the view says of its key and joins."""
    grain = re.search(r"### Grain\n(.*?)(?:\n\n|\Z)", text, re.DOTALL)
    return " ".join([text.splitlines()[0], *(grain[1].split() if grain else ())])


def label(name: str) -> str:
    """Return a column's name as people read it."""
    if name in _LABELS:
        return _LABELS[name]
    words = name.removeprefix("is_").replace("_", " ")
    return words[:1].upper() + words[1:]


def _metrics(columns: list[Mapping[str, Any]]) -> Iterator[Entry]:
    yield _metric("row_count", "Rows", "COUNT(*)", ",d")
    for column in columns:
        name, data_type = column["name"], column["data_type"]
        lower = label(name).lower()
        if name == "user_id":
            yield _metric("learners", "Learners", "COUNT(DISTINCT user_id)", ",d")
        elif data_type == _SCORE and name != "threshold":
            yield _metric(f"mean_{name}", f"Mean {lower}", f"AVG({name})", ".1f")
        elif data_type == "boolean":
            yield _metric(f"share_{name}", f"Share {lower}", f"AVG({name}::int)", ".0%")
        elif name.endswith(("count", "sample_size")):
            yield _metric(f"sum_{name}", f"Sum of {lower}", f"SUM({name})", ",d")


def _metric(name: str, verbose: str, expression: str, form: str) -> Entry:
    return {
        "metric_name": name,
        "verbose_name": verbose,
        "expression": expression,
        "d3format": form,
    }


def _as_yaml(dataset: Entry) -> str:
    return str(yaml.safe_dump(dataset, sort_keys=False, allow_unicode=True, width=100))


if __name__ == "__main__":
    _manifest = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    report_written(lambda root: write_generated(root, _manifest))
