"""Data Docs: a page per check with what every expectation found, and an index, in plain files."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from importlib import resources
from itertools import groupby
from pathlib import Path

from loaders.checks.evaluation import Evaluated, plain
from loaders.checks.result import CheckResult, FailedExpectation
from loaders.project.private import private_files

# The pages of two months of nights, or a month of both gates.
KEPT = 60
_LIST = "checks.json"
# Patterns of all that is written.
NAMES = ("landing-*.html", "marts-*.html", "index.html", "data_docs.css", _LIST)

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

_BOUNDS = {
    "mostly": lambda value: f"in at least {100 * value:.6g} % of the rows",
    "min_value": lambda value: f"at least {value:g}",
    "max_value": lambda value: f"at most {value:g}",
}


def write(
    site: Path, name: str, result: CheckResult, as_of: datetime, evaluated: Sequence[Evaluated]
) -> None:
    """Write a check's page, leave the newest sixty, and list them in index.html."""
    with private_files():
        _write_pages(site, name, result, as_of, evaluated)


def _write_pages(
    site: Path, name: str, result: CheckResult, as_of: datetime, evaluated: Sequence[Evaluated]
) -> None:
    site.mkdir(parents=True, exist_ok=True)
    style = resources.files("loaders.checks") / "data_docs.css"
    _write(site / "data_docs.css", style.read_text("utf-8"))
    _write(site / name, _page(result, as_of, evaluated))
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
    _write(site / _LIST, json.dumps(entries[:KEPT], indent=1))
    _write(site / "index.html", _index(entries[:KEPT]))


def _write(file: Path, text: str) -> None:
    # The pages say that they are UTF-8; a locale may be something else.
    file.write_text(text, encoding="utf-8")


def outcome(result: CheckResult) -> str:
    """Return passed, failed or accepted."""
    if not result.failed:
        return "passed"
    return "failed" if result.accepted_because is None else "accepted"


def _entries(site: Path) -> list[dict[str, str]]:
    try:
        entries: list[dict[str, str]] = json.loads((site / _LIST).read_text(encoding="utf-8"))
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


def _page(result: CheckResult, as_of: datetime, evaluated: Sequence[Evaluated]) -> str:
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
    parts += [
        _asset(asset, list(of_asset))
        for asset, of_asset in groupby(evaluated, lambda each: each.expectation.asset)
    ]
    return _PAGE.format(title=title, body="\n".join(parts))


def _failure(failed: FailedExpectation) -> str:
    documents = "".join(f"<li>{escape(path)}</li>" for path in failed.documents)
    listed = f'<ul class="documents">{documents}</ul>' if documents else ""
    return (
        f'<p><span class="failed">✗ {escape(failed.name)}</span> '
        f"{escape(failed.sentence)}</p>{listed}"
    )


def _asset(asset: str, evaluated: Sequence[Evaluated]) -> str:
    rows = "\n".join(_row(each) for each in evaluated)
    return (
        f"<h2>Rows of <code>{escape(asset)}</code></h2>\n"
        '<table class="results"><thead><tr><th></th>'
        "<th>expectation</th><th>expected</th><th>found</th></tr></thead>"
        f"\n<tbody>\n{rows}\n</tbody></table>"
    )


def _row(each: Evaluated) -> str:
    state, mark = ("passed", "✓") if each.is_held else ("failed", "✗")
    return (
        f'<tr><td class="{state}">{mark}</td><td>{escape(each.expectation.name)}</td>'
        f"<td>{escape(_expected(each))}</td><td>{_found(each)}</td></tr>"
    )


def _expected(each: Evaluated) -> str:
    """Return what was expected, in words: the column, its values, their bounds, and which rows."""
    expectation = each.expectation
    kwargs = {**expectation.kwargs, **{name: fig.value for name, fig in each.threshold.items()}}
    column, condition = kwargs.pop("column"), kwargs.pop("row_condition", None)
    words = expectation.type.removeprefix("expect_column_values_to_").replace("_", " ")
    words = words.removesuffix(" between")
    bounds = " and ".join(
        _BOUNDS[name](value) if name in _BOUNDS else f"{name} {value}"
        for name, value in kwargs.items()
    )
    rows = f"where {condition['column']['name']} is {condition['parameter']}" if condition else ""
    return " ".join(part for part in (column, "must", words, bounds, rows) if part)


def _found(each: Evaluated) -> str:
    if not each.checked:
        return "no rows"
    if not each.unexpected:
        return f"all {each.checked:,} rows"
    examples = "".join(
        f"<li>{escape(name)} <span>{escape(value)}</span></li>" for name, value in each.examples
    )
    return (
        f"<details{'' if each.is_held else ' open'}>"
        f"<summary>{each.unexpected:,} of {each.checked:,} rows are bad "
        f"({plain(round(each.share, 1))} %)</summary>"
        f'<ul class="documents">{examples}</ul></details>'
    )
