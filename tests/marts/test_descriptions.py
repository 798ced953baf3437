"""What dbt's YAML must say of every model, seed, source and exposure; no database is asked."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from loaders.project.marts import read_yaml
from tests.conftest import ROOT

HEADINGS = ["### Overview", "### Grain", "### Rules", "### Example"]
LONGEST_NAME = 63  # bytes; PostgreSQL cuts what is longer, without an error

# Names of columns that identify a person, quote somebody, or hold a document as written.
PERSONAL = re.compile(
    r"payload|meta|\w+_json|raw_metrics|(\w+_)?notes|(\w+_)*user_key|(\w+_)?source_path"
    r"|transcript_lines|rejected_text|rejected_values|observed_pattern|improvements|strengths|first_bytes|around"
)
# Of type jsonb and yet without anybody's words: names of fields.
IMPERSONAL_JSON = {"unknown_fields"}

_DOC = re.compile(r"\{\{ doc\('(\w+)'\) \}\}")
_DOCS_BLOCK = re.compile(r"\{% docs (\w+) %\}(.*?)\{% enddocs %\}", re.DOTALL)
_ALIAS = re.compile(r"alias='(\w+)'")


@dataclass(frozen=True)
class Described:
    """A relation or exposure of the YAML, and the layer that it stands in."""

    kind: str
    name: str
    layer: str
    content: dict[str, Any]

    @property
    def columns(self) -> list[dict[str, Any]]:
        return list(self.content.get("columns", []))


@cache
def described() -> tuple[Described, ...]:
    return tuple(_described())


def _described() -> Iterator[Described]:
    for file in sorted([*ROOT.glob("models/**/*.yml"), *ROOT.glob("seeds/*.yml")]):
        layer = file.relative_to(ROOT).parts[1]
        content = read_yaml(file.read_text(encoding="utf-8"))
        for kind in ("models", "seeds", "exposures"):
            for found in content.get(kind, []):
                yield Described(kind, found["name"], layer, found)
        for source in content.get("sources", []):
            yield Described("sources", source["name"], layer, source)
            for table in source["tables"]:
                yield Described("tables", table["name"], layer, table)


def _of(*kinds: str) -> list[Described]:
    found = [one for one in described() if one.kind in kinds]
    assert found
    return found


@cache
def _docs_blocks() -> dict[str, str]:
    return {
        name: text.strip()
        for file in ROOT.glob("models/**/*.md")
        for name, text in _DOCS_BLOCK.findall(file.read_text(encoding="utf-8"))
    }


def _is_told(description: object) -> bool:
    text = _DOC.sub(lambda found: _docs_blocks()[found[1]], str(description or ""))
    return len(text.split()) > 1 or text.endswith(".")


def test_everything_is_described() -> None:
    silent = [
        f"{one.kind} {one.name}"
        for one in described()
        if not _is_told(one.content.get("description"))
    ]
    assert silent == []


def test_every_column_is_described() -> None:
    relations = _of("models", "seeds", "tables")
    assert [one.name for one in relations if not one.columns] == []
    silent = [
        f"{one.name}.{column['name']}"
        for one in relations
        for column in one.columns
        if not _is_told(column.get("description"))
    ]
    assert silent == []


def test_every_file_of_dbt_has_its_description() -> None:
    models = sorted(file.stem for file in ROOT.glob("models/**/*.sql"))
    assert models == sorted(one.name for one in _of("models"))
    headers = {
        file.stem: next(csv.reader(file.open(encoding="utf-8")))
        for file in ROOT.glob("seeds/*.csv")
    }
    assert headers == {one.name: [column["name"] for column in one.columns] for one in _of("seeds")}


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_model_tells_overview_grain_rules_and_an_example(heading: str) -> None:
    for model in _of("models"):
        lines = model.content["description"].splitlines()
        assert [line for line in lines if line.startswith("### ")] == HEADINGS, model.name
        place = lines.index(heading)
        assert lines[place + 1].strip(), f"{model.name}: nothing below {heading}"


def test_a_model_and_a_seed_open_with_their_grain() -> None:
    others = [
        one.name
        for one in _of("models", "seeds")
        if not one.content["description"].startswith("One row per ")
    ]
    assert others == []


def test_no_name_is_longer_than_postgresql_keeps() -> None:
    names = [f"{one.layer}.{one.name}" for one in described()]
    names += [column["name"] for one in described() for column in one.columns]
    for file in ROOT.glob("models/**/*.sql"):
        names += _ALIAS.findall(file.read_text(encoding="utf-8"))
    assert [name for name in names if len(name.encode()) > LONGEST_NAME] == []
    assert "reporting.reporting__readiness_milestones" in names


def test_what_is_personal_or_a_payload_is_tagged() -> None:
    untagged = [
        f"{one.name}.{column['name']}"
        for one in _of("models", "tables")
        for column in one.columns
        if not column.get("config", {}).get("meta", {}).get("contains_pii")
        and (
            PERSONAL.fullmatch(column["name"])
            or (column.get("data_type") == "jsonb" and column["name"] not in IMPERSONAL_JSON)
        )
    ]
    assert untagged == []


def test_reporting_holds_nothing_personal() -> None:
    shown = [(one.name, column) for one in _of("models") if one.layer == "reporting"
             for column in one.columns]  # fmt: skip
    assert shown
    assert [
        f"{name}.{column['name']}"
        for name, column in shown
        if PERSONAL.fullmatch(column["name"]) or column.get("config")
    ] == []


def test_an_exposure_has_an_owner_that_is_no_person_and_bi_reads_all_of_reporting() -> None:
    exposures = {one.name: one.content for one in _of("exposures")}
    dashboards = {"where_a_team_stands", "what_to_train_next", "whether_the_programme_works"}
    others = {"readiness_card", "nightly_report", "business_intelligence", "readiness_page"}
    assert set(exposures) == dashboards | others
    for exposure in exposures.values():
        assert exposure["owner"]["name"].startswith("The ")
        assert "email" not in exposure["owner"]
    views = {f"ref('{one.name}')" for one in _of("models") if one.layer == "reporting"}
    assert set(exposures["business_intelligence"]["depends_on"]) == views


def test_an_assertion_opens_with_what_why_and_how() -> None:
    files = sorted(ROOT.glob("tests/assertions/**/*.sql"))
    assert files
    for file in files:
        opening = file.read_text(encoding="utf-8").splitlines()[:3]
        for line, words in zip(opening, ("What", "Why it matters", "How to resolve"), strict=True):
            assert re.fullmatch(rf"-- {words}: .{{20,}}", line), f"{file.name}: {line}"


def test_a_test_stops_the_build_unless_a_named_threshold_says_otherwise() -> None:
    files = [
        ROOT / "dbt_project.yml",
        *ROOT.glob("models/**/*.yml"),
        *ROOT.glob("seeds/*.yml"),
        *ROOT.glob("tests/assertions/**/*.sql"),
    ]
    severities = [
        line.strip()
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"severity|warn_if|error_if", line) and "var(" not in line
    ]
    assert severities == ["+severity: error"]
