"""Keys as people and programs write them: one session, one learner, or a rejected value."""

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from tests.conftest import RunCommand, Tree
from tests.marts.rebuilding import assert_equals_full_build
from tests.marts.warm_dbt import PartOf, WarmDbt

UUID = "ada1ec75-0724-46cf-a5d1-1321a58903e3"
BARE = UUID.replace("-", "")
FORMS = {
    "canonical": UUID,
    "capitals": UUID.upper(),
    "mixed": "ADA1ec75-0724-46CF-a5d1-1321a58903E3",
    "braces": f"{{{UUID}}}",
    "braces in capitals": f"{{{UUID.upper()}}}",
    "parentheses": f"({UUID})",
    "URN": f"urn:uuid:{UUID}",
    "URN in capitals": f"URN:UUID:{UUID.upper()}",
    "half a URN": f"uuid:{UUID}",
    "bare": BARE,
    "bare in capitals": BARE.upper(),
    "bare in braces": f"{{{BARE}}}",
    "hyphens of others": "-".join(BARE[n : n + 4] for n in range(0, 32, 4)),
    "half of the hyphens": f"{BARE[:16]}-{BARE[16:]}",
    "URN of the bare": f"urn:uuid:{BARE}",
    "white space": f" \t{UUID}\r\n",
    "a hard space": f"\u00a0{UUID}\ufeff",
}
BROKEN = {
    "too long": f"{UUID}0",
    "too short": UUID[:-1],
    "a wrong letter": UUID[:-1] + "g",
    "a broken URN": "urn:uuid:ada1ec75",
    "a broken one in braces": f"{{{UUID[:-1]}}}",
}
LEGACY = {"of old": "T12345", "a demo": "demo", "a hash": BARE + "0", "numbers": "1-2-3-4-5"}
NFC = unicodedata.normalize("NFC", "Zoë Ångström")
NFD = unicodedata.normalize("NFD", NFC)
MARCH = "2025-03-04T10:00:00Z"
CARD = {"overall": {"score": 80}}


def session_files(key: str, user: str, where: str) -> dict[str, object]:
    """Return a session that names its user in one of the places that may."""
    folder = f"sessions/{key}"
    event = {"ts": MARCH, "skill_tag": "probe", "score": 50}
    files: dict[str, dict[str, object]] = {
        "user_id": {f"{folder}/session.json": {"user_id": user}},
        "userId": {f"{folder}/session.json": {"request": {"userId": user}}},
        "request": {f"{folder}/session.json": {"request": {"user_id": user}}},
        "Trainee_ID": {
            f"{folder}/scorecard.json": {"Trainee_ID": user, "Certification_Status": "PASS"}
        },
        "answer": {f"{folder}/events.json": [{**event, "user_id": user}]},
    }
    return {f"{folder}/scorecard.json": CARD, **files[where]}


def write(tree: Tree, files: Mapping[str, object]) -> None:
    for path, document in files.items():
        tree.write(path, document)


@pytest.fixture
def reading_keys(part_of: PartOf) -> WarmDbt:
    """What reads keys."""
    return part_of(
        "scorecards", "user_readiness", "session_transcripts", "trainer_change_logs",
        "stg_pulse__rejected_values",
    )  # fmt: skip


def users(connection: psycopg.Connection) -> dict[str, tuple[str | None, str | None]]:
    return {
        key: (user, legacy)
        for key, user, legacy in connection.execute(
            "select session_key, user_id::text, legacy_user_key from analytics.scorecards"
        )
    }


def rejected(connection: psycopg.Connection, reason: str) -> list[tuple[str, str]]:
    return connection.execute(
        "select field, rejected_text from staging.stg_pulse__rejected_values where reason = %s "
        "order by source_path, field",
        (reason,),
    ).fetchall()


def test_a_uuid_in_any_form_is_the_learner_wherever_it_stands(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, reading_keys: WarmDbt
) -> None:
    places = ("user_id", "userId", "request", "Trainee_ID", "answer")
    expected: dict[str, tuple[str | None, str | None]] = {}
    for name, form in FORMS.items():
        for place in places:
            key = f"{place} {name}"
            write(tree, session_files(key, form, place))
            expected[key] = (UUID, None)
        write(tree, {f"trainer-change-logs/d/Probe/s/{name}.json": {"learner_id": form}})
    for name, key in LEGACY.items():
        write(tree, session_files(name, key, "user_id"))
        expected[name] = (None, key)
    reading_keys.run(database, tree.root)
    assert users(connection) == expected
    assert rejected(connection, "not_a_uuid") == []
    logs = connection.execute("select distinct user_id::text from analytics.trainer_change_logs")
    assert logs.fetchall() == [(UUID,)]
    assert_equals_full_build(database, reading_keys)


def test_a_broken_uuid_is_a_rejected_value_wherever_it_stands(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, reading_keys: WarmDbt
) -> None:
    places = {
        "user_id": "user_id", "userId": "request.userId", "request": "request.user_id",
        "Trainee_ID": "Trainee_ID", "answer": "[0].user_id",
    }  # fmt: skip
    expected = []
    for name, broken in BROKEN.items():
        for place, field in places.items():
            write(tree, session_files(f"{place} {name}", broken, place))
            expected.append((field, broken))
    reading_keys.run(database, tree.root)
    assert sorted(rejected(connection, "not_a_uuid")) == sorted(expected)
    assert set(users(connection).values()) == {(None, None)}


