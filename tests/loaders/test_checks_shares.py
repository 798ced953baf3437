"""Shares of files: a new one is an entry in the suite and a threshold, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loaders.database.settings import DatabaseSettings
from loaders.errors import WrongRequest
from tests.checking import PULSE, Gates, gates_of, load_tree, names, write_night
from tests.conftest import Tree

SHARE = {
    "name": "unsold",
    "kinds": ["scorecard"],
    "reason": "case when payload #>> '{pulse_details,sale_outcome}' = 'lost' then 'it is lost' end",
    "sentence": "are lost; at most {limit} % may be",
}


@pytest.fixture
def gates(database: DatabaseSettings, tmp_path: Path) -> Gates:
    """Gates of an empty database."""
    return gates_of(database, tmp_path)


def change_suite(gates: Gates, change: Callable[[Any], object]) -> None:
    path = gates.config / "expectations" / "landing.json"
    suite = json.loads(path.read_text())
    change(suite)
    path.write_text(json.dumps(suite))


def test_a_new_share_is_one_entry_and_one_threshold(gates: Gates, tree: Tree) -> None:
    change_suite(gates, lambda suite: suite["shares"].append(SHARE))
    gates.configure(
        lambda all_: all_["landing"]["shares"].update(unsold={"at_most": 2, "first": 25})
    )
    write_night(tree, "first", 30)
    load_tree(tree)
    first = gates.landing()
    assert first.is_passed, first.sentence
    lost = write_night(tree, "second")[:6]
    for number, path in enumerate(lost):
        tree.write(path, {**PULSE, "pulse_details": {"sale_outcome": "lost"}, "note": number})
    load_tree(tree)
    stopped = gates.landing()
    assert names(stopped) == ["unsold.scorecard"]
    assert stopped.sentence == (
        "3 % of the files of kind scorecard since the last check (6 of 200) are lost; "
        "at most 2 % may be (config/checks.json)."
    )
    assert set(stopped.failed[0].documents) == set(lost)
    page = next(gates.site.glob("landing-*-2.html")).read_text()
    assert page.count("it is lost") == 6


def test_a_share_of_all_kinds_is_counted_for_each(gates: Gates, tree: Tree) -> None:
    share = {"name": "all_bad", "reason": "'bad'", "sentence": "are bad; at most {limit} % may be"}
    change_suite(gates, lambda suite: suite["shares"].append(share))
    gates.configure(
        lambda all_: all_["landing"]["shares"].update(all_bad={"at_most": 2, "first": 25})
    )
    write_night(tree, "first", 30)
    load_tree(tree)
    assert names(gates.landing()) == ["all_bad.scorecard", "all_bad.session"]


def test_a_session_in_another_form_of_its_key_is_a_scorecards_session(
    gates: Gates, tree: Tree
) -> None:
    for number in range(30):
        key = f"5e551000-0000-4000-8000-{number:012}"
        for spelled in (key.upper(), f"dev-{number}-Zoe\u0308"):
            tree.write(f"sessions/{spelled}/scorecard.json", PULSE)
        for spelled in (f"{{{key}}}", f"dev-{number}-Zo\u00eb"):
            tree.write(f"sessions/{spelled}/session.json", {})
    load_tree(tree)
    found = gates.landing()
    assert found.is_passed, found.sentence


@pytest.mark.parametrize("missing", ["threshold", "share"])
def test_a_share_without_a_threshold_is_refused_by_name(gates: Gates, missing: str) -> None:
    if missing == "threshold":
        gates.configure(lambda all_: all_["landing"]["shares"].pop("unscored"))
    else:
        change_suite(gates, lambda suite: suite["shares"].pop(4))
    with pytest.raises(WrongRequest, match=r"unscored: a share is an entry in .* and a threshold"):
        gates.landing()
