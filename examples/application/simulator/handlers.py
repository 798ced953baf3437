"""The handlers of the HTTP endpoints: each reads documents, decides, writes, and answers."""

from typing import Any

from . import clock, customer

# The one import that says where documents are. On PostgreSQL: pulse_store.helpers.
from .in_memory import blob_exists, list_blob_names, read_json, write_json

Answer = tuple[int, dict[str, Any]]

_KEPT_HISTORY = 20


def start(body: dict[str, Any]) -> Answer:
    """Begin a session: POST /sessions."""
    scenario_id = body.get("scenarioId", "mattress-01")
    scenario = read_json(f"scenarios/{scenario_id}.json")
    if scenario is None:
        return 404, {"error": "There is no such scenario."}
    session, user = clock.new_id(), body["userId"]
    persona = body.get("persona", "Relater")
    write_json(
        f"sessions/{session}/session.json",
        {
            "session_id": session,
            "created_at": clock.now(),
            "persona": persona,
            "request": {"persona": persona, "userId": user},
            "status": "active",
            "user_id": user,
        },
    )
    opening = {"role": "assistant", "content": scenario["opening"]}
    write_json(f"sessions/{session}/conversation.json", {"messages": [opening]})
    write_json(f"sessions/{session}/pulse_state.json", customer.first_pulse_state())
    write_json(f"sessions/{session}/sale_state.json", customer.first_sale_state())
    return 201, {"sessionId": session, "message": scenario["opening"]}


def chat(session: str, body: dict[str, Any]) -> Answer:
    """Play a turn: POST /sessions/{session}/chat. Three reads, and two to four writes."""
    folder = f"sessions/{session}"
    messages = _read(f"{folder}/conversation.json", {"messages": []})["messages"]
    pulse = _read(f"{folder}/pulse_state.json", customer.first_pulse_state())
    sale = _read(f"{folder}/sale_state.json", customer.first_sale_state())
    exchange = 1 + sum(message["role"] == "user" for message in messages)
    reply, pulse_after, sale_after = customer.hear(body["message"], exchange, pulse, sale)
    messages.append({"role": "user", "content": body["message"]})
    messages.append({"role": "assistant", "content": reply})
    write_json(f"{folder}/conversation.json", {"messages": messages})
    write_json(f"{folder}/sale_state.json", sale_after)
    if pulse_after != pulse:
        write_json(f"{folder}/pulse_state.json", pulse_after)
    if sale_after["outcome"] != sale["outcome"]:
        write_json(f"{folder}/transcript.json", _transcript(session, messages))
    return 200, {
        "message": reply,
        "exchange": exchange,
        "stage": pulse_after["stage_name"],
        "trust": sale_after["trust_score"],
        "outcome": sale_after["outcome"],
    }


def finish(session: str) -> Answer:
    """Score a session, and add it to its learner's history: POST /sessions/{session}/finish."""
    folder = f"sessions/{session}"
    found = _read(f"{folder}/session.json", None)
    if found is None:
        return 404, {"error": "There is no such session."}
    messages = _read(f"{folder}/conversation.json", {"messages": []})["messages"]
    pulse = _read(f"{folder}/pulse_state.json", customer.first_pulse_state())
    sale = _read(f"{folder}/sale_state.json", customer.first_sale_state())
    scorecard = _scorecard(messages, pulse, sale)
    user = found["user_id"]
    history = _read(f"users/{user}/history.json", [])
    entries = [each for each in history if each.get("sessionId") != session]
    write_json(f"{folder}/transcript.json", _transcript(session, messages))
    write_json(f"{folder}/scorecard.json", scorecard)
    ended = clock.now()
    write_json(f"{folder}/session.json", {**found, "status": "completed", "completed_at": ended})
    write_json(
        f"users/{user}/history.json",
        [*_entries(session, ended, found["persona"], scorecard), *entries][:_KEPT_HISTORY],
    )
    return 200, {
        "sessionId": session,
        "score": scorecard["overall"]["score"],
        "passed": scorecard["overall"]["passed"],
        "outcome": sale["outcome"],
    }


