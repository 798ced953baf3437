"""Writes the files of a new kind of document, with a test to be filled in."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from loaders.errors import WrongRequest
from loaders.project.document_kinds import LANDED_KEYS, SYSTEM_OF_RECORD, read_document_kinds
from loaders.project.generated_kinds import write_generated_files

_RULES = "config/document_kinds.json"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# PostgreSQL keeps 63 bytes of base_pulse__ and the plural.
_LONGEST_NAME = 48

_RULE = """\
    {"kind": "$kind", "paths": $paths,
     "disposition": "$disposition", "table": "$table", "retention": "all_versions",
$session_date     "known_fields": {"": []},
     "why": "What these documents are, in a sentence."}"""

_SESSION_DATE = '     "session_date": "document_file",\n'

_MODEL = """\
{#- One row per current $words document. -#}

{{ whole_documents('$kind') }}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'source.payload', '$$', 'object') -%}

with

source as (

    select * from {{ documents_of('$kind') }}

),

renamed as (

    select
        {{ document_columns('$kind', 'source') }},

        -- what could not be cast, and the evidence
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('$kind', {'': 'source.payload'}) }} as unknown_fields,
        source.payload
    from source

)

select * from renamed
"""

_YAML = """\
models:
  - name: base_pulse__$table
    description: |
      One row per current $words document.

      ### Overview
      Extracted and cast, one document at a time.

      ### Grain
      `document_id`: one current document per path, as of the build's cutoff.

      ### Rules
      - A document that is no object is a rejected value.

      ### Example
      `[]` gives a row without values, and a rejected value.
    config: {contract: {enforced: true}}
    columns:
      - {name: document_id, data_type: bigint, description: "{{ doc('document_id') }}"}
      - {name: source_path, data_type: text, config: &pii {meta: {contains_pii: true}},
         description: "{{ doc('source_path') }}"}
$columns      - {name: source_modified_at, data_type: timestamptz, description: "{{ doc('source_modified_at') }}"}
      - {name: rejected_file_time, data_type: timestamptz, description: "{{ doc('rejected_file_time') }}"}
      - {name: landed_at, data_type: timestamptz, description: "{{ doc('landed_at') }}"}
      - {name: rejected_values, data_type: jsonb, description: "{{ doc('rejected_values') }}", config: *pii}
      - {name: unknown_fields, data_type: 'text[]', description: "{{ doc('unknown_fields') }}"}
      - {name: payload, data_type: jsonb, description: "{{ doc('payload') }}", config: *pii}
"""  # noqa: E501

_UNIT_TEST = """\
unit_tests:
  - name: ${table}_are_read_as_the_app_writes_them
    description: Put in a document as the app writes it, and what the model makes of it.
    model: base_pulse__$table
    given:
      - input: source('pulse', '$table')
        rows:
          - document_id: 1
            source_path: $path
$landed_keys            landed_at: "2025-01-01 00:00+00"
            payload: '{"to_be_filled_in": 1}'
    expect:
      rows:
        - {document_id: 1, rejected_values: null, unknown_fields: null}
"""

_COLUMN = "{{name: {}, data_type: {}, description: \"{{{{ doc('{}') }}}}\"{}}}"
_COLUMNS = {
    "session_key": (
        _COLUMN.format("session_key", "text", "session_key", ""),
        _COLUMN.format("session_id", "uuid", "session_id", ""),
    ),
    "user_key": (_COLUMN.format("user_key", "text", "user_key", ", config: *pii"),),
}


def write_new_kind(root: Path, kind: str, paths: Sequence[str]) -> tuple[Path, ...]:
    """Write the files of a kind below the project's root; return those written or changed.

    Without paths its documents are in the folders of sessions. Nothing is overwritten, and after
    a refusal nothing was written.

    Raises:
        WrongRequest: the name or a path is invalid or taken, or a file exists already.
    """
    if not _NAME.fullmatch(kind) or len(kind) > _LONGEST_NAME:
        raise WrongRequest(
            f"{kind!r} is no name of a kind: lower-case letters, digits and single underscores, "
            f"such as quiz_result, {_LONGEST_NAME} at most."
        )
    values = _values(kind, paths or [f"sessions/{{session_key}}/{kind}.json"])
    files = {
        root / name: Template(text).substitute(values) for name, text in _files(values).items()
    }
    for path in files:
        if path.exists():
            raise WrongRequest(f"{path.relative_to(root)} exists already; nothing was written.")
    _add_rule(root / _RULES, Template(_RULE).substitute(values))
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return (root / _RULES, *files, *write_generated_files(root))


def _files(values: Mapping[str, str]) -> Mapping[str, str]:
    folder = "models/staging/pulse/base"
    return {
        f"{folder}/base_pulse__{values['table']}.sql": _MODEL,
        f"{folder}/_base__{values['table']}.yml": _YAML,
        f"{folder}/_base__{values['table']}__unit_tests.yml": _UNIT_TEST,
    }


def _values(kind: str, paths: Sequence[str]) -> Mapping[str, str]:
    keys = dict.fromkeys(re.findall(r"\{([a-z_]+)\}", " ".join(paths)))
    is_of_a_session = all("{session_key}" in path for path in paths)
    return {
        "kind": kind,
        "words": kind.replace("_", " "),
        "table": _plural(kind),
        "paths": json.dumps(list(paths)),
        "path": json.dumps(re.sub(r"[{}]", "", paths[0].replace("**", "folder"))),
        "disposition": SYSTEM_OF_RECORD,
        "session_date": _SESSION_DATE if is_of_a_session else "",
        "landed_keys": "".join(f"            {key}: {key}\n" for key in keys if key in LANDED_KEYS),
        "columns": "".join(f"      - {column}\n" for key in keys for column in _columns_of(key)),
    }


def _columns_of(key: str) -> Sequence[str]:
    own = f'{{name: path_{key}, data_type: text, description: "{key} in the path.", config: *pii}}'
    return _COLUMNS.get(key, (own,))


def _plural(kind: str) -> str:
    if kind.endswith("s"):
        return kind
    return f"{kind[:-1]}ies" if re.search(r"[^aeiou]y$", kind) else f"{kind}s"


def _add_rule(file: Path, rule: str) -> None:
    """Add a rule at the end, or leave the file unchanged if the rules would be invalid."""
    read_document_kinds(file)
    before = file.read_text(encoding="utf-8")
    end = before.rindex("]")
    file.write_text(f"{before[:end].rstrip()},\n{rule}\n  {before[end:]}", encoding="utf-8")
    try:
        read_document_kinds(file)
    except WrongRequest:
        file.write_text(before, encoding="utf-8")
        raise
