"""The example for the advisor works, and its labels name lines and files that are there."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "library_loans"
OPERATIONS = {"read", "write", "list", "exists", "delete", "-"}
DISPOSITIONS = {"SYSTEM_OF_RECORD", "CONFIG_STATIC", "CACHE", "UNCERTAIN", "-"}
LABELS = sorted((ROOT / "tests" / "advisor" / "unseen").rglob("*.tsv"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_applications_own_tests_pass(tmp_path: Path) -> None:
    # In a folder of its own: pytest closes the one that it shares with this run to the user of the
    # embedded server, which then loses its files.
    own = f"--basetemp={tmp_path / 'own'}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", own, "tests"]
    done = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_label_of_the_example_is_a_line_of_its_file() -> None:
    for row in rows(EXAMPLE / "expected.tsv"):
        lines = (EXAMPLE / row["file"]).read_text(encoding="utf-8").splitlines()
        assert 0 < int(row["line"]) <= len(lines), row
        assert lines[int(row["line"]) - 1].strip(), row
        assert row["why"], row


def test_every_file_of_the_examples_data_is_classified_once() -> None:
    counted = sum(int(row["files"]) for row in rows(EXAMPLE / "expected_classify.tsv"))
    assert counted == sum(path.is_file() for path in (EXAMPLE / "data").rglob("*"))


@pytest.mark.parametrize(
    "path", [EXAMPLE / "expected.tsv", *LABELS], ids=lambda path: str(path.stem)
)
def test_labels_use_the_known_words_in_order(path: Path) -> None:
    found = rows(path)
    assert {row["operation"] for row in found} <= OPERATIONS
    assert {row["disposition"] for row in found} <= DISPOSITIONS
    if path.parent == EXAMPLE:
        order = [(row["file"], int(row["line"]), row["operation"]) for row in found]
        assert order == sorted(order)
