"""The example tree becomes what examples/expected.md says, cell by cell."""

import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import ROOT
from tests.marts.comparison import MARTS, in_order, rows_of
from tests.marts.expectations import load_expectations

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
    described = {heading for heading in EXPECTED if heading.startswith("analytics.")}
    assert described == {f"analytics.{mart}" for mart in MARTS}
