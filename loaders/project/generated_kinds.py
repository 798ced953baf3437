"""Generates dbt's view of config/document_kinds.json, which dbt cannot read itself."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loaders.errors import WrongRequest
from loaders.project.document_kinds import LANDED_KEYS, DocumentKinds, Rule, read_document_kinds
from loaders.project.generation import outdated_files, report_written, write_outdated_files

_MACRO = """{{#- Written by 'make kinds' from config/document_kinds.json: edit that. -#}}

{{#- The kinds of documents that models read, by name. -#}}
{{% macro document_kinds() -%}}
    {{{{ return({{
{kinds}
    }}) }}}}
{{%- endmacro %}}
"""

_MACRO_FILE = "macros/kinds/document_kinds.sql"
_SOURCES_FILE = "models/staging/pulse/_pulse__sources.yml"
_TABLES = re.compile(
    r"(?<=\n)( *# From here: written by 'make kinds'[^\n]*\n).*?( *# To here\.\n)", re.DOTALL
)


def generated_files(kinds: DocumentKinds, root: Path) -> Mapping[Path, str]:
    """Return the contents of the generated files below the project's root.

    Raises:
        WrongRequest: a loaded kind does not list its fields, so its drift would be invisible.
    """
    entries = ",\n".join(
        f"        {json.dumps(rule.kind)}: {json.dumps(_known_to_dbt(rule, kinds))}"
        for rule in kinds.modelled
    )
    tables = "".join(
        f"      - {{name: {rule.table}, description: {json.dumps(rule.why)}, "
        "columns: *documents}\n"
        for rule in kinds.modelled
    )
    sources = root / _SOURCES_FILE
    return {
        root / _MACRO_FILE: _MACRO.format(kinds=entries),
        sources: _TABLES.sub(
            lambda found: found[1] + tables + found[2], sources.read_text(encoding="utf-8")
        ),
    }


def write_generated_files(root: Path) -> tuple[Path, ...]:
    """Write the files that are out of date; return their paths."""
    kinds = read_document_kinds(root / "config" / "document_kinds.json")
    return write_outdated_files(generated_files(kinds, root))


def _known_to_dbt(rule: Rule, kinds: DocumentKinds) -> Mapping[str, Any]:
    if rule.known_fields is None:
        raise WrongRequest(
            f"config/document_kinds.json: rule {rule.kind!r} is {rule.disposition} and has no "
            'known_fields; {"": []} makes drift of every field.'
        )
    if rule.session_date is None and all("{session_key}" in path for path in rule.paths):
        raise WrongRequest(
            f"config/document_kinds.json: rule {rule.kind!r} is about sessions and has no "
            "session_date; none says that its documents make no session."
        )
    templates = [template for template in kinds.templates if template.rule is rule]
    keys = {name: group for template in templates for name, group in template.path_keys.items()}
    return {
        "table": rule.table,
        "retention": rule.retention,
        "session_date": "" if rule.session_date in (None, "none") else rule.session_date,
        "landed_keys": [
            key for key in LANDED_KEYS if any(key in each.pattern.groupindex for each in templates)
        ],
        # The position of each key in the paths that have it, in PostgreSQL's syntax.
        "path_keys": {
            name: [
                [template.posix, template.path_keys[name]]
                for template in templates
                if name in template.path_keys
            ]
            for name in keys
        },
        "parts": dict(rule.parts),
        "known_fields": dict(rule.known_fields),
    }


def refuse_stale_files(root: Path, kinds: DocumentKinds) -> None:
    """Refuse a project whose dbt models would not know the kinds that are loaded.

    Raises:
        WrongRequest: a generated file is not what config/document_kinds.json says.
    """
    for path in outdated_files(generated_files(kinds, root)):
        raise WrongRequest(
            f"{path.relative_to(root)} does not follow config/document_kinds.json: documents "
            "would land that no model reads. Run 'make kinds'."
        )


if __name__ == "__main__":
    report_written(write_generated_files)
