"""The landing gate and staging read scores alike: what one rejects, the other one does."""

import json
import random
from collections.abc import Iterator

import psycopg
import pytest

from tests.checking import faults, load_tree
from tests.conftest import RunCommand, Tree
from tests.marts.warm_dbt import WITHOUT_TESTS

# Those on which they differed once, and their neighbours; as JSON.
NAMED = [
    '"007"', '"00"', '"0"', '"-0"', '"1e5"', '"1E1"', '"1e-5"', '"1e+1"', '"1e"', '"e5"', '"1e1.5"',
    '" 85 "', r'"\t85\n"', '"\u00a085"', '"8 5"', '"85%"', '"85 %"', '"85%%"', '"%"', '"%85"',
    '"85% "', '"+5"', '"--5"', '"-5"', '"- 5"', '".5"', '"5."', '"5.0"', '"5.5.5"', '"5,5"',
    '"0.50"', '"01.5"', '"1e400"', '"1e-400"', '"1e131071"', '"1e999999"', '"1e-999999"',
    '"-1e999999999999"',
    '"0x1F"', '"0b1"', '"0o7"', '"1_000"', '"NaN"', '"Infinity"', '"-inf"', '"yesterday"', '""',
    '" "',
    '"true"', '"null"', '"\u0665"', '"\uff18\uff15"', '"\u221285"', '"85\u200b"', '"85\\u0001"',
    "true", "false", "null", "[]", "[85]", "{}", '{"value": 85}', "0", "-0", "85", "85.5", "100",
    "100.0000000001", "101", "-0.0000001", "1e2", "1e5", "1E-3", "1e400", "-1e400",
]  # fmt: skip

VERDICTS = """
select
    source_path,
    coalesce(rejected_values ?| array['overall.score', 'Overall_Certification_Score'], false)
from staging.base_pulse__scorecards
"""


def hostile_scores() -> Iterator[str]:
    """Yield a thousand scores as JSON."""
    yield from NAMED
    chosen = random.Random(20261129)
    for _ in range(1_000 - len(NAMED)):
        text = "".join(chosen.choices("0123456789.eE+-% \t", k=chosen.randint(1, 7)))
        yield json.dumps(text)


@pytest.mark.long
def test_the_gate_and_staging_reject_the_same_scores(
    connection: psycopg.Connection, tree: Tree, pulse_elt: RunCommand
) -> None:
    for number, score in enumerate(hostile_scores()):
        app = f'{{"overall": {{"score": {score}}}, "pulse_details": {{}}}}'
        tree.write(f"sessions/app-{number}/scorecard.json", app.encode())
        certification = f'{{"Overall_Certification_Score": {score}}}'
        tree.write(f"sessions/cert-{number}/scorecard.json", certification.encode())
    load_tree(tree)
    done = pulse_elt("build", "--select", "base_pulse__scorecards", *WITHOUT_TESTS)
    assert done.returncode == 0, done.stdout + done.stderr
    staging: dict[str, bool] = dict(connection.execute(VERDICTS).fetchall())
    assert len(staging) == 2_000

    gate = {path: "bad_score" in reasons for path, reasons in faults(connection)}
    assert {path for path in staging if staging[path] != gate[path]} == set()
    assert 300 < sum(gate.values()) < 1_900
    named = {score: gate[f"sessions/app-{n}/scorecard.json"] for n, score in enumerate(NAMED)}
    assert all(named[score] for score in ('"007"', '"+5"', '".5"', '"5."', '"85%"', "true"))
    assert all(named[score] for score in ('"1e5"', '"1e999999"', "1e400"))
    assert not any(named[score] for score in ('" 85 "', '"1E1"', '"1e-5"', "null", "85"))
    certified = {score: gate[f"sessions/cert-{n}/scorecard.json"] for n, score in enumerate(NAMED)}
    assert not certified['"85%"'] and certified['"85%%"'] and certified['"007"']  # noqa: PT018
