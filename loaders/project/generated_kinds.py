"""Writes what dbt has to know of config/document_kinds.json, a file that it cannot read itself."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loaders.errors import WrongRequest
from loaders.project.document_kinds import LANDED_KEYS, DocumentKinds, Rule, read_document_kinds
from loaders.project.root import project_root

_SAYS_WHOSE = "Written by 'make kinds' from config/document_kinds.json: edit that."

_MACRO = """{{#- {whose} -#}}

{{#- The kinds of documents that are loaded, by name. -#}}
{{% macro document_kinds() -%}}
    {{{{ return({{
{kinds}
    }}) }}}}
{{%- endmacro %}}
"""

_SOURCES = """# {whose}
sources:
  - name: pulse
    schema: raw
    description: >-
      Every version of every document, append-only; one table per kind of document. Models read it
      through the macros landed_documents and landed_versions alone, as of the build's cutoff.
    config:
      loaded_at_field: landed_at
      # A legacy tree may be old and quiet; silence of the landing is worth a word, not a stop.
      freshness: {{warn_after: {{count: 7, period: day}}}}
    tables:
{tables}
"""

_COLUMNS = """&documents
          - {name: document_id, description: "Number of this version."}
          - {name: kind, description: "Kind of document, see config/document_kinds.json."}
          - {name: source_path, config: &pii {meta: {contains_pii: true}},
             description: "Path below the root of the source."}
          - {name: content_sha256, description: "SHA-256 of the original bytes."}
          - {name: session_key, description: "Session key captured from the path."}
          - {name: user_key, description: "User key captured from the path.", config: *pii}
          - {name: source_modified_at,
             description: "Modification time of the file, whatever it says."}
          - {name: origin, description: "load for files, app for documents the application wrote."}
          - {name: load_id, description: "The load that wrote this version."}
          - {name: landed_at, description: "When this version was written, by the database clock."}
          - {name: superseded_at,
             description: "When a later version replaced it, NULL for the current one."}
          - {name: payload, description: "The document.", config: *pii}"""


def generated_files(kinds: DocumentKinds) -> Mapping[str, str]:
    """Return what the files must say, by path below the project's root.

    Raises:
        WrongRequest: a kind that is loaded says nothing of its fields, so that no drift would show.
    """
    entries = ",\n".join(
        f"        {json.dumps(rule.kind)}: {json.dumps(_known_to_dbt(rule, kinds))}"
        for rule in kinds.loaded
    )
    tables = "\n".join(
        f"      - name: {rule.table}\n"
        f"        description: {json.dumps(rule.why)}\n"
        f"        columns: {'*documents' if number else _COLUMNS}"
        for number, rule in enumerate(kinds.loaded)
    )
    return {
        "macros/kinds/document_kinds.sql": _MACRO.format(whose=_SAYS_WHOSE, kinds=entries),
        "models/staging/pulse/_pulse__documents.yml": _SOURCES.format(
            whose=_SAYS_WHOSE, tables=tables
        ),
    }


def write_generated_files(root: Path) -> tuple[Path, ...]:
    """Write the files that do not say what they must; return their paths."""
    kinds = read_document_kinds(root / "config" / "document_kinds.json")
    written = []
    for name, text in generated_files(kinds).items():
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return tuple(written)


def _known_to_dbt(rule: Rule, kinds: DocumentKinds) -> Mapping[str, Any]:
    if rule.known_fields is None:
        raise WrongRequest(
            f"config/document_kinds.json: rule {rule.kind!r} is {rule.disposition} and has no "
            'known_fields; {"": []} makes drift of every field.'
        )
    templates = [template for template in kinds.templates if template.rule is rule]
    keys = {name: group for template in templates for name, group in template.path_keys.items()}
    return {
        "table": rule.table,
        "retention": rule.retention,
        "session_date": rule.session_date or "",
        "landed_keys": [
            key for key in LANDED_KEYS if any(key in each.pattern.groupindex for each in templates)
        ],
        # Where each key stands in each of the paths that have it, as PostgreSQL reads them.
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


if __name__ == "__main__":
    for path in write_generated_files(project_root()):
        print(f"wrote {path}")
