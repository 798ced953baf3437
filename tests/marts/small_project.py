"""The project cut down to nine models, for tests of how builds go and not of what marts say.

It has one of everything that a build treats in a way of its own: seeds, a model of whole documents
and one that follows it by keys, one compared whole at every build, views, a mart, a view for BI.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from loaders.project.marts import read_yaml
from tests.marts.rebuilding import Project, copy_project

MART = "analytics.trainer_change_logs"

_NODES = {
    "base_pulse__evaluations",
    "base_pulse__evaluations__steps",
    "base_pulse__sale_states",
    "base_pulse__trainer_change_logs",
    "stg_pulse__trainer_change_logs",
    "stg_pulse__user_identities",
    "trainer_change_logs",
    "reporting__trainer_change_logs",
    "pulse_steps",
    "readiness_bands",
}
_DESCRIBED = ("models", "seeds", "unit_tests", "exposures")
MART_FILE = "models/marts/core/trainer_change_logs.sql"
MART_YAML = "models/marts/core/_core__models.yml"
# A column that the mart may be given.
LOUD = {
    "name": "loud_scenario",
    "data_type": "text",
    "description": "The scenario.",
    "constraints": [
        {"type": "not_null"},
        {"type": "check", "expression": "loud_scenario = upper(loud_scenario)"},
    ],
}


def copy_small_project(folder: Path, shared: Path) -> Project:
    """Copy what dbt reads of these models."""
    project = copy_project(folder, shared, "small")
    _cut_down(project, _NODES, keep_tests=True)
    text = (project.root / MART_YAML).read_text()
    described = read_yaml(text)
    (mart,) = described["models"]
    # Ours has no check that could be lost.
    column(mart["columns"], "pulse_step")["constraints"] = [
        {"type": "check", "expression": "pulse_step <> ''"}
    ]
    (project.root / MART_YAML).write_text(yaml.safe_dump(described))
    return project


def copy_part(folder: Path, shared: Path, manifest: Any, *models: str) -> Project:  # noqa: ANN401 - dbt's types are its own
    """Copy some models and what they are made of, without dbt's tests.

    The manifest is that of the whole project.
    """
    by_id = dict(manifest.nodes)
    waiting = [node for node in by_id.values() if node.name in models]
    assert len(waiting) == len(models)
    nodes = set()
    while waiting:
        node = waiting.pop()
        nodes.add(node.name)
        waiting += [by_id[parent] for parent in node.depends_on_nodes if parent in by_id]
    project = copy_project(folder, shared, "part of " + " ".join(models))
    _cut_down(project, nodes, keep_tests=False)
    return project


def _cut_down(project: Project, nodes: set[str], *, keep_tests: bool) -> None:
    for folder, pattern in (("models", "*.sql"), ("seeds", "*.csv")):
        for file in (project.root / folder).rglob(pattern):
            if file.stem not in nodes:
                file.unlink()
    for file in (project.root / "tests" / "assertions").glob("*.sql"):
        file.unlink()
    for folder in ("models", "seeds"):
        for file in (project.root / folder).rglob("*.yml"):
            described = _of_these(read_yaml(file.read_text()), nodes)
            if not keep_tests:
                _forget_tests([*described.get("models", ()), *described.get("seeds", ())])
            file.write_text(yaml.safe_dump(described))


def _forget_tests(described: list[dict[str, Any]]) -> None:
    for each in described:
        for tested in (each, *each.get("columns", ())):
            tested.pop("data_tests", None)


def _of_these(described: dict[str, Any], nodes: set[str]) -> dict[str, Any]:
    return {
        key: [one for one in value if one["name"] in nodes] if key in _DESCRIBED else value
        for key, value in described.items()
    }


def edit_columns(
    project: Project, file: str, model: str, change: Callable[[list[dict[str, Any]]], object]
) -> None:
    """Change what the YAML says of the columns of a model."""
    text = (project.root / file).read_text()
    described = read_yaml(text)
    (found,) = (each for each in described["models"] if each["name"] == model)
    change(found["columns"])
    project.edit(file, (text, yaml.safe_dump(described)))


def column(columns: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return what is said of a column."""
    (found,) = (each for each in columns if each["name"] == name)
    return found


def break_the_mart(project: Project) -> None:
    """Have the mart fail, and the view on it be skipped."""
    project.edit(MART_FILE, ("md5(logs.source_path)::uuid", "(1 / 0 * length(logs.source_path))"))
