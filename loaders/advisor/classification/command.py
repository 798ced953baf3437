"""What the command does around a classification: asks the audit, proposes rules, writes."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from loaders.advisor.classification.classify import classify
from loaders.advisor.classification.model import Classified, CodeTemplate
from loaders.advisor.classification.rules import propose
from loaders.errors import WrongRequest
from loaders.project.root import project_root


def run_classify(
    tree: str, root: str | None, *, code: Path | None = None, is_proposing: bool = False
) -> Classified:
    """Classify a tree, with what the audit finds in a folder of code.

    Raises:
        WrongRequest: the tree cannot be listed, the code cannot be read, or the reviewed rules
            are not valid.
    """
    known = code_templates(code) if code is not None else ()
    result, templates = classify(tree, root, code, known)
    if not is_proposing:
        return result
    found = list(zip(templates, result.verdicts, strict=True))
    return replace(result, proposal=propose(found, _project()))


def code_templates(code: Path) -> Sequence[CodeTemplate]:
    """Return what the audit finds in a folder; nothing in it is imported or run.

    Raises:
        WrongRequest: the audit is not installed, or the folder or its settings cannot be read.
    """
    if not code.is_dir():
        raise WrongRequest(f"--code {code} is no folder.")
    try:
        # By name: its parsers are an extra of their own.
        audit = importlib.import_module("loaders.advisor.audit")
    except ModuleNotFoundError as error:
        raise WrongRequest(
            f"{error.name} is not installed: --code needs pip install 'pulse-elt[advisor]'."
        ) from error
    try:
        result = audit.audit(audit.Request(code))
    except OSError as error:
        raise WrongRequest(f"--code {code} cannot be read: {error.strerror}.") from error
    return [_code_template(finding) for finding in result.findings if finding.disposition]


def _code_template(finding: Any) -> CodeTemplate:  # noqa: ANN401 - of the audit
    operations: dict[str, list[str]] = {}
    for place in finding.places:
        operations.setdefault(place.operation, []).append(f"{place.file}:{place.line}")
    ordered: Mapping[str, Sequence[str]] = dict(sorted(operations.items()))
    return CodeTemplate(
        template=finding.template,
        disposition=finding.disposition,
        operations=ordered,
        reason=finding.reason.removeprefix("settled by the project: "),
        is_settled=finding.is_settled,
    )


def _project() -> Path | None:
    """Return the project whose rules are compared with the proposal; None outside of any."""
    try:
        return project_root()
    except WrongRequest:
        return None
