"""A field that nobody knows of is kept, and reported by status: kind, path, first seen, count."""

import json
from datetime import datetime

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import RunCommand, Tree
from tests.marts.warm_dbt import PartOf, WarmDbt

# Colours, erases and turns round what a terminal shows; the last two are no ASCII.
ESC = "\x1b[2J"
BEYOND_ASCII = "a\x9b31m\u202eb"

ANSWER = {
    "user_id": "7c", "ts": "2025-03-04T09:20:11Z", "occurred_at": None, "timestamp": None,
    "scenario_id": "s", "pulse_step": "Probe", "skill_tag": "probe", "score": 0.5, "notes": "n",
    "raw_metrics": {"new_metric": 1},
}  # fmt: skip
RESULT = {
    "sessionId": "known", "date": "2025-03-04T09:41:02Z", "persona": "Relater",
    "personaName": "Relater", "outcome": "won", "score": 87, "duration": 12,
}  # fmt: skip
SNAPSHOT = {
    "timestamp": "2025-03-04T10:00:00+00:00", "overall": 72.5, "technical": 75, "communication": 70,
    "structure": None, "behavioral": 74,
}  # fmt: skip
PART = {"score": 3, "passed": True, "summary": "s", "notes": "n"}
DETAILS = {
    "final_stage": 5, "stage_name": "Earn", "trust_score": 8, "sale_outcome": "won",
    "missteps": [], "total_exchanges": 12,
}  # fmt: skip
PULSE = {
    "overall": PART | {"raw_score": 2.5}, "bce": PART, "mcf": PART, "cpo": PART,
    "pulse_details": DETAILS,
}  # fmt: skip
CERTIFICATION = {
    "Trainee_ID": "T1", "Persona_Tested": "Director", "Overall_Certification_Score": "88%",
    "Certification_Status": "PASS", "High_Level_Critique": "c",
    "Agent_Scores": {"BCE_Score": 90, "MCF_Score": 90, "CPO_Score": 90},
    "Feedback_Consolidated": {
        "Behavioral_Mastery": "b", "Methodology_Fidelity": "m", "Conversion_Effectiveness": "c",
    },
}  # fmt: skip
STEP = {"score": 2, "reason": "r", "tips": ["t"]}

# Every field of docs/legacy-format.md §2, and whatever may stand in the maps that are free.
KNOWN = {
    "sessions/known/session.json": {
        "session_id": "known", "created_at": "2025-03-04T09:12:44Z", "persona": "Relater",
        "request": {"persona": "Relater", "userId": "7c", "browser": {"new": 1}},
        "status": "completed", "completed_at": "2025-03-04T09:41:02Z", "user_id": "7c",
    },
    "sessions/known/scorecard.json": PULSE,
    "sessions/certified/scorecard.json": CERTIFICATION,
    "sessions/known/evaluation.json": {
        "framework": "PULSE", "scores": {"Probe": STEP, "Earn": STEP},
        "overall_summary": {"strengths": "s", "improvements": "i"},
    },
    "sessions/known/events.json": [ANSWER],
    "sessions/wrapped/events.json": {"events": [ANSWER]},
    "sessions/known/transcript.json": {
        "session_id": "known", "transcript": ["Trainee: a", {"speaker": "Customer", "text": "b"}],
    },
    "sessions/known/conversation.json": {"messages": [{"role": "user", "content": "c"}]},
    "sessions/known/pulse_state.json": {
        "current_stage": 3, "stage_name": "Link", "detected_behaviors": ["d"],
    },
    "sessions/known/sale_state.json": {
        "trust_score": 6, "outcome": "in_progress", "total_missteps": 1,
        "missteps": [{"id": "pushy", "penalty": -3, "hint": "h"}],
    },
    "history_known.json": {"user_id": "known", "history": [RESULT, SNAPSHOT]},
    "users/other/history.json": {"user_id": "other", "sessions": [RESULT]},
    "trainer-change-logs/2025-03-04/Probe/s/known.json": {
        "timestamp": "2025-03-04T10:00:00Z", "pulse_step": "Probe", "scenario_id": "s",
        "learner_id": "7c", "session_id": "known", "config": {"new": 1},
        "trainer_change_log": {"emit": True, "observed_pattern": "o", "new": 1},
    },
}  # fmt: skip

