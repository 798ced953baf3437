"""However documents come, go and change: builds on the way give what one full build gives."""

import random
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import Tree
from tests.marts.growth import Growth
from tests.marts.warm_dbt import WarmDbt

SCHEMAS = ("staging", "intermediate", "analytics", "reporting")
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"]

# What tells builds apart, and not what they built.
_BOOKS = ("builds", "built_relations", "rebuild_queue")

Everything = dict[str, list[str]]


def test_random_increments_give_what_a_full_build_gives(
    request: pytest.FixtureRequest,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    dbt: WarmDbt,
    tmp_path: Path,
) -> None:
    seed = request.config.getoption("--seed")
    seed = random.randrange(10**6) if seed is None else seed
    for number in range(request.config.getoption("--histories")):
        chance = random.Random(f"{seed}/{number}")
        _grow_and_compare(
            database,
            connection,
            dbt,
            chance,
            tmp_path / str(number),
            f"--seed {seed}, history {number}",
        )


def _grow_and_compare(
    settings: DatabaseSettings,
    connection: psycopg.Connection,
    dbt: WarmDbt,
    chance: random.Random,
    folder: Path,
    name: str,
) -> None:
    # The marts of the history before stand: that all its documents go is the first increment.
    connection.execute("truncate raw.documents, raw.files, raw.quarantine, raw.user_identities")
    folder.mkdir()
    growth = Growth(chance, Tree(folder))
    diary: list[str] = []
    for increment in range(chance.choice([4, 4, 5, 6])):
        steps = [
            growth.step(connection)
            for _ in range(chance.choice([1, 2, 4, 12 if increment else 30]))
        ]
        if any(folder.rglob("*.json")):
            load_source(folder, None, Scope(), workers=1)
        zone = chance.choice(ZONES)
        built = dbt.build(settings, *_arguments(chance), PGTZ=zone)
        diary.append(
            f"{steps} in {zone}: { {n: m for n, m in built.items() if '-' in m or '+' in m} }"
        )
        waiting = connection.execute(
            "select distinct consumer from staging.rebuild_queue"
        ).fetchall()
        assert waiting == [], f"{name}: {waiting} wait\n" + "\n".join(diary)
    grown = everything(settings)
    formula = connection.execute(
        "select max(formula_version) from analytics.user_readiness"
    ).fetchone()
    for schema in SCHEMAS:
        connection.execute(
            sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema))
        )
    version = formula[0] if formula and formula[0] else "v1"
    dbt.build(settings, "--vars", f"readiness_formula: {version}", PGTZ=chance.choice(ZONES))
    built_at_once = everything(settings)
    for relation, rows in built_at_once.items():
        surplus = [row for row in grown[relation] if row not in rows]
        missing = [row for row in rows if row not in grown[relation]]
        told = f"{name}: {relation}\nsurplus {surplus[:5]}\nmissing {missing[:5]}\n" + "\n".join(
            diary
        )
        assert grown[relation] == rows, told
    assert set(grown) == set(built_at_once)


def _arguments(chance: random.Random) -> list[str]:
    if chance.random() < 0.15:
        return ["--vars", "readiness_formula: v2"]
    return ["--full-refresh"] if chance.random() < 0.1 else []


def everything(settings: DatabaseSettings) -> Everything:
    """Return every table and view that dbt built, whole, its rows as text in order."""
    with connect(settings) as connection:
        relations = connection.execute(
            "select n.nspname, c.relname from pg_class as c "
            "inner join pg_namespace as n on n.oid = c.relnamespace "
            "where n.nspname = any(%s) and c.relkind in ('r', 'v') and c.relname <> all(%s)",
            (list(SCHEMAS), list(_BOOKS)),
        ).fetchall()
        query = "select to_jsonb(whole)::text from {} as whole order by to_jsonb(whole)::text"
        return {
            f"{schema}.{name}": [
                row
                for (row,) in connection.execute(
                    sql.SQL(query).format(sql.Identifier(schema, name))
                )
            ]
            for schema, name in relations
        }