@pytest.mark.long
def test_paths_in_any_form_are_one_session_and_one_history(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, reading_keys: WarmDbt
) -> None:
    key = "5e551000-0000-4000-8000-000000000001"
    forms = (key.upper(), f"{{{key}}}", key.replace("-", ""), f"urn:uuid:{key}")
    entries = [
        {"sessionId": f"{{{key.upper()}}}", "date": MARCH, "score": 80},
        {"timestamp": MARCH, "overall": 70},
    ]
    write(
        tree,
        {
            f"sessions/{forms[0]}/scorecard.json": CARD,
            f"sessions/{forms[1]}/session.json": {"session_id": forms[2]},
            f"sessions/{forms[2]}/transcript.json": {"session_id": forms[3], "transcript": "Hi"},
            f"history_{UUID.upper()}.json": entries,
            f"users/{BARE}/history.json": entries,
        },
    )
    reading_keys.run(database, tree.root)
    for mart in ("scorecards", "session_transcripts"):
        found = connection.execute(f"select session_id::text, user_id::text from analytics.{mart}")
        assert found.fetchall() == [(key, UUID)], mart
    readiness = connection.execute(
        "select user_id::text, readiness_overall from analytics.user_readiness "
        "where source = 'legacy'"
    )
    assert readiness.fetchall() == [(UUID, 70)]
    assert rejected(connection, "session_id_mismatch") == rejected(connection, "two_owners") == []
    # Each history may come back, and go, alone.
    tree.write(f"users/{UUID}/history.json", [*entries, {"timestamp": MARCH, "overall": 60}])
    reading_keys.run(database, tree.root)
    connection.execute("delete from raw.documents where source_path like 'history_%'")
    reading_keys.build(database)
    assert_equals_full_build(database, reading_keys)


@pytest.mark.long
def test_user_keys_that_differ_in_unicode_form_are_one_person(
    database: DatabaseSettings,
    connection: psycopg.Connection,
    tree: Tree,
    reading_keys: WarmDbt,
    pulse_elt: RunCommand,
    tmp_path: Path,
) -> None:
    assert NFC != NFD
    entry = [{"sessionId": f"dev-{NFD}", "date": MARCH, "score": 80}]
    write(
        tree,
        {
            f"history_{NFC}.json": entry,
            f"users/{NFD}/history.json": entry,
            f"sessions/dev-{NFC}/scorecard.json": CARD,
            f"sessions/dev-{NFD}/session.json": {"session_id": f"dev-{NFC}"},
        },
    )
    reading_keys.run(database, tree.root)
    # Bytes are evidence: paths stay as they are.
    paths = connection.execute("select source_path from raw.documents").fetchall()
    assert {(f"history_{NFC}.json",), (f"users/{NFD}/history.json",)} <= set(paths)
    assert rejected(connection, "two_owners") == []
    assert rejected(connection, "session_id_mismatch") == []
    assert [*users(connection).values()] == [(None, NFC)]
    # Under either form the account is found; the latest counts, as before there was one form.
    connection.execute(
        "insert into raw.user_identities (user_key, user_id) values (%s, gen_random_uuid())", (NFD,)
    )
    csv = tmp_path / "identities.csv"
    csv.write_text(f"user_key,user_id\n{NFD},{UUID}\n", encoding="utf-8")
    assert pulse_elt("db", "identities", csv).returncode == 0
    reading_keys.build(database)
    assert [*users(connection).values()] == [(UUID, NFC)]
    assert_equals_full_build(database, reading_keys)
    csv.write_text(f"user_key,user_id\n{NFD},{UUID}\n{NFC},{UUID[:-1]}4\n", encoding="utf-8")
    done = pulse_elt("db", "identities", csv)
    assert done.returncode == 2
    assert "another account further up" in done.stderr


@pytest.mark.long
def test_what_the_application_writes_and_what_a_load_lands_have_the_same_keys(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, reading_keys: WarmDbt
) -> None:
    documents = {
        f"sessions/{UUID.upper()}/scorecard.json": CARD,
        f"users/{NFD}/history.json": [{"sessionId": UUID, "date": MARCH, "score": 80}],
    }
    write(tree, {"agents.json": {}, "sessions/x/session.json": {}})
    reading_keys.run(database, tree.root)
    for path, document in documents.items():
        connection.execute("select raw.write_document(%s, %s)", (path, json.dumps(document)))
    reading_keys.build(database)
    query = (
        "select session_id::text, session_key, user_id, legacy_user_key from analytics.scorecards"
    )
    written = connection.execute(query).fetchall()
    assert written == [(UUID, UUID.upper(), None, NFC)]
    connection.execute("delete from raw.documents where origin = 'app'")
    reading_keys.build(database)
    write(tree, documents)
    reading_keys.run(database, tree.root)
    assert connection.execute(query).fetchall() == written
