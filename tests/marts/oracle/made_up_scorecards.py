"""Random scorecards of every generation, most of them with something wrong."""

import random
from typing import Any

from tests.marts.oracle.writing import Numeral, dumps

_OUTCOMES = ["won", "won", "lost", "stalled", "in_progress"]
_WRONG_PARTS = ["good", [], [{"score": 1}], True, Numeral("2.5"), ""]
_WHOLE_DOCUMENTS = [[], [{"overall": {"score": 85}}], "85", Numeral("85"), True, None, {}]
_UNUSABLE = [
    "N/A", "12,5", "", "%", "+5", "05", ".5", "5.", "0x1F", "NaN", "Infinity", "1 000", "1e", "--1",
    True, False, [], [Numeral("50")], {}, {"score": Numeral("50")},
]  # fmt: skip
_FAR_OUT = ["1e400", "-1e400", "9" * 400, "-0.0000001", "100.0000001", "250", "-3", "1e3", "3.01"]
_CLOSE = [
    "0",
    "-0",
    "0.0",
    "1",
    "1.0",
    "1.00",
    "100",
    "3",
    "70",
    "69.995",
    "1e-400",
    "1e0",
    "2E+0",
    " 1",
    "2 ",
    "3 %",
]


def scorecard(chance: random.Random) -> str:
    """Return the text of a scorecard."""
    kind = chance.choices(
        [_pulse, _unit, _certification, _bare, _anything], weights=[35, 20, 30, 10, 5]
    )[0]
    return dumps(kind(chance))


def _pulse(chance: random.Random) -> dict[str, Any]:
    card = _parts(chance, 100, 3)
    overall = card.get("overall")
    if isinstance(overall, dict) and chance.random() < 0.7:
        overall["raw_score"] = _score(chance, 3)
    if chance.random() < 0.7:
        card["pulse_details"] = _details(chance)
    return card


def _unit(chance: random.Random) -> dict[str, Any]:
    return _parts(chance, 1, 1)


def _certification(chance: random.Random) -> dict[str, Any]:
    agents = {f"{part}_Score": _score(chance, 100, percent=True) for part in ("BCE", "MCF", "CPO")}
    for part in list(agents):
        if chance.random() < 0.08:
            del agents[part]
    card: dict[str, Any] = {
        "Trainee_ID": "T12345",
        "Persona_Tested": "Director",
        "Overall_Certification_Score": _score(chance, 100, percent=True),
        "Certification_Status": chance.choice(["PASS", "PASS", "FAIL", None, "MAYBE", True]),
        "Agent_Scores": chance.choice(_WRONG_PARTS) if chance.random() < 0.08 else agents,
        "Feedback_Consolidated": {"Behavioral_Mastery": "Friendly."},
    }
    for name in list(card):
        if chance.random() < 0.15:
            del card[name]
    if chance.random() < 0.1:
        card["pulse_details"] = _details(chance)
    return card


def _bare(chance: random.Random) -> dict[str, Any]:
    return {"overall": {"score": _score(chance, chance.choice([1, 100]))}}


def _anything(chance: random.Random) -> object:
    return chance.choice(_WHOLE_DOCUMENTS)


def _parts(chance: random.Random, overall: int, part: int) -> dict[str, Any]:
    card: dict[str, Any] = {}
    zeros = chance.random() < 0.05
    for name, top in (("overall", overall), ("bce", part), ("mcf", part), ("cpo", part)):
        case = chance.random()
        if case < 0.1:
            continue
        if case < 0.14:
            card[name] = chance.choice([*_WRONG_PARTS, None])
            continue
        score = Numeral("0") if zeros else _score(chance, top)
        card[name] = {"score": score, "summary": "…"}
        if case < 0.18:
            del card[name]["score"]
        if chance.random() < 0.4:
            card[name]["passed"] = chance.choice([True, False, True, False, None, "yes", [], {}])
    if chance.random() < 0.2:
        card["evaluator"] = {"score": Numeral("12"), "raw_score": None, "tags": ["x"]}
    return card


def _details(chance: random.Random) -> object:
    if chance.random() < 0.05:
        return chance.choice([*_WRONG_PARTS, None])
    details: dict[str, Any] = {
        "final_stage": _whole(chance, 5),
        "stage_name": "Link",
        "trust_score": _whole(chance, 10),
        "sale_outcome": chance.choice([*_OUTCOMES, *_OUTCOMES, "abandoned", "", True, [], None]),
        "missteps": chance.choice(
            [[], ["pushy"], ["pushy", "late", {"id": "x"}], None, "pushy", {}, Numeral("3")]
        ),
        "total_exchanges": _whole(chance, 30),
    }
    for name in list(details):
        if chance.random() < 0.15:
            del details[name]
    return details


def _whole(chance: random.Random, top: int) -> object:
    case = chance.random()
    if case < 0.75:
        return Numeral(chance.randrange(top + 1))
    if case < 0.85:
        return str(chance.randrange(top + 1))
    return chance.choice(
        [Numeral("-1"), Numeral("2.5"), Numeral("9" * 30), Numeral(top + 1), "a dozen", "", True,
         [], {}, None]
    )  # fmt: skip


def _score(chance: random.Random, top: int, *, percent: bool = False) -> object:
    case = chance.random()
    if case < 0.04:
        return chance.choice(_UNUSABLE)
    if case < 0.07:
        return _spelled(chance, chance.choice(_FAR_OUT), percent)
    if case < 0.15:
        return _spelled(chance, chance.choice(_CLOSE), percent)
    if case < 0.18:
        return None
    digits = chance.choice([0, 1, 2, 3, 4, 5, 9])
    # Half of them good, or hardly a card would be certified.
    whole = top * 10**digits
    within = chance.randint(chance.choice([0, whole * 5 // 6]), whole)
    return _spelled(chance, _decimal(within, digits), percent)


def _spelled(chance: random.Random, digits: str, percent: bool) -> str:
    """A number, or text that is one; a percent sign often where it may stand, seldom elsewhere."""
    case = chance.random()
    if case < (0.35 if percent else 0.02):
        return f"{digits.removesuffix('%')}%"
    return digits if case > 0.9 or set(digits) & set(" %") else Numeral(digits)


def _decimal(units: int, digits: int) -> str:
    text = str(units).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text
