"""Writes the files of a new mart: SQL, YAML with a unit test that fails, and what follows."""

import re
from pathlib import Path

from loaders.errors import WrongRequest
from loaders.project.generated_marts import write_generated
from loaders.project.marts import MARTS, read_marts

# PostgreSQL cuts names at 63 bytes, and the view's model is called reporting__NAME.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,51}")

_SQL = """\
{#- One row per user: TODO. -#}

{{ config(rebuilt_by='user_id') }}

with

learners as (

    select
        user_id,
        session_count
    from {{ ref('learners') }}
    where {{ is_affected('user_id') }}

),

final as (

    select
        user_id,
        -- TODO: the unit test says what must come out.
        null::int as answer
    from learners

)

select * from final
"""

_YAML = """\
# TODO: what this mart is about.
models:
  - name: NAME
    description: |
      One row per user: TODO.

      ### Overview
      TODO.

      ### Grain
      `user_id`.

      ### Rules
      - TODO.

      ### Example
      TODO.
    config:
      contract: {enforced: true}
      meta:
        ask: TODO
        app_reads: false
        reporting:
          learner: user_id
          shows: [user_id, answer]
          example: "select * from reporting.NAME"
    columns:
      - name: user_id
        data_type: uuid
        description: "{{ doc('learner_id') }}"
        constraints: [{type: primary_key, warn_unsupported: false}]
      - name: answer
        data_type: int
        description: TODO.

unit_tests:
  - name: NAME_by_example
    description: TODO.
    model: NAME
    given:
      - input: ref('learners')
        rows:
          - {user_id: 00000000-0000-0000-0000-000000000001, session_count: 3}
    expect:
      rows:
        - {user_id: 00000000-0000-0000-0000-000000000001, answer: 3}
"""


def new_mart(root: Path, name: str, folder: str = "core") -> tuple[Path, ...]:
    """Write a mart into a folder of models/marts; return the files written or updated.

    Raises:
        WrongRequest: the name or folder is no identifier, the name is taken, or the list of marts
            is incomplete. Nothing was written.
    """
    for given in (name, folder):
        if not _NAME.fullmatch(given):
            raise WrongRequest(
                f"{given!r} is no name for a mart: at most 52 lower-case letters, digits and "
                "underscores, beginning with a letter."
            )
    read_marts(root)
    files = {
        root / MARTS / folder / f"{name}.sql": _SQL,
        root / MARTS / folder / f"_{name}__models.yml": _YAML.replace("NAME", name),
    }
    taken = [
        file
        for place in ("models", "seeds", "snapshots")
        for file in sorted((root / place).rglob("*"))
        if file.stem in (name, f"reporting__{name}") and file.suffix in (".sql", ".csv", ".py")
    ]
    taken += [file for file in files if file.exists()]
    if taken:
        raise WrongRequest(f"The name {name} is taken: there is {taken[0].relative_to(root)}.")
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    return (*files, *write_generated(root))
