"""Small trees of code, and what an audit says of them as rows."""

from collections.abc import Mapping
from pathlib import Path

from loaders.advisor.audit import Request, audit
from loaders.advisor.judging.result import AuditResult

Row = tuple[str, int, str, str, str]


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, and return it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
    return root


def audited(root: Path, files: Mapping[str, str | bytes]) -> AuditResult:
    return audit(Request(write(root, files)))


def places(result: AuditResult, *forms: str) -> list[Row]:
    """Return (file, line, operation, form, template) of all places in code."""
    found = [
        (place.file, place.line, place.operation, place.form, finding.template)
        for finding in (*result.findings, *result.wrappers)
        for place in finding.places
        if not forms or place.form in forms
    ]
    return sorted(found)


def templates(result: AuditResult) -> dict[str, str | None]:
    return {finding.template: finding.disposition for finding in result.findings}


def rules(result: AuditResult) -> dict[str, set[str]]:
    """Return the rules of each template."""
    return {
        finding.template: {rule for place in finding.places for rule in place.rules}
        for finding in (*result.findings, *result.wrappers)
    }
