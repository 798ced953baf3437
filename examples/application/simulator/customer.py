"""The simulated customer; in the real application a language model, which takes seconds."""

from typing import Any

STAGES = ("Probe", "Understand", "Link", "Simplify", "Earn")
START_TRUST = 5
_PUSHY = ("buy now", "last chance", "sign here")


def first_pulse_state() -> dict[str, Any]:
    """Return how far a talk has come before its first turn."""
    return {"current_stage": 1, "stage_name": STAGES[0], "detected_behaviors": []}


def first_sale_state() -> dict[str, Any]:
    """Return what the customer thinks before the first turn."""
    return {
        "trust_score": START_TRUST, "outcome": "in_progress", "missteps": [], "total_missteps": 0,
    }  # fmt: skip


def hear(
    message: str, exchange: int, pulse: dict[str, Any], sale: dict[str, Any]
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the customer's reply to a message, and both states after it."""
    is_pushy = any(words in message.lower() for words in _PUSHY)
    missteps, behaviors = list(sale["missteps"]), list(pulse["detected_behaviors"])
    if is_pushy:
        missteps.append({"id": "pushy_early_close", "penalty": -3, "hint": f"In {exchange}."})
    elif "?" in message and "open question" not in behaviors:
        behaviors.append("open question")
    trust = max(0, min(10, sale["trust_score"] + (-3 if is_pushy else exchange % 2)))
    stage = min(len(STAGES), 1 + exchange // 6)
    outcome = "lost" if trust == 0 else "won" if stage == len(STAGES) and trust >= 8 else None
    reply = f"{'Please do not press me.' if is_pushy else 'I see.'} Go on ({exchange}, {trust})."
    return (
        reply,
        {
            "current_stage": stage,
            "stage_name": STAGES[stage - 1],
            "detected_behaviors": behaviors,
        },
        {
            "trust_score": trust,
            "outcome": outcome or "in_progress",
            "missteps": missteps,
            "total_missteps": len(missteps),
        },
    )
