"""No value of a tree is in any output, whatever its type and wherever it stands."""

import json
from pathlib import Path
from typing import Any

import pytest

from loaders.advisor.classification.command import run_classify
from loaders.cli.classify_display import RENDERERS
from tests.advisor.classified import ANN, BEN, CLEO, write

CANARIES = ("Zanzibar", "zz-canary", "canary@zz.example", "94837261", "2019-07-03", "8472.25")
_VALUES: dict[str, Any] = {
    "name": "Zanzibar",
    "text": "zz-canary\nwith | and `marks`",
    "email": "canary@zz.example",
    "number": 94837261,
    "share": 8472.25,
    "at": "2019-07-03T10:00:00Z",
    "day": "2019-07-03",
    "list": ["Zanzibar", 94837261, {"deep": ["zz-canary", {"x": 8472.25}]}],
    "flag": True,
    "none": None,
}


@pytest.fixture
def canaries(tmp_path: Path) -> Path:
    """A tree in which every kind of place holds canaries."""
    people = {
        f"people/{one}.json": {**_VALUES, "id": one, "email": f"{n}canary@zz.example"}
        for n, one in enumerate((ANN, BEN, CLEO))
    }
    return write(
        tmp_path / "tree",
        {
            **people,
            "config/settings.json": _VALUES,
            "config/limits.json": {"most": 94837261},
            "counts.json": {"most": 94837261, "least": 1},
            "rows.json": [_VALUES, _VALUES],
            "by_id.json": {ANN: "Zanzibar", BEN: 94837261},
            "by_mail.json": {"canary@zz.example": 1, "other": "Zanzibar"},
            "by_day.json": {"2019-07-03": 8472.25},
            "log.jsonl": b'{"at": "2019-07-03T10:00:00Z", "what": "Zanzibar"}\n{"x": "zz-canary',
            "damaged.json": b'{"name": "Zanzibar", ',
            "mail/canary@zz.example.json": _VALUES,
            "numbers/94837261.json": {"number": 94837261},
            "days/2019-07-03.json": {"n": 8472.25},
            "text.json": "Zanzibar",
            "number.json": 94837261,
        },
    )


@pytest.mark.parametrize("form", sorted(RENDERERS))
def test_values_are_in_no_output(canaries: Path, form: str) -> None:
    text = RENDERERS[form](run_classify(str(canaries), None, is_proposing=True))
    assert [canary for canary in (*CANARIES, ANN, BEN) if canary in text] == []
    assert "email" in text


def test_values_are_in_no_error(canaries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning or an error on the way would reach a terminal or a log."""
    (canaries / "deep.json").write_text('{"a":' * 5000 + '"Zanzibar"' + "}" * 5000)
    result = run_classify(str(canaries), None)
    assert "Zanzibar" not in json.dumps([verdict.reason for verdict in result.verdicts])
    assert result.damaged == 2


def test_the_same_tree_gives_the_same_bytes(canaries: Path) -> None:
    for render in RENDERERS.values():
        first = render(run_classify(str(canaries), None, is_proposing=True))
        assert render(run_classify(str(canaries), None, is_proposing=True)) == first
