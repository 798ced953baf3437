"""classify on PULSE's own trees arrives at the reviewed rules by itself."""

from pathlib import Path

import pytest

from loaders.advisor.classification.classify import classify
from loaders.advisor.classification.command import run_classify
from loaders.advisor.classification.model import CERTAIN, Classified
from loaders.project.document_kinds import SYSTEM_OF_RECORD, read_document_kinds
from loaders.sample import SamplePlan, generate
from loaders.sources.opening import open_source
from tests.conftest import ROOT

RULES = ROOT / "config" / "document_kinds.json"


@pytest.fixture(params=["legacy", 1000, 3])
def pulse(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The example, and samples of PULSE's tree, of three sessions and more."""
    if request.param == "legacy":
        return ROOT / "examples" / "legacy"
    folder = tmp_path / "sample"
    generate(SamplePlan(request.param, max(1, request.param // 25), request.param, 0.0005), folder)
    return folder


def test_every_file_gets_the_disposition_of_its_rule(pulse: Path) -> None:
    kinds = read_document_kinds(RULES)
    result, templates = classify(str(pulse))
    wrong = []
    for template, verdict in zip(templates, result.verdicts, strict=True):
        for entry in template.leaf.sample:
            match = kinds.match(entry.path)
            if match.kind is not None and match.disposition != verdict.disposition:
                wrong.append((entry.path, verdict.template, verdict.disposition))
    assert wrong == []
    listed = {entry.path for entry in open_source(str(pulse), None).list()}
    assert result.files == len(listed)


def test_the_rules_are_not_consulted_for_a_verdict(
    pulse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rules = run_classify(str(pulse), None, is_proposing=True)

    def refuse(path: Path) -> None:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr("loaders.project.document_kinds.read_document_kinds", refuse)
    alone, _ = classify(str(pulse))
    assert alone.verdicts == with_rules.verdicts


def _proposed(result: Classified) -> dict[str, object]:
    assert result.proposal is not None
    return {
        str(path): rule.rule["disposition"]
        for rule in result.proposal.rules
        for path in rule.rule["paths"]  # type: ignore[attr-defined]
    }


def test_the_proposal_says_the_same_as_the_reviewed_rules(pulse: Path) -> None:
    result = run_classify(str(pulse), None, is_proposing=True)
    assert result.proposal is not None
    assert result.proposal.compared_with == "config/document_kinds.json"
    assert result.proposal.differences == ()
    assert SYSTEM_OF_RECORD in _proposed(result).values()
    assert "CONFIG_STATIC" in _proposed(result).values()


def test_where_the_reviewed_rules_differ_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "config").mkdir(parents=True)
    (project / "dbt_project.yml").touch()
    for name in ("document_kinds.json", "document_kinds.schema.json"):
        text = (ROOT / "config" / name).read_text()
        changed = text.replace('"agents.json"', '"sessions/{session_key}/notes.json"')
        (project / "config" / name).write_text(changed)
    tree = tmp_path / "tree" / "sessions" / "5f0c2e9a-7b1d-4c83-9e55-1a7d3b6c8f01"
    tree.mkdir(parents=True)
    (tree / "notes.json").write_text('{"text": "a"}')
    monkeypatch.setenv("PULSE_ELT_PROJECT_DIR", str(project))
    result = run_classify(str(tmp_path / "tree"), None, is_proposing=True)
    assert result.proposal is not None
    (difference,) = result.proposal.differences
    assert (difference.kind, difference.reviewed) == ("agent_roster", "CONFIG_STATIC")
    assert difference.disposition == "SYSTEM_OF_RECORD"


def test_what_the_data_alone_says_of_configuration_is_never_certain(pulse: Path) -> None:
    result, _ = classify(str(pulse))
    found = {verdict.confidence for verdict in result.verdicts if "CONFIG" in verdict.disposition}
    assert found
    assert CERTAIN not in found
