"""A scorecard document as docs/design.md §5 says it must stand in `analytics.scorecards`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from tests.marts.oracle.casting import Json, fields, integer, number, on_scale, parse, rounded

PASS_FROM = Decimal(70)
CERTIFIED_FROM = Decimal(85)
WEIGHTS = {"bce": Decimal("0.40"), "mcf": Decimal("0.35"), "cpo": Decimal("0.25")}
OUTCOMES = ("won", "lost", "stalled", "in_progress")
_PARTS = ("bce", "mcf", "cpo")
_CERTIFICATION_FIELDS = ("Overall_Certification_Score", "Certification_Status", "Agent_Scores")


@dataclass
class Scorecard:
    """One row of the mart, and what of the document must be, or may be, a rejected value."""

    scorecard_format: str
    overall_score: Decimal | None = None
    bce_score: Decimal | None = None
    mcf_score: Decimal | None = None
    cpo_score: Decimal | None = None
    weighted_score: Decimal | None = None
    is_passed: bool | None = None
    is_certified: bool | None = None
    final_stage: int | None = None
    trust_score: int | None = None
    sale_outcome: str | None = None
    misstep_count: int | None = None
    total_exchanges: int | None = None
    rejected: dict[str, str] = field(default_factory=dict)
    # What the specification neither rejects nor uses: fields beside the format's own.
    left_open: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Place:
    """Where a score stands: its path, its value and the end of its scale."""

    path: str
    value: Json
    top: int


def normalise(text: str) -> Scorecard:
    """Return what the mart must say of a document."""
    whole = parse(text)
    document = fields(whole)
    if any(name in document for name in _CERTIFICATION_FIELDS):
        card = _certification(document)
    else:
        card = _pulse_or_unit(document)
    if not isinstance(whole, dict):
        card.rejected = {"$": "wrong_shape"}
    _details(card, document.get("pulse_details"))
    _judge(card, document)
    return card


def _certification(document: dict[str, Json]) -> Scorecard:
    card = Scorecard("certification")
    agents = _object(card, "Agent_Scores", document.get("Agent_Scores"))
    overall = _Place(
        "Overall_Certification_Score", document.get("Overall_Certification_Score"), 100
    )
    card.overall_score = _score(card, overall, percent=True)
    for part in _PARTS:
        name = f"{part.upper()}_Score"
        place = _Place(f"Agent_Scores.{name}", agents.get(name), 100)
        setattr(card, f"{part}_score", _score(card, place, percent=True))
    card.left_open |= _paths_of_parts(("overall", *_PARTS))
    return card


def _pulse_or_unit(document: dict[str, Json]) -> Scorecard:
    card = Scorecard("unknown")
    parts = {name: _object(card, name, document.get(name)) for name in ("overall", *_PARTS)}
    cast = [number(part.get("score")) for part in parts.values()]
    scores = [score for score in cast if score is not None]
    raw = parts["overall"].get("raw_score")
    if raw is not None or document.get("pulse_details") is not None:
        card.scorecard_format = "pulse"
    elif scores and all(0 <= score <= 1 for score in scores):
        card.scorecard_format = "unit"
    elif scores:
        card.scorecard_format = "pulse"
    if card.scorecard_format == "unknown":
        # One rejected value stands for the document; whether its fields are named beside it is
        # not said.
        card.rejected = {"$": "unknown_format"}
        card.left_open |= _paths_of_parts(parts)
        return card
    unit = card.scorecard_format == "unit"
    for name, part in parts.items():
        top = 1 if unit else 100 if name == "overall" else 3
        place = _Place(f"{name}.score", part.get("score"), top)
        setattr(card, f"{name}_score", _score(card, place))
    if card.overall_score is None:
        card.overall_score = _score(card, _Place("overall.raw_score", raw, 3))
    else:
        # It has no column and is not needed.
        card.left_open.add("overall.raw_score")
    return card


def _paths_of_parts(parts: Iterable[str]) -> set[str]:
    endings = ("", ".score", ".raw_score", ".passed")
    return {f"{part}{ending}" for part in parts for ending in endings}


def _object(card: Scorecard, path: str, value: Json) -> dict[str, Json]:
    if value is not None and not isinstance(value, dict):
        card.rejected[path] = "wrong_shape"
    return fields(value)


def _score(card: Scorecard, place: _Place, *, percent: bool = False) -> Decimal | None:
    if place.value is None:
        return None
    found = number(place.value, percent=percent)
    if found is None:
        card.rejected[place.path] = "not_a_number"
    elif not 0 <= found <= place.top:
        card.rejected[place.path] = "out_of_range"
    else:
        return on_scale(found, place.top)
    return None


def _details(card: Scorecard, value: Json) -> None:
    details = _object(card, "pulse_details", value)
    card.final_stage = _whole(card, "final_stage", details, range(1, 6))
    card.trust_score = _whole(card, "trust_score", details, range(11))
    card.total_exchanges = _whole(card, "total_exchanges", details, range(2**31))
    outcome = details.get("sale_outcome")
    if outcome in OUTCOMES:
        card.sale_outcome = outcome
    elif outcome is not None:
        card.rejected["pulse_details.sale_outcome"] = "unknown_value"
    missteps = details.get("missteps")
    if isinstance(missteps, list):
        card.misstep_count = len(missteps)
    elif missteps is not None:
        card.rejected["pulse_details.missteps"] = "wrong_shape"


def _whole(card: Scorecard, name: str, details: dict[str, Json], allowed: range) -> int | None:
    value = details.get(name)
    if value is None:
        return None
    found = integer(value)
    # A range is walked through in search of None.
    if found is not None and found in allowed:
        return found
    path = f"pulse_details.{name}"
    card.rejected[path] = "not_an_integer" if found is None else "out_of_range"
    return None


def _judge(card: Scorecard, document: dict[str, Json]) -> None:
    status = document.get("Certification_Status")
    if card.scorecard_format == "certification":
        if status in ("PASS", "FAIL"):
            card.is_passed = status == "PASS"
        if status is not None and card.is_passed is None:
            card.rejected["Certification_Status"] = "unknown_value"
    else:
        verdict = fields(document.get("overall")).get("passed")
        card.is_passed = verdict if isinstance(verdict, bool) else None
        unused = verdict is not None and card.is_passed is None
        if unused and "overall.passed" not in card.left_open:
            card.rejected["overall.passed"] = "not_a_boolean"
    if card.is_passed is None and card.overall_score is not None:
        card.is_passed = card.overall_score >= PASS_FROM
    parts = {name: getattr(card, f"{name}_score") for name in _PARTS}
    if all(score is not None for score in parts.values()):
        weighted = sum((WEIGHTS[name] * score for name, score in parts.items()), Decimal())
        card.weighted_score = rounded(weighted)
        card.is_certified = card.weighted_score >= CERTIFIED_FROM and (
            card.sale_outcome == "won" or status == "PASS"
        )
