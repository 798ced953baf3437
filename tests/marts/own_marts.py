"""What an analyst adds: marts over a table model, over a source and over a kind of his own."""

import json
import random

import psycopg

from tests.conftest import ROOT, Tree
from tests.marts.rebuilding import Project

FOLDER = "models/marts/desk"

_MODELS = {
    # Plain dbt: whoever reads it hears nothing of its changes.
    "desk_people": (
        "{{ config(materialized='table') }}\n"
        "select person_id, team from {{ source('crm', 'people') }}"
    ),
    # Behind a view, too.
    "desk_people_view": (
        "{{ config(materialized='view') }}\nselect person_id, team from {{ ref('desk_people') }}"
    ),
    "desk_teams": (
        "select people.team, count(*) as people, count(learners.user_id) as learners,\n"
        "    coalesce(sum(learners.session_count), 0)::bigint as sessions\n"
        "from {{ ref('desk_people_view') }} as people\n"
        "left join {{ ref('learners') }} as learners on people.person_id = learners.user_id\n"
        "group by people.team"
    ),
    "desk_visits": (
        "select visits.person_id as user_id, sum(visits.visits)::bigint as visits,\n"
        "    max(learners.last_session_at) as last_session_at\n"
        "from {{ source('crm', 'visits') }} as visits\n"
        "left join {{ ref('learners') }} as learners on visits.person_id = learners.user_id\n"
        "group by visits.person_id"
    ),
    "base_desk__notes": (
        "{{ config(landing='documents', unique_key=['source_path', 'document_id'],\n"
        "    rebuilt_by=['source_path', 'document_id']) }}\n"
        "select document_id, source_path, session_key, payload ->> 'coach' as coach\n"
        "from {{ landed_documents('coaching_notes') }}"
    ),
    "desk_coaches": (
        "select coalesce(notes.coach, 'nobody') as coach, count(*) as notes,\n"
        "    count(scorecards.session_id) as scored\n"
        "from {{ ref('base_desk__notes') }} as notes\n"
        "left join {{ ref('scorecards') }} as scorecards\n"
        "    on notes.session_key = scorecards.session_key\n"
        "group by coalesce(notes.coach, 'nobody')"
    ),
}

_YAML = """
sources:
  - name: crm
    tables: [{name: people}, {name: visits}]
models:
  - name: desk_teams
    columns:
      - {name: team, data_type: text, constraints: [{type: primary_key}]}
      - {name: people, data_type: bigint}
      - {name: learners, data_type: bigint}
      - {name: sessions, data_type: bigint}
  - name: desk_visits
    config: {unique_key: user_id, rebuilt_by: user_id}
    columns:
      - {name: user_id, data_type: uuid}
      - {name: visits, data_type: bigint}
      - {name: last_session_at, data_type: timestamptz}
  - name: base_desk__notes
    columns:
      - {name: document_id, data_type: bigint}
      - {name: source_path, data_type: text}
      - {name: session_key, data_type: text}
      - {name: coach, data_type: text}
  - name: desk_coaches
    config: {unique_key: coach}
    columns:
      - {name: coach, data_type: text}
      - {name: notes, data_type: bigint}
      - {name: scored, data_type: bigint}
"""

_KIND: dict[str, str | list[str]] = {
    "kind": "coaching_note",
    "paths": ["coaching/{session_key}.json"],
    "disposition": "SYSTEM_OF_RECORD",
    "table": "coaching_notes",
    "retention": "all_versions",
    "why": "What a coach said.",
}

# What the marts must hold, asked without dbt.
ORACLES = {
    "desk_teams": """
        select people.team, count(*) as people, count(learners.user_id) as learners,
            coalesce(sum(learners.session_count), 0)::bigint as sessions
        from crm.people
        left join analytics.learners on people.person_id = learners.user_id
        group by people.team
    """,
    "desk_visits": """
        select visits.person_id as user_id, sum(visits.visits)::bigint as visits,
            max(learners.last_session_at) as last_session_at
        from crm.visits
        left join analytics.learners on visits.person_id = learners.user_id
        group by visits.person_id
    """,
    "desk_coaches": """
        select coalesce(notes.payload ->> 'coach', 'nobody') as coach, count(*) as notes,
            count(scorecards.session_id) as scored
        from raw.documents as notes
        left join analytics.scorecards on notes.session_key = scorecards.session_key
        where notes.kind = 'coaching_note' and notes.superseded_at is null
        group by 1
    """,
}


def add_own_marts(project: Project) -> None:
    """Add the models, and a kind that they alone read: a rule, a source table, a base model."""
    for name, text in _MODELS.items():
        project.add(f"{FOLDER}/{name}.sql", text + "\n")
    project.add(f"{FOLDER}/_desk.yml", _YAML)
    project.edit(
        "models/staging/pulse/_pulse__sources.yml",
        (
            "      - name: loads\n",
            "      - {name: coaching_notes, description: Notes.}\n      - name: loads\n",
        ),
    )
    add_configuration(project, _KIND)


def add_configuration(project: Project, *kinds: dict[str, str | list[str]]) -> None:
    """Give the copy what commands read of config/, with further kinds."""
    for file in (ROOT / "config").rglob("*.json"):
        text = file.read_text()
        if file.name == "document_kinds.json":
            config = json.loads(text)
            config["document_kinds"] = [*kinds, *config["document_kinds"]]
            text = json.dumps(config)
        project.add(str(file.relative_to(ROOT)), text)


def create_crm(connection: psycopg.Connection) -> None:
    """Create the tables of another application, empty."""
    connection.execute(
        "drop schema if exists crm cascade; create schema crm; "
        "create table crm.people (person_id uuid, team text not null); "
        "create table crm.visits (person_id uuid not null, visits int)"
    )


def change_own(
    chance: random.Random,
    connection: psycopg.Connection,
    tree: Tree,
    users: list[str],
    sessions: list[str],
) -> str:
    """Do one random thing to what the marts read, and return what it was."""
    user, number = chance.choice(users), chance.randrange(5)
    team = chance.choice(["north", "south", "east"])
    doing = chance.randrange(8)
    if doing == 0:
        connection.execute("insert into crm.people values (%s, %s)", (user, team))
    elif doing == 1:
        connection.execute("update crm.people set team = %s where person_id = %s", (team, user))
    elif doing == 2:
        connection.execute("delete from crm.people where person_id = %s", (user,))
    elif doing == 3:
        connection.execute("insert into crm.visits values (%s, %s)", (user, number))
    elif doing == 4:
        connection.execute("update crm.visits set visits = %s where person_id = %s", (number, user))
    elif doing == 5:
        connection.execute("delete from crm.visits where person_id = %s", (user,))
    else:
        coach = {"coach": chance.choice(["Kim", "Lou", None])}
        tree.write(f"coaching/{chance.choice(sessions)}.json", {**coach, "n": chance.random()})
    return f"own change {doing}: {user} {team} {number}"


def assert_own_marts_follow(connection: psycopg.Connection, told: str) -> None:
    """Assert that each mart holds what its oracle says, row for row."""
    for mart, oracle in ORACLES.items():
        missing = connection.execute(
            f"({oracle}) except all select * from analytics.{mart}".encode()
        ).fetchall()
        surplus = connection.execute(
            f"select * from analytics.{mart} except all ({oracle})".encode()
        ).fetchall()
        assert (missing, surplus) == ([], []), f"{mart}\n{told}"
