"""What the tests of classify share: the example with its labels, and trees written for a test."""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from loaders.advisor.classification.classify import classify
from loaders.advisor.classification.model import Classified, CodeTemplate, Verdict
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "library_loans"
DATA = EXAMPLE / "data"
ANN = "5f0c2e9a-7b1d-4c83-9e55-1a7d3b6c8f01"
BEN = "a8d1f3c4-02be-4f67-8d19-6c5e7a90b412"
CLEO = "c3b7a590-64d2-4e1f-a0b8-92f4d5e6c723"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def position_only(template: str) -> str:
    """Return a template in which all placeholders are alike."""
    return re.sub(r"\{[^}]*\}", "{}", template)


def expected() -> dict[str, tuple[int, str]]:
    """Files and disposition by template, as labelled by hand."""
    labels = rows(EXAMPLE / "expected_classify.tsv")
    return {
        position_only(row["template"]): (int(row["files"]), row["disposition"]) for row in labels
    }


def dispositions(result: Classified) -> dict[str, tuple[int, str]]:
    return {
        position_only(verdict.template): (verdict.files, verdict.disposition)
        for verdict in result.verdicts
    }


def labelled_code() -> list[CodeTemplate]:
    """What the labels say of the example's code, as the audit is to find it."""
    places: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    found: dict[str, str] = {}
    for row in rows(EXAMPLE / "expected.tsv"):
        if row["role"] == "code" and row["disposition"] != "-":
            places[row["template"]][row["operation"]].append(f"{row['file']}:{row['line']}")
            found[row["template"]] = row["disposition"]
    return [
        CodeTemplate(
            template,
            found[template],
            dict(operations),
            reason="It is typed once a year.",
            is_settled="shelf_marks" in template,
        )
        for template, operations in places.items()
    ]


def write(root: Path, files: dict[str, Any]) -> Path:
    """Write files below a folder: bytes as they are, else as JSON."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return root


def verdicts(root: Path, *code: CodeTemplate) -> dict[str, Verdict]:
    """Classify a folder; return the verdicts by template, placeholders alike."""
    result, _ = classify(str(root), None, root if code else None, code)
    return {position_only(verdict.template): verdict for verdict in result.verdicts}