def talk(session: str) -> Answer:
    """Show a session as it stands: GET /sessions/{session}."""
    messages = _read(f"sessions/{session}/conversation.json", {"messages": []})["messages"]
    sale = _read(f"sessions/{session}/sale_state.json", customer.first_sale_state())
    return 200, {
        "sessionId": session,
        "messages": [
            {"role": message["role"], "content": message["content"]} for message in messages
        ],
        "trust": sale["trust_score"],
        "isScored": blob_exists(f"sessions/{session}/scorecard.json"),
    }


def sessions() -> Answer:
    """List the sessions: GET /sessions."""
    names = [name.split("/") for name in list_blob_names("sessions/")]
    return 200, {"sessions": [key for _, key, document in names if document == "session.json"]}


def history(user: str) -> Answer:
    """Show a learner's sessions, the newest first: GET /users/{user}/history."""
    entries = _read(f"users/{user}/history.json", [])
    keys = ("sessionId", "date", "persona", "outcome", "score", "duration")
    found = [{key: entry[key] for key in keys} for entry in entries if "sessionId" in entry]
    return 200, {"userId": user, "history": found}


def readiness(user: str) -> Answer:
    """Show a learner's snapshots of readiness: GET /users/{user}/readiness.

    Once nights have built the marts, `pulse_store.readiness_history` answers this.
    """
    entries = _read(f"users/{user}/history.json", [])
    keys = ("timestamp", "overall", "technical", "communication", "structure", "behavioral")
    found = [{key: entry[key] for key in keys} for entry in entries if "overall" in entry]
    return 200, {"userId": user, "latest": found[0] if found else None, "history": found}


def _read(path: str, default: Any) -> Any:
    """Return a document; a default, if there is none, and whatever goes wrong."""
    try:
        found = read_json(path)
    except Exception:
        found = None
    return default if found is None else found


def _transcript(session: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
    names = {"user": "Trainee", "assistant": "Customer"}
    lines = [f"{names[message['role']]}: {message['content']}" for message in messages]
    return {"session_id": session, "transcript": lines}


def _scorecard(
    messages: list[dict[str, Any]], pulse: dict[str, Any], sale: dict[str, Any]
) -> dict[str, Any]:
    parts = {
        "bce": min(3.0, 1.0 + 0.5 * len(pulse["detected_behaviors"])),
        "mcf": round(0.6 * pulse["current_stage"], 2),
        "cpo": round(0.3 * sale["trust_score"], 2),
    }
    raw = round(sum(parts.values()) / len(parts), 2)
    return {
        "overall": {"score": round(raw / 3 * 100), "raw_score": raw, "passed": raw >= 2},
        **{
            part: {"score": score, "passed": score >= 2, "summary": f"{part}: {score}"}
            for part, score in parts.items()
        },
        "pulse_details": {
            "final_stage": pulse["current_stage"],
            "stage_name": pulse["stage_name"],
            "trust_score": sale["trust_score"],
            "sale_outcome": sale["outcome"],
            "missteps": [misstep["id"] for misstep in sale["missteps"]],
            "total_exchanges": sum(message["role"] == "user" for message in messages),
        },
    }


def _entries(
    session: str, ended: str, persona: str, scorecard: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return a session's entry of the history, and the snapshot of readiness after it."""
    details, score = scorecard["pulse_details"], scorecard["overall"]["score"]
    return [
        {
            "sessionId": session,
            "date": ended,
            "persona": persona,
            "personaName": persona,
            "outcome": details["sale_outcome"],
            "score": score,
            "duration": details["total_exchanges"],
        },
        {
            "timestamp": ended,
            "overall": float(score),
            "technical": round(scorecard["mcf"]["score"] / 3 * 100, 1),
            "communication": round(scorecard["bce"]["score"] / 3 * 100, 1),
            "structure": None,
            "behavioral": round(scorecard["cpo"]["score"] / 3 * 100, 1),
        },
    ]
