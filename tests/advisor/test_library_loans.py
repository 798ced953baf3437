"""The example application: findings equal its labels, also under other names and quotes."""

import csv
import re
import shutil
import tokenize
from pathlib import Path

from loaders.advisor.audit import Request, audit
from loaders.advisor.judging.result import AuditResult
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "library_loans"
# What the copy calls differently, in paths, names and texts; each a whole word.
RENAMED = {
    "loans": "rentals", "loan_id": "rental_id", "loanId": "rentalId", "library": "depot",
    "fines": "dues", "fine_id": "due_id", "readers": "renters", "reader_id": "renter_id",
    "readerId": "renterId", "config": "setup", "cache": "spare", "settings": "knobs",
    "write_json": "put_doc", "jsonfile": "docs", "Store": "Shelf", "DATA": "BASE", "books": "tools",
    "reservations": "bookings", "covers": "images",
}  # fmt: skip


def labels() -> set[tuple[str, ...]]:
    with (EXAMPLE / "expected.tsv").open(encoding="utf-8", newline="") as file:
        return {
            tuple(row[column] for column in COLUMNS) for row in csv.DictReader(file, delimiter="\t")
        }


COLUMNS = ("file", "line", "operation", "form", "role", "template", "disposition", "rule")


def rows(result: AuditResult) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = {
        (
            place.file,
            str(place.line),
            place.operation,
            place.form,
            place.role,
            finding.template,
            finding.disposition or "-",
            " ".join(place.rules) or "-",
        )
        for finding in (*result.findings, *result.wrappers)
        for place in finding.places
    }
    found |= {
        (place.file, str(place.line), place.operation, place.form, "test", place.template, "-", "-")
        for place in result.tests
    }
    found |= {
        (note.file, str(note.line), "-", "-", "code", "-", "-", note.rule) for note in result.notes
    }
    return found


def test_findings_equal_the_labels_written_by_hand() -> None:
    assert rows(audit(Request(EXAMPLE))) == labels()


def renamed(text: str) -> str:
    for old, new in RENAMED.items():
        text = re.sub(rf"(?<![A-Za-z0-9_]){old}(?![A-Za-z0-9_])", new, text)
    return text


def requoted(text: str) -> str:
    """Return Python with single quotes; what cannot be tokenized stays."""
    lines = text.splitlines(keepends=True)
    try:
        found = list(tokenize.generate_tokens(iter(lines).__next__))
    except (tokenize.TokenError, SyntaxError):
        return text
    for token in reversed(found):
        said = re.fullmatch(r'([fr]?)"([^"\'\\\n]*)"', token.string)
        if token.type == tokenize.STRING and said and token.start[0] == token.end[0]:
            line = lines[token.start[0] - 1]
            new = f"{said[1]}'{said[2]}'"
            lines[token.start[0] - 1] = line[: token.start[1]] + new + line[token.end[1] :]
    return "".join(lines)


def test_findings_are_the_same_under_other_names_paths_and_quotes(tmp_path: Path) -> None:
    for path in sorted(EXAMPLE.rglob("*")):
        if path.is_dir() or "__pycache__" in path.parts or path.name == "expected.tsv":
            continue
        copy = tmp_path / renamed(path.relative_to(EXAMPLE).as_posix())
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".py", ".ts", ".tsx", ".js", ".mjs", ".cjs", ".toml"):
            text = renamed(path.read_text(encoding="utf-8"))
            if path.suffix == ".py":
                text = requoted(text)
            copy.write_text(text, encoding="utf-8")
        else:
            shutil.copy(path, copy)
    expected = {tuple(renamed(cell) for cell in row) for row in labels()}
    assert rows(audit(Request(tmp_path))) == expected
