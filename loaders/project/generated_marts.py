"""Generates the files that follow from the list of marts; `make marts` runs it."""

import json
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

from loaders.project.generation import outdated_files, report_written, write_outdated_files
from loaders.project.marts import VIEWS, Mart, read_marts

DESCRIPTIONS = f"{VIEWS}/_reporting__models.yml"
GUIDE = "docs/analysts.md"
RIGHTS = "deploy/roles.sql"

_OPENING = "# What BI reads: each mart without its personal columns and payloads.\n"
_WRITTEN = "Written by 'make marts' from the YAML in models/marts."

_MODEL = """\
  - name: {view}
    description: |
      {grain}

      ### Overview
      The mart {name}, as far as BI may see it.

      ### Grain
{keys}

      ### Rules
{rules}

      ### Example
      `{example}`
    config: {{contract: {{enforced: true}}}}
    columns:
{columns}
"""

# It checks whole schemas, after every view has been built.
_EVERYTHING_IS_DESCRIBED = """\
    data_tests:
      - everything_is_described:
          name: assert_everything_is_described
          arguments:
            after: [
{views}
            ]
"""

# The two readers of all views, and of what the application may read.
_EXPOSURES = """\
exposures:
  - name: readiness_card
    label: The app's readiness card
    type: application
    maturity: high
    owner:
      name: The application's team
    description: >-
      What a learner sees after a session: readiness with its components and what moved it, skills
      over the last sessions, what to work on. Reads the marts themselves, one learner at a time,
      by user_id.
    depends_on: [
{for_the_app}
    ]

  - name: business_intelligence
    label: BI
    type: dashboard
    maturity: high
    owner:
      name: The analysts
    description: >-
      Dashboards and ad-hoc questions, as in docs/analysts.md. BI reads schema reporting and nothing
      else: no personal columns, no payloads.
    depends_on: [
{views}
    ]
"""


def generated(root: Path) -> dict[Path, str]:
    """Return the contents of each generated file, by path.

    Raises:
        WrongRequest: as loaders.project.marts.read_marts.
    """
    marts = read_marts(root)
    files = {root / VIEWS / f"{mart.view}.sql": _view(mart) for mart in marts}
    files[root / DESCRIPTIONS] = _descriptions(marts)
    for name, begins, ends, lines in (
        (GUIDE, "<!-- marts: written by 'make marts' -->", "<!-- end -->", _map(marts)),
        (RIGHTS, "array array[ -- written by 'make marts'", "    ]", _rights(marts)),
    ):
        if (root / name).exists():
            files[root / name] = _between((root / name).read_text("utf-8"), begins, ends, lines)
    return files


def outdated(root: Path) -> dict[Path, str]:
    """Return the generated files that are out of date or missing."""
    return outdated_files(generated(root))


def write_generated(root: Path) -> tuple[Path, ...]:
    """Write the generated files that are out of date; return their paths."""
    return write_outdated_files(generated(root))


def _view(mart: Mart) -> str:
    arguments = [f"'{mart.name}'", f"learner='{mart.learner}'" if mart.learner else "learner=none"]
    if mart.rows:
        arguments.append(f"rows={mart.rows}")
    if mart.added:
        lines = ",\n".join(f"    '{column.name}': {column.expression}" for column in mart.added)
        arguments.append(f"adds={{\n{lines},\n}}")
    return f"{{#- {_WRITTEN} -#}}\n\n{{{{ reporting_view({', '.join(arguments)}) }}}}\n"


def _descriptions(marts: Sequence[Mart]) -> str:
    views = [mart.view for mart in marts]
    models = [_model(mart, marts) for mart in marts]
    models[0] += _EVERYTHING_IS_DESCRIBED.format(views=_references(views, 14))
    exposures = _EXPOSURES.format(
        for_the_app=_references([mart.name for mart in marts if mart.app_reads]),
        views=_references(views),
    )
    return f"{_OPENING}# {_WRITTEN}\nmodels:\n" + "\n".join([*models, exposures])


def _model(mart: Mart, marts: Sequence[Mart]) -> str:
    left_out = f"- Left out, being personal or a payload: {', '.join(mart.left_out)}."
    rules = textwrap.fill(
        left_out if mart.left_out else "- Nothing is left out.", 84, subsequent_indent="  "
    )
    if mart.note:
        rules += f"\n- {mart.note}"
    return _MODEL.format(
        view=mart.view,
        name=mart.name,
        grain=mart.grain,
        keys=textwrap.indent(textwrap.fill(_keys(mart, marts), 84), " " * 6),
        rules=textwrap.indent(rules, " " * 6),
        example=mart.example,
        columns="\n".join(
            f"      - {{name: {column.name}, data_type: {_quoted(column.data_type)}, "
            f"description: {json.dumps(column.description, ensure_ascii=False)}}}"
            for column in (*mart.shown, *mart.added)
        ),
    )


def _keys(mart: Mart, marts: Sequence[Mart]) -> str:
    """Say what identifies a row, and which views with a key of one column it leads to."""
    joins: dict[str, list[str]] = {}
    for column in mart.shown:
        found = [other.name for other in marts if other.key == (column.name,) and other != mart]
        if found:
            joins[column.name] = found
    told = "; ".join(f"{column} to {' and '.join(names)}" for column, names in joins.items())
    return f"Key: {', '.join(mart.key)}." + (f" Joins: {told}." if told else "")


def _quoted(data_type: str) -> str:
    """Return a type as YAML in braces takes it."""
    return data_type if data_type.isalnum() else f"'{data_type}'"


def _references(models: Sequence[str], indent: int = 6) -> str:
    lines = textwrap.fill(", ".join(f"ref('{model}')" for model in models), 90)
    return textwrap.indent(lines, " " * indent)


def _map(marts: Sequence[Mart]) -> str:
    rows = [
        f"| `{mart.name}` | {mart.grain.removeprefix('One row per ').rstrip('.')} | {mart.ask} | "
        f"{'yes' if mart.app_reads else ''} |\n"
        for mart in marts
    ]
    return (
        "| mart | one row per | ask it | the application reads it |\n|---|---|---|---|\n"
        + "".join(rows)
    )


def _rights(marts: Sequence[Mart]) -> str:
    names = ", ".join(f"'{mart.name}'" for mart in marts if mart.app_reads)
    return textwrap.indent(textwrap.fill(names, 90), " " * 8) + "\n"


def _between(text: str, begins: str, ends: str, lines: str) -> str:
    found = re.fullmatch(rf"(.*{re.escape(begins)}\n).*?({re.escape(ends)}\n.*)", text, re.DOTALL)
    if not found:
        raise ValueError(f"no line {begins!r} with {ends!r} below it")
    return found[1] + lines + found[2]


if __name__ == "__main__":
    report_written(write_generated)
