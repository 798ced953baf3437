"""Every mart has a view for BI, with all its columns but the personal ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.project.marts import read_marts, read_yaml
from tests.conftest import ROOT
from tests.marts.comparison import MARTS, rows_of

# Views of the marts on the whole road.
pytestmark = pytest.mark.every_server

MODELS = ROOT / "models"
BY_NAME = {mart.name: mart for mart in read_marts(ROOT)}

# What identifies a person, says what was said, or is a document as written (docs/design.md §5).
PERSONAL = {
    ("scorecards", "legacy_user_key"),
    ("scorecards", "scorecard_json"),
    ("scorecards", "source_path"),
    ("session_events", "raw_metrics"),
    ("session_events", "notes"),
    ("session_transcripts", "transcript_lines"),
    ("session_transcripts", "transcript_json"),
    ("trainer_change_logs", "observed_pattern"),
    ("trainer_change_logs", "log_json"),
    ("user_readiness", "meta"),
    ("user_readiness_latest", "meta"),
}

_COLUMNS = """
select column_name, data_type, numeric_precision, numeric_scale
from information_schema.columns
where table_schema = %s and table_name = %s
order by ordinal_position
"""

_RELATIONS = """
select table_name, table_type from information_schema.tables where table_schema = %s
"""


def _described(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the models that a folder's YAML describes, by name."""
    return {
        model["name"]: model
        for file in sorted(folder.rglob("_*__models.yml"))
        for model in read_yaml(file.read_text(encoding="utf-8"))["models"]
    }


def _is_personal(column: Mapping[str, Any]) -> bool:
    return bool(column.get("config", {}).get("meta", {}).get("contains_pii"))


def test_the_personal_columns_are_tagged() -> None:
    tagged = {
        (name, column["name"])
        for name, mart in _described(MODELS / "marts").items()
        for column in mart["columns"]
        if _is_personal(column)
    }
    assert tagged == PERSONAL


def test_every_mart_has_its_view_and_nothing_else_is_there(
    built_examples: DatabaseSettings,
) -> None:
    with connect(built_examples) as connection:
        marts = {name for name, _ in connection.execute(_RELATIONS, ("analytics",))}
        views: dict[str, str] = dict(connection.execute(_RELATIONS, ("reporting",)).fetchall())
    assert marts == set(MARTS)
    assert views == dict.fromkeys(MARTS, "VIEW")
    assert set(_described(MODELS / "reporting")) == {f"reporting__{mart}" for mart in MARTS}


@pytest.mark.parametrize("mart", MARTS)
def test_a_view_shows_all_of_its_mart_but_what_is_personal(
    built_examples: DatabaseSettings, mart: str
) -> None:
    tags = {
        column["name"]: _is_personal(column)
        for column in _described(MODELS / "marts")[mart]["columns"]
    }
    with connect(built_examples) as connection:
        behind = connection.execute(_COLUMNS, ("analytics", mart)).fetchall()
        shown = connection.execute(_COLUMNS, ("reporting", mart)).fetchall()
        assert [name for name, *_ in behind] == list(tags)
        # What the view adds comes last: PostgreSQL then replaces it in place.
        added = [column.name for column in BY_NAME[mart].added]
        names = [name for name, *_ in shown if name not in added]
        assert shown[: len(names)] == [column for column in behind if not tags[column[0]]]
        assert [name for name, *_ in shown[len(names) :]] == added
        assert rows_of(connection, f"reporting.{mart}", names) == rows_of(
            connection, f"analytics.{mart}", names
        )