# What is new, kind by kind; some of it twice.
NEW = {
    "sessions/a/session.json": {"device": "phone", "request": {"device": "phone"}},
    "sessions/a/scorecard.json": PULSE | {
        "confidence": 0.8, "pulse_details": DETAILS | {"mood": {"deep": 1}},
        "cpo": PART | {"weight": 1},
    },
    "sessions/b/scorecard.json": PULSE | {"confidence": None, ESC: 1, BEYOND_ASCII: 1},
    "sessions/c/scorecard.json": CERTIFICATION | {
        "Seal": "s", "Agent_Scores": {"Tone_Score": 1}, "Feedback_Consolidated": {"Tone": "t"},
        "pulse_details": {"mood": 1},
    },
    "sessions/a/evaluation.json": {
        "rubric": 2, "scores": {"Probe": STEP | {"quote": "q"}, "Link": {"quote": "q"}},
        "overall_summary": {"next": "n"},
    },
    "sessions/a/events.json": [ANSWER, ANSWER | {"confidence": 1}],
    "sessions/b/events.json": {"events": [ANSWER | {"confidence": 1}], "version": 2},
    "sessions/a/transcript.json": {"transcript": [], "language": "en"},
    "sessions/a/conversation.json": {"messages": [{"role": "user", "tokens": 3}], "model": "m"},
    "sessions/a/pulse_state.json": {"current_stage": 3, "mood": "m"},
    "sessions/a/sale_state.json": {"missteps": [{"id": "pushy", "at": 3}], "mood": "m"},
    "history_a.json": [RESULT | {"mood": "m"}, SNAPSHOT | {"mood": "m"}],
    "users/b/history.json": {"history": [SNAPSHOT | {"mood": "m"}], "version": 2},
    "trainer-change-logs/2025-03-04/Probe/s/a.json": {"session_id": "a", "author": "x"},
}  # fmt: skip

DRIFT = {
    ("session", "device"): 1,
    ("scorecard", "confidence"): 2,
    ("scorecard", "pulse_details.mood"): 2,
    ("scorecard", "cpo.weight"): 1,
    ("scorecard", r'"\u001b[2J"'): 1,
    ("scorecard", f'"{BEYOND_ASCII}"'): 1,
    ("scorecard", "Seal"): 1,
    ("scorecard", "Agent_Scores.Tone_Score"): 1,
    ("scorecard", "Feedback_Consolidated.Tone"): 1,
    ("evaluation", "rubric"): 1,
    ("evaluation", "scores.*.quote"): 1,
    ("evaluation", "overall_summary.next"): 1,
    ("answer_events", "[].confidence"): 2,
    ("answer_events", "version"): 1,
    ("transcript", "language"): 1,
    ("conversation", "messages[].tokens"): 1,
    ("conversation", "model"): 1,
    ("pulse_state", "mood"): 1,
    ("sale_state", "missteps[].at"): 1,
    ("sale_state", "mood"): 1,
    ("user_history", "[].mood"): 2,
    ("user_history", "version"): 1,
    ("trainer_change_log", "author"): 1,
}


@pytest.fixture
def fields(part_of: PartOf) -> WarmDbt:
    """dbt on the models of which unknown fields are made, and on nothing else."""
    return part_of("stg_pulse__unknown_fields")


HEADING = "Unknown fields (drift)"


def _write(tree: Tree, documents: dict[str, object]) -> None:
    for path, document in documents.items():
        tree.write(path, document)


def _drift(pulse_elt: RunCommand) -> dict[tuple[str, str], dict[str, object]]:
    reported = json.loads(pulse_elt("status", "--json").stdout)["drift"]
    return {(entry["kind"], entry["field"]): entry for entry in reported}


