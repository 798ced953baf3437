"""The configuration files that lie among the data, a few unrecognised ones and leftovers."""

import orjson

from loaders.sample.clock import DAY
from loaders.sample.tree import Tree
from loaders.sample.words import MISSTEPS, PERSONAS, SCENARIOS, STEPS

_AGENTS = ("customer", "coach", "evaluator", "stage-detector", "summary", "trainer")
_VERSIONS = 3
_AVATARS = ("anna", "bruno", "chloe", "dmitri", "emre", "freya")


def write_configuration(tree: Tree) -> None:
    """Write what the app reads at run time, dated as deployments of the first weeks."""
    documents: list[tuple[str, object]] = [
        *_prompts(),
        *_scenarios(),
        *_rubrics(),
        *_avatars(),
        ("agents.json", [{"agent": agent, "prompt": agent, "model": "b"} for agent in _AGENTS]),
        ("pulse_steps.json", [{"step": n, "name": name} for n, name in enumerate(STEPS, 1)]),
        ("feature_flags.json", {"avatars": True, "trainer_mode": False, "new_scoring": True}),
        *_unrecognised(),
    ]
    for number, (path, document) in enumerate(documents):
        content = orjson.dumps(document, option=orjson.OPT_INDENT_2)
        tree.put(path, content, number % 40 * DAY)
    tree.put("agents.json.bak", b"[]", DAY)
    tree.put("prompts/.~lock.coach.json#", b",admin,desk-1;", DAY)


def _prompts() -> list[tuple[str, object]]:
    documents: list[tuple[str, object]] = []
    for agent in _AGENTS:
        prompts = [
            {"prompt_id": agent, "version": version, "text": f"You are the {agent}. " * version}
            for version in range(1, _VERSIONS + 1)
        ]
        documents.append((f"prompts/{agent}.json", prompts[-1]))
        documents.extend(
            (f"prompts/{agent}/versions/{number}.json", prompt)
            for number, prompt in enumerate(prompts, 1)
        )
    return documents


def _scenarios() -> list[tuple[str, object]]:
    return [
        (
            f"scenarios/{'retail' if number < 5 else 'services'}/{scenario}.json",
            {"scenario_id": scenario, "personas": list(PERSONAS), "difficulty": difficulty},
        )
        for number, (scenario, difficulty) in enumerate(SCENARIOS.items())
    ]


def _rubrics() -> list[tuple[str, object]]:
    steps: list[tuple[str, object]] = [
        (
            f"rubrics/steps/{step.lower()}.json",
            {"step": step, "levels": ["missing", "tried", "done", "mastered"]},
        )
        for step in STEPS
    ]
    penalties = {identifier: penalty for _, identifier, penalty in MISSTEPS}
    return [*steps, ("rubrics/missteps.json", penalties)]


def _avatars() -> list[tuple[str, object]]:
    return [
        (f"data/avatars/{name}.json", {"name": name.title(), "voice": f"voice-{number}"})
        for number, name in enumerate(_AVATARS)
    ]


def _unrecognised() -> list[tuple[str, object]]:
    """Return files that no rule recognises, but that a loader must count and name."""
    return [
        ("package.json", {"name": "pulse-app", "private": True}),
        ("sessions/index.json", {"sessions": [], "note": "rebuilt nightly until March"}),
        ("users/leaderboard.json", {"top": []}),
        ("reports/2025-04/weekly.json", {"week": "2025-W15", "sessions": 0}),
    ]
