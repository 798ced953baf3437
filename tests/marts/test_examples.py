"""The example tree becomes what examples/expected.md says, cell by cell."""

import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import ROOT
from tests.marts.comparison import MARTS, in_order, rows_of
from tests.marts.expectations import load_expectations, marts_on

# The whole road, once: what each server makes of the example tree.
pytestmark = pytest.mark.every_server

EXPECTED = load_expectations(ROOT / "examples" / "expected.md")
RELATIONS = [
    *(f"analytics.{mart}" for mart in MARTS),
    "staging.stg_pulse__rejected_values",
    "raw.quarantine",
]


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_cell_is_as_expected_by_hand(built_examples: DatabaseSettings, relation: str) -> None:
    expected = EXPECTED[relation]
    with connect(built_examples) as connection:
        found = rows_of(connection, relation, expected.columns)
    by_hand = in_order([tuple(row[c] for c in expected.columns) for row in expected.rows])
    missing = [row for row in by_hand if row not in found]
    surplus = [row for row in found if row not in by_hand]
    assert (missing, surplus) == ([], [])
    assert len(found) == len(by_hand)


def test_the_page_covers_every_mart() -> None:
    assert marts_on(EXPECTED) == set(MARTS)


def test_a_snapshot_says_how_it_was_computed(built_examples: DatabaseSettings) -> None:
    with connect(built_examples) as connection:
        found = connection.execute(
            "select meta from analytics.user_readiness_latest "
            "where user_id = 'ada1ec75-0724-46cf-a5d1-1321a58903e3'"
        ).fetchone()
    # The seventh moment of expected.md, "Readiness of Ada, step by step".
    assert found == (
        {
            "formula": "v1",
            "window_days": 30,
            "weights": {
                "technical": 0.3,
                "communication": 0.3,
                "structure": 0.2,
                "behavioral": 0.2,
            },
            "sample_sizes": {
                "technical": 2,
                "communication": 2,
                "structure": 2,
                "behavioral": 2,
                "overall": 2,
            },
        },
    )