def _is_printable(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


def test_every_unknown_field_is_reported_and_no_known_one(
    connection: psycopg.Connection,
    database: DatabaseSettings,
    tree: Tree,
    pulse_elt: RunCommand,
    fields: WarmDbt,
) -> None:
    _write(tree, KNOWN)
    assert pulse_elt("load", tree.root).returncode == 0
    _write(tree, NEW)
    fields.run(database, tree.root)
    found = _drift(pulse_elt)
    assert {key: entry["documents"] for key, entry in found.items()} == DRIFT
    confidence = found["scorecard", "confidence"]
    assert confidence["example"] == "sessions/a/scorecard.json"
    landed = connection.execute(
        "select min(landed_at), count(*) from raw.scorecards where payload ? 'confidence'"
    ).fetchone()
    assert landed is not None
    assert (datetime.fromisoformat(str(confidence["first_seen_at"])), 2) == landed


def test_the_terminal_gets_ten_lines_and_nothing_that_moves_its_cursor(
    connection: psycopg.Connection,
    database: DatabaseSettings,
    tree: Tree,
    pulse_elt: RunCommand,
    fields: WarmDbt,
) -> None:
    names = {ESC: 1, BEYOND_ASCII: 1, "\x7f": 1, "w" * 150: 1}
    others = {f"z{number}": number for number in range(20)}
    tree.write("sessions/a/scorecard.json", PULSE | names | others)
    fields.run(database, tree.root)
    shown = pulse_elt("status").stdout
    assert _is_printable(shown)
    assert r"\u001b[2J" in shown
    assert r"a\x9b31m\u202eb" in shown
    assert "w" * 59 + "…" in shown
    section = shown[shown.index(HEADING) :]
    assert section.count("scorecard ") == 10
    assert "… and 14 more; select them from staging.stg_pulse__unknown_fields." in section
    told = pulse_elt("status", "--json").stdout
    assert _is_printable(told)
    assert f'"{BEYOND_ASCII}"' in {entry["field"] for entry in json.loads(told)["drift"]}


def test_drift_ends_with_the_last_document_that_holds_it(
    connection: psycopg.Connection,
    database: DatabaseSettings,
    tree: Tree,
    pulse_elt: RunCommand,
    fields: WarmDbt,
) -> None:
    new = PULSE | {"confidence": 1}
    tree.write("sessions/a/scorecard.json", new)
    tree.write("history_a.json", [SNAPSHOT | {"mood": "m"}])
    assert pulse_elt("load", tree.root).returncode == 0
    # Landed later, built in the same build: first seen is when it landed.
    tree.write("sessions/b/scorecard.json", new)
    fields.run(database, tree.root)
    before = _drift(pulse_elt)
    assert before["scorecard", "confidence"]["documents"] == 2

    # The older one goes: first seen is what the other says.
    tree.write("sessions/a/scorecard.json", PULSE | {"confident": 1})
    fields.run(database, tree.root)
    after = _drift(pulse_elt)
    assert after["scorecard", "confidence"]["documents"] == 1
    assert after["scorecard", "confidence"]["example"] == "sessions/b/scorecard.json"
    first_seen = [drift["scorecard", "confidence"]["first_seen_at"] for drift in (before, after)]
    landings = connection.execute(
        "select landed_at from raw.scorecards where payload ? 'confidence' order by landed_at"
    ).fetchall()
    assert [(datetime.fromisoformat(str(moment)),) for moment in first_seen] == landings

    tree.write("sessions/a/scorecard.json", PULSE)
    tree.write("sessions/b/scorecard.json", PULSE)
    # Of a history all versions are read: what rolled out of it stays.
    tree.write("history_a.json", [SNAPSHOT])
    fields.run(database, tree.root)
    assert _drift(pulse_elt).keys() == {("user_history", "[].mood")}


def test_ten_thousand_long_names_break_no_build(
    connection: psycopg.Connection,
    database: DatabaseSettings,
    tree: Tree,
    pulse_elt: RunCommand,
    fields: WarmDbt,
) -> None:
    many = {f"{number:05}": number for number in range(10_000)}
    tree.write("sessions/a/scorecard.json", PULSE | many)
    tree.write("sessions/a/events.json", [{"score": 1, name: 1} for name in many])
    # Emoji and control characters take the most bytes.
    long = {sign * 100_000: 1 for sign in ("w", "🙂", "\x01")}
    tree.write("sessions/a/pulse_state.json", long | {"w" * 200: 1})
    fields.run(database, tree.root)
    found = _drift(pulse_elt).keys()
    assert {field for kind, field in found if kind == "scorecard"} == set(list(many)[:50])
    assert len([field for kind, field in found if kind == "answer_events"]) == 50
    assert {field for kind, field in found if kind == "pulse_state"} == {
        "w" * 200, "w" * 200 + "…", "🙂" * 200 + "…", '"' + r"\u0001" * 200 + '…"',
    }  # fmt: skip


def test_without_drift_or_a_build_status_is_silent(
    database: DatabaseSettings, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write("sessions/a/scorecard.json", PULSE | {"confidence": 1})
    assert pulse_elt("load", tree.root).returncode == 0
    assert _drift(pulse_elt) == {}
    assert HEADING not in pulse_elt("status").stdout


def test_the_examples_hold_no_unknown_field(
    built_examples: DatabaseSettings,
    pulse_elt: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(URL_VARIABLE, built_examples.as_url(with_password=True))
    with connect(built_examples) as connection:
        rows = connection.execute("select * from staging.stg_pulse__unknown_fields").fetchall()
    assert rows == []
    shown = pulse_elt("status").stdout
    assert "The marts (analytics) show" in shown
    assert HEADING not in shown
