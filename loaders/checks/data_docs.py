"""Data Docs: a page per check as Great Expectations renders it, and an index, in plain files."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from loaders.checks.result import CheckResult, FailedExpectation

# The pages of two months of nights, or a month of both gates.
KEPT = 60
_LIST = "checks.json"
# Whatever would run, or be fetched from elsewhere: the site is read from disk, without a network.
_ALIVE = re.compile(r"<script\b.*?</script>|<script\b[^>]*/>|<link\b[^>]*>|<img\b[^>]*>", re.DOTALL)

# Unique in a section only.
_IDS = re.compile(r'\sid="[^"]*"')

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="data_docs.css">
</head>
<body>
{body}
</body>
</html>
"""

_TITLES = {"landing": "Landing gate", "marts": "Mart checks"}


def write(
    site: Path, name: str, result: CheckResult, as_of: datetime, results: Mapping[str, Any]
) -> None:
    """Write a check's page, leave the newest sixty, and list them in index.html.

    results are Great Expectations' own, by asset.
    """
    site.mkdir(parents=True, exist_ok=True)
    css = (resources.files("loaders.checks") / "data_docs.css").read_text()
    (site / "data_docs.css").write_text(css)
    (site / name).write_text(_page(result, as_of, results))
    entries = [entry for entry in _entries(site) if entry["page"] != name]
    entries.append(
        {
            "page": name,
            "gate": result.gate,
            "as_of": as_of.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "outcome": outcome(result),
            "sentence": result.sentence,
        }
    )
    entries.sort(key=lambda entry: entry["as_of"], reverse=True)
    for entry in entries[KEPT:]:
        (site / entry["page"]).unlink(missing_ok=True)
    (site / _LIST).write_text(json.dumps(entries[:KEPT], indent=1))
    (site / "index.html").write_text(_index(entries[:KEPT]))


def outcome(result: CheckResult) -> str:
    """Return passed, failed or accepted."""
    if not result.failed:
        return "passed"
    return "failed" if result.accepted_because is None else "accepted"


def _entries(site: Path) -> list[dict[str, str]]:
    try:
        entries: list[dict[str, str]] = json.loads((site / _LIST).read_text())
    except (OSError, ValueError):
        return []
    return [entry for entry in entries if (site / entry["page"]).is_file()]


def _index(entries: list[dict[str, str]]) -> str:
    rows = "\n".join(
        f'<tr><td><a href="{escape(entry["page"])}">{escape(entry["as_of"])}</a></td>'
        f"<td>{_TITLES[entry['gate']]}</td>"
        f'<td class="{entry["outcome"]}">{entry["outcome"]}</td>'
        f"<td>{escape(entry['sentence'])}</td></tr>"
        for entry in entries
    )
    body = (
        "<h1>Data Docs of pulse-elt</h1>\n<p>The last checks of both gates, newest first.</p>\n"
        '<table class="index"><thead><tr><th>as of (UTC)</th><th>gate</th><th>outcome</th>'
        f"<th>what it found</th></tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
    )
    return _PAGE.format(title="Data Docs of pulse-elt", body=body)


def _page(result: CheckResult, as_of: datetime, results: Mapping[str, Any]) -> str:
    title = f"{_TITLES[result.gate]}, {as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    parts = [
        '<p><a href="index.html">All checks</a></p>',
        f"<h1>{title}</h1>",
        f'<p class="lead {outcome(result)}">{outcome(result).capitalize()}. '
        f"{result.expectations} expectations, {len(result.failed)} failed.</p>",
    ]
    if result.accepted_because is not None:
        parts.append(f"<p>Accepted because: {escape(result.accepted_because)}</p>")
    parts += [_failure(failed) for failed in result.failed]
    parts += [part for asset, each in results.items() for part in _sections(asset, each)]
    return _PAGE.format(title=title, body="\n".join(parts))


def _failure(failed: FailedExpectation) -> str:
    documents = "".join(f"<li>{escape(path)}</li>" for path in failed.documents)
    listed = f'<ul class="documents">{documents}</ul>' if documents else ""
    return (
        f'<p><span class="failed">✗ {escape(failed.name)}</span> '
        f"{escape(failed.sentence)}</p>{listed}"
    )


def _sections(asset: str, result: Any) -> Iterator[str]:  # noqa: ANN401 - Great Expectations' own
    """Yield what Great Expectations makes of an asset's results, without its frame."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaSectionView

    yield f"<h2>Rows of <code>{escape(asset)}</code></h2>"
    result.meta["run_id"] = None
    for each in result.results:
        # Great Expectations writes values as they are, and ours come from strangers' documents.
        each.result = _escaped(each.result)
    document = ValidationResultsPageRenderer().render(result).to_json_dict()
    # The first section is an overview of what stands above already.
    for number, section in enumerate(document["sections"][1:], start=1):
        html = DefaultJinjaSectionView().render(
            {"section": section, "section_loop": {"index": f"{asset}-{number}"}}
        )
        yield _IDS.sub("", _ALIVE.sub("", html)).replace("NaN% null", "no rows")


def _escaped(value: Any) -> Any:  # noqa: ANN401 - JSON is any shape
    if isinstance(value, dict):
        return {name: _escaped(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    return escape(value) if isinstance(value, str) else value
