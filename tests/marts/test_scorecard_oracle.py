"""Scorecards of every generation, right and wrong, against a second reading of the specification.

The table is written by hand; the thousands of random documents are judged by `oracle.scorecards`,
which the table judges too.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from loaders.database.connection import connect
from tests.conftest import Server, create_database, drop_database
from tests.marts.oracle.made_up_scorecards import scorecard
from tests.marts.oracle.scorecards import Scorecard, normalise
from tests.marts.oracle.writing import write_text
from tests.marts.warm_dbt import PartOf

RANDOM_SCORECARDS = 4_000

NONE: dict[str, str] = {}
WON = '"pulse_details": {"sale_outcome": "won"}'
CERTIFIED_PARTS = '"Agent_Scores": {"BCE_Score": 85, "MCF_Score": 85, "CPO_Score": 85}'

# name: document → format, overall, bce, weighted, passed, rejected fields
Row = tuple[str, str, str | None, str | None, str | None, bool | None, dict[str, str]]
TABLE: dict[str, Row] = {
    # The unit scale, and what keeps a document from it.
    "a-lone-1-is-unit": ('{"overall": {"score": 1}}', "unit", "100.00", None, None, True, NONE),
    "a-lone-1.00-is-unit": (
        '{"overall": {"score": 1.00}}', "unit", "100.00", None, None, True, NONE,
    ),
    "a-lone-text-1-is-unit": (
        '{"overall": {"score": "1"}}', "unit", "100.00", None, None, True, NONE,
    ),
    "1-beside-parts-over-1-is-pulse": (
        '{"overall": {"score": 1}, "bce": {"score": 3}}', "pulse", "1.00", "100.00", None, False,
        NONE,
    ),
    "1-with-a-raw-score-is-pulse": (
        '{"overall": {"score": 1, "raw_score": 0.03}}', "pulse", "1.00", None, None, False, NONE,
    ),
    "1-with-details-is-pulse": (
        '{"overall": {"score": 1}, "pulse_details": {}}', "pulse", "1.00", None, None, False, NONE,
    ),
    "null-raw-score-and-details-say-nothing": (
        '{"overall": {"score": 1, "raw_score": null}, "pulse_details": null}', "unit", "100.00",
        None, None, True, NONE,
    ),
    "all-zeros-are-unit": (
        '{"overall": {"score": 0}, "bce": {"score": 0}, "mcf": {"score": 0}, "cpo": {"score": 0}}',
        "unit", "0.00", "0.00", "0.00", False, NONE,
    ),
    "zeros-with-details-are-pulse": (
        '{"overall": {"score": 0}, "bce": {"score": 0}, "mcf": {"score": 0}, "cpo": {"score": 0}, '
        + WON + "}", "pulse", "0.00", "0.00", "0.00", False, NONE,
    ),
    "just-over-1-is-pulse": (
        '{"overall": {"score": 1.0001}}', "pulse", "1.00", None, None, False, NONE,
    ),
    "below-0-is-not-unit": (
        '{"overall": {"score": 0.9}, "bce": {"score": -0.1}}', "pulse", "0.90", None, None, False,
        {"bce.score": "out_of_range"},
    ),
    "a-unit-tie-goes-away-from-zero": (
        '{"overall": {"score": 0.69995}}', "unit", "70.00", None, None, True, NONE,
    ),
    "unit-parts-alone": (
        '{"bce": {"score": 0.5}, "mcf": {"score": 1}, "cpo": {"score": 0.25}}', "unit", None,
        "50.00", "61.25", None, NONE,
    ),
    "what-cannot-be-cast-does-not-decide": (
        '{"overall": {"score": 0.58}, "bce": {"score": "N/A"}}', "unit", "58.00", None, None,
        False, {"bce.score": "not_a_number"},
    ),
    # Pulse: overall of 100, parts of 3.
    "parts-without-overall": (
        '{"bce": {"score": 3}, "mcf": {"score": 2.5}, "cpo": {"score": 3}, ' + WON + "}", "pulse",
        None, "100.00", "94.17", None, NONE,
    ),
    "a-weighted-tie-goes-away-from-zero": (
        '{"bce": {"score": 2.5}, "mcf": {"score": 2.2}, "cpo": {"score": 2}}', "pulse", None,
        "83.33", "75.67", None, NONE,
    ),
    "the-range-comes-before-rounding": (
        '{"overall": {"score": 100.001}, "bce": {"score": 3.00001}, "pulse_details": {}}', "pulse",
        None, None, None, None, {"overall.score": "out_of_range", "bce.score": "out_of_range"},
    ),
    "raw-score-stands-in": (
        '{"overall": {"score": "N/A", "raw_score": 2.1}}', "pulse", "70.00", None, None, True,
        {"overall.score": "not_a_number"},
    ),
    "raw-score-alone": (
        '{"overall": {"raw_score": "2.55"}}', "pulse", "85.00", None, None, True, NONE,
    ),
    "an-unusable-raw-score-alone": (
        '{"overall": {"raw_score": 3.5}}', "pulse", None, None, None, None,
        {"overall.raw_score": "out_of_range"},
    ),
    "numbers-as-text": (
        '{"overall": {"score": "85"}, "bce": {"score": "1.5e0"}}', "pulse", "85.00", "50.00", None,
        True, NONE,
    ),
    "decimal-commas": (
        '{"overall": {"score": "72,5"}, "bce": {"score": 2}}', "pulse", None, "66.67", None, None,
        {"overall.score": "not_a_number"},
    ),
    "percent-outside-certification": (
        '{"overall": {"score": 78}, "bce": {"score": "85%"}}', "pulse", "78.00", None, None, True,
        {"bce.score": "not_a_number"},
    ),
    "a-boolean-is-no-score": (
        '{"overall": {"score": 78}, "bce": {"score": true}}', "pulse", "78.00", None, None, True,
        {"bce.score": "not_a_number"},
    ),
    "out-of-range-both-ways": (
        '{"overall": {"score": 250}, "bce": {"score": -3}, "mcf": {"score": 1e400}}', "pulse",
        None, None, None, None,
        {"overall.score": "out_of_range", "bce.score": "out_of_range",
         "mcf.score": "out_of_range"},
    ),
    "parts-that-are-no-objects": (
        '{"overall": {"score": 62}, "bce": "good", "mcf": [1], "cpo": 2.5}', "pulse", "62.00",
        None, None, False, {"bce": "wrong_shape", "mcf": "wrong_shape", "cpo": "wrong_shape"},
    ),
    "null-parts-are-missing-parts": (
        '{"overall": {"score": 62}, "bce": null, "cpo": {"score": null}}', "pulse", "62.00", None,
        None, False, NONE,
    ),
    "details-that-are-no-object": (
        '{"overall": {"score": 1}, "pulse_details": "won"}', "pulse", "1.00", None, None, False,
        {"pulse_details": "wrong_shape"},
    ),
    "details-nobody-knows": (
        '{"overall": {"score": 78}, "pulse_details": {"final_stage": 6, "trust_score": 14, '
        '"sale_outcome": "abandoned", "missteps": "pushy", "total_exchanges": "a dozen"}}',
        "pulse", "78.00", None, None, True,
        {"pulse_details.final_stage": "out_of_range", "pulse_details.trust_score": "out_of_range",
         "pulse_details.sale_outcome": "unknown_value", "pulse_details.missteps": "wrong_shape",
         "pulse_details.total_exchanges": "not_an_integer"},
    ),
    "the-verdict-of-the-file-counts": (
        '{"overall": {"score": 95, "passed": false}}', "pulse", "95.00", None, None, False, NONE,
    ),
    "a-verdict-that-is-none": (
        '{"overall": {"score": 70, "passed": "yes"}}', "pulse", "70.00", None, None, True,
        {"overall.passed": "not_a_boolean"},
    ),
    "just-under-the-threshold-rounds-up-to-it": (
        '{"overall": {"score": 69.995}}', "pulse", "70.00", None, None, True, NONE,
    ),
    "extra-fields-mean-nothing": (
        '{"overall": {"score": 85, "grade": "A"}, "evaluator": {"score": "N/A"}, "x": [1]}',
        "pulse", "85.00", None, None, True, NONE,
    ),
    "the-last-of-two-keys-counts": (
        '{"overall": {"score": 48}, "overall": {"score": 67}}', "pulse", "67.00", None, None,
        False, NONE,
    ),
    # Certification: every score of 100, a percent sign or none.
    "certification-with-percent-signs": (
        '{"Overall_Certification_Score": "88.5%", "Certification_Status": "PASS", "Agent_Scores": '
        '{"BCE_Score": 90.0, "MCF_Score": "87%", "CPO_Score": "88"}}', "certification", "88.50",
        "90.00", "88.45", True, NONE,
    ),
    "certification-of-1-is-not-unit": (
        '{"Overall_Certification_Score": 1}', "certification", "1.00", None, None, False, NONE,
    ),
    "certification-comes-before-pulse": (
        '{"Certification_Status": "FAIL", "pulse_details": {"sale_outcome": "won"}}',
        "certification", None, None, None, False, NONE,
    ),
    "a-status-alone": (
        '{"Certification_Status": "PASS"}', "certification", None, None, None, True, NONE,
    ),
    "a-status-nobody-knows": (
        '{"Certification_Status": "MAYBE", "Overall_Certification_Score": 70}', "certification",
        "70.00", None, None, True, {"Certification_Status": "unknown_value"},
    ),
    "certification-with-a-decimal-comma": (
        '{"Overall_Certification_Score": "81%", "Agent_Scores": {"BCE_Score": "12,5"}}',
        "certification", "81.00", None, None, True, {"Agent_Scores.BCE_Score": "not_a_number"},
    ),
    "certification-over-100-percent": (
        '{"Overall_Certification_Score": "100.1%"}', "certification", None, None, None, None,
        {"Overall_Certification_Score": "out_of_range"},
    ),
    "agent-scores-that-are-no-object": (
        '{"Overall_Certification_Score": 84, "Agent_Scores": [90, 87, 88]}', "certification",
        "84.00", None, None, True, {"Agent_Scores": "wrong_shape"},
    ),
    # Unknown: a row, no scores, one rejected value.
    "empty-object": ("{}", "unknown", None, None, None, None, {"$": "unknown_format"}),
    "only-fields-nobody-knows": (
        '{"score": 85, "passed": true}', "unknown", None, None, None, None,
        {"$": "unknown_format"},
    ),
    "parts-without-any-score": (
        '{"overall": {"passed": true}, "bce": {"summary": "…"}}', "unknown", None, None, None,
        True, {"$": "unknown_format"},
    ),
    "an-array": (
        '[{"overall": {"score": 85}}]', "unknown", None, None, None, None, {"$": "wrong_shape"},
    ),
    "a-number": ("85", "unknown", None, None, None, None, {"$": "wrong_shape"}),
    "a-text": ('"85"', "unknown", None, None, None, None, {"$": "wrong_shape"}),
    "null": ("null", "unknown", None, None, None, None, {"$": "wrong_shape"}),
}  # fmt: skip

# weighted 85.00 and a reason to certify, or not quite
CERTIFIED: dict[str, tuple[str, bool | None]] = {
    "85-and-pass": (f'{{"Certification_Status": "PASS", {CERTIFIED_PARTS}}}', True),
    "85-and-fail": (f'{{"Certification_Status": "FAIL", {CERTIFIED_PARTS}}}', False),
    "85-and-won": (
        '{"bce": {"score": 2.55}, "mcf": {"score": 2.55}, "cpo": {"score": 2.55}, ' + WON + "}",
        True,
    ),
    "under-85-and-won": (
        '{"bce": {"score": 2.55}, "mcf": {"score": 2.55}, "cpo": {"score": 2.54}, ' + WON + "}",
        False,
    ),
    "won-with-a-part-missing": (
        '{"bce": {"score": 3}, "mcf": {"score": 3}, ' + WON + "}",
        None,
    ),
}

PERSONAS = {
    "relater": "Relater", "DIRECTOR": "Director", "sOCIALIZER": "Socializer", "Thinker": "Thinker",
}  # fmt: skip


@dataclass(frozen=True)
class Built:
    """Documents by session key, and what the build made of them."""

    seed: int
    documents: dict[str, str]
    rows: dict[str, dict[str, Any]]
    rejected: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def built(
    server: Server,
    template: str,
    part_of: PartOf,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    request: pytest.FixtureRequest,
) -> Iterator[Built]:
    """Every document of this file, loaded and built at once."""
    chance = random.Random(seed)
    documents = {name: row[0] for name, row in TABLE.items()}
    documents |= {name: text for name, (text, _) in CERTIFIED.items()}
    documents |= {
        f"persona-{name}": f'{{"Persona_Tested": "{name}", "Certification_Status": "PASS"}}'
        for name in PERSONAS
    }
    for number in range(RANDOM_SCORECARDS * request.config.getoption("--examples")):
        documents[f"random-{number}"] = scorecard(chance)
    root = tmp_path_factory.mktemp("scorecards")
    for key, text in documents.items():
        write_text(root, _path(key), text)
    settings = create_database(server, "pulse_scorecards", template)
    part_of("scorecards", "stg_pulse__rejected_values").run(settings, root)
    with connect(settings) as connection:
        yield Built(seed, documents, _rows(connection), _rejected(connection))
    drop_database(server, "pulse_scorecards")


def _path(key: str) -> str:
    # Both names a scorecard may have.
    even = key.removeprefix("random-")[-1] in "02468"
    return f"scorecards/{key}.json" if even else f"sessions/{key}/scorecard.json"


def _rows(connection: psycopg.Connection) -> dict[str, dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    found = cursor.execute("select * from analytics.scorecards").fetchall()
    return {row["session_key"]: row for row in found}


def _rejected(connection: psycopg.Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path, field, reason in connection.execute(
        "select source_path, field, reason from staging.stg_pulse__rejected_values"
    ):
        key = Path(path).stem if path.startswith("scorecards/") else Path(path).parts[1]
        rejected = found.setdefault(key, {})
        assert field not in rejected, f"{path}: {field} is rejected twice"
        rejected[field] = reason
    return found


def _score(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize("name", TABLE)
def test_the_mart_says_of_an_edge_case_what_the_table_says(built: Built, name: str) -> None:
    _, scorecard_format, overall, bce, weighted, passed, rejected = TABLE[name]
    row = built.rows[name]
    found = [
        row[c] for c in ("scorecard_format", "overall_score", "bce_score", "weighted_score")
    ] + [row["is_passed"]]
    assert found == [scorecard_format, _score(overall), _score(bce), _score(weighted), passed]
    assert built.rejected.get(name, {}) == rejected


@pytest.mark.parametrize("name", CERTIFIED)
def test_the_certification_rule(built: Built, name: str) -> None:
    assert built.rows[name]["is_certified"] is CERTIFIED[name][1]


@pytest.mark.parametrize("name", PERSONAS)
def test_personas_have_initial_capitals(built: Built, name: str) -> None:
    assert built.rows[f"persona-{name}"]["persona"] == PERSONAS[name]


def test_thousands_of_scorecards_are_what_a_second_reading_of_the_specification_says(
    built: Built,
) -> None:
    # Lists of what differs, for pytest would explain the difference of thousands for minutes.
    assert sorted(built.rows.keys() ^ built.documents.keys())[:5] == []
    wrong = [
        f"{text}\n    {difference}"
        for key, text in built.documents.items()
        for difference in _differences(normalise(text), built.rows[key], built.rejected.get(key))
    ]
    assert not wrong, f"--seed {built.seed}, {len(wrong)} differences:\n" + "\n".join(wrong[:20])


def _differences(
    expected: Scorecard, row: dict[str, Any], rejected: dict[str, str] | None
) -> Iterator[str]:
    for column in (field.name for field in fields(Scorecard)):
        if column not in ("rejected", "left_open") and row[column] != getattr(expected, column):
            yield f"{column}: expected {getattr(expected, column)}, found {row[column]}"
    found = rejected or {}
    for path in sorted(found.keys() | expected.rejected.keys()):
        if path not in expected.left_open and found.get(path) != expected.rejected.get(path):
            yield f"rejected {path}: expected {expected.rejected.get(path)}, {found.get(path)}"


def test_the_random_scorecards_are_of_every_sort(built: Built) -> None:
    cards = [normalise(built.documents[key]) for key in built.documents if key.startswith("random")]
    formats = Counter(card.scorecard_format for card in cards)
    reasons = Counter(reason for card in cards for reason in card.rejected.values())
    certified = Counter(card.is_certified for card in cards)
    assert min(formats[name] for name in ("certification", "pulse", "unit", "unknown")) > 100
    assert min(certified.values()) > 25
    assert min(reasons.values()) > 25
    assert len(reasons) == 7, reasons
