"""The rules of document_kinds.json in Python and in the database say the same of every path."""

import json

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.database.connection import connect
from loaders.database.migrations import migrate
from loaders.database.settings import DatabaseSettings
from loaders.pipeline import configured_kinds
from loaders.project.document_kinds import DocumentKinds, Match, Rule
from tests.conftest import RunCommand, Tree

KINDS = configured_kinds()

# What raw.write_document asks, without writing.
_MATCH = """
select kinds.kind, kinds.verdict, captures[kinds.session_key_group], captures[kinds.user_key_group]
from raw.document_kinds as kinds
cross join lateral regexp_match(%(path)s, kinds.pattern) as captures
where
    starts_with(%(path)s, kinds.beginning)
    and right(%(path)s, length(kinds.ending)) = kinds.ending
    and captures is not null
order by kinds.ordinal
limit 1
"""

PATHS: dict[str, Match] = {
    "sessions/a/scorecard.json": Match("scorecard", "SYSTEM_OF_RECORD", "a"),
    "scorecards/a.json": Match("scorecard", "SYSTEM_OF_RECORD", "a"),
    "scorecards/a/b.json": Match(None, "UNRECOGNISED"),
    "scorecards/.json": Match(None, "UNRECOGNISED"),
    "scorecards/a.json.json": Match("scorecard", "SYSTEM_OF_RECORD", "a.json"),
    "scorecards/aXjson": Match(None, "UNRECOGNISED"),
    "scorecards/a.json\n": Match(None, "UNRECOGNISED"),
    "scorecards/a\nb.json": Match("scorecard", "SYSTEM_OF_RECORD", "a\nb"),
    "\nscorecards/a.json": Match(None, "UNRECOGNISED"),
    "x\nscorecards/a.json": Match(None, "UNRECOGNISED"),
    "Scorecards/a.json": Match(None, "UNRECOGNISED"),
    "scorecards/a.JSON": Match(None, "UNRECOGNISED"),
    "scorecards/(.*)+[x]$^|\\.json": Match("scorecard", "SYSTEM_OF_RECORD", "(.*)+[x]$^|\\"),
    "scorecards/Zoë 😀.json": Match("scorecard", "SYSTEM_OF_RECORD", "Zoë 😀"),
    "sessions/a/b/scorecard.json": Match(None, "UNRECOGNISED"),
    "sessions//scorecard.json": Match(None, "UNRECOGNISED"),
    "/sessions/a/scorecard.json": Match(None, "UNRECOGNISED"),
    "sessions/a/scorecard.json/": Match(None, "UNRECOGNISED"),
    "sessions/a/events.json": Match("answer_events", "SYSTEM_OF_RECORD", "a"),
    "sessions/a/event.json": Match(None, "UNRECOGNISED"),
    "trainer-change-logs/2025-01-02/Probe/shop/a.json": Match(
        "trainer_change_log", "SYSTEM_OF_RECORD", "a"
    ),
    "trainer_change_logs/2025-01-02/Probe/shop/a.json": Match(None, "UNRECOGNISED"),
    "prompts/a.json": Match("prompt", "CONFIG_STATIC"),
    "prompts/a/versions/1.json": Match("prompt_version", "CONFIG_STATIC"),
    "agents.json": Match("agent_roster", "CONFIG_STATIC"),
    "x/agents.json": Match(None, "UNRECOGNISED"),
    "rubrics/a": Match("rubric", "CONFIG_STATIC"),
    "rubrics/a/b\nc.json": Match("rubric", "CONFIG_STATIC"),
    "rubrics/": Match(None, "UNRECOGNISED"),
    # The rule for any folder comes last.
    "rubrics/history_a.json": Match("rubric", "CONFIG_STATIC"),
    "scorecards/history_a.json": Match("scorecard", "SYSTEM_OF_RECORD", "history_a"),
    "users/T1/history.json": Match("user_history", "SYSTEM_OF_RECORD", None, "T1"),
    "users/T1/x/history.json": Match(None, "UNRECOGNISED"),
    "history_T1.json": Match("user_history", "SYSTEM_OF_RECORD", None, "T1"),
    "history_T1_2.json": Match("user_history", "SYSTEM_OF_RECORD", None, "T1_2"),
    "x/y\n/history_T1.json": Match("user_history", "SYSTEM_OF_RECORD", None, "T1"),
    "x/history_.json": Match(None, "UNRECOGNISED"),
    "x//history_T1.json": Match(None, "UNRECOGNISED"),
    "xhistory_T1.json": Match(None, "UNRECOGNISED"),
    "": Match(None, "UNRECOGNISED"),
}


def in_the_database(connection: psycopg.Connection, path: str) -> Match:
    row = connection.execute(_MATCH, {"path": path}).fetchone()
    return Match(*row) if row else Match(None, "UNRECOGNISED")


@pytest.mark.parametrize("path", PATHS)
def test_python_says_what_the_table_of_paths_says(path: str) -> None:
    assert KINDS.match(path) == PATHS[path]


def test_the_database_says_what_the_table_of_paths_says(connection: psycopg.Connection) -> None:
    assert {path: in_the_database(connection, path) for path in PATHS} == PATHS


_WORDS = ["a", ".", "..", "", "*", "{x}", "é", "\n", "history_a.json", "scorecard.json", "b.json"]
_SEGMENTS = sorted(
    {segment for rule in KINDS.rules for path in rule.paths for segment in path.split("/")}
)


@given(st.lists(st.sampled_from(_SEGMENTS + _WORDS), min_size=1, max_size=6).map("/".join))
def test_made_up_paths_are_the_same_to_both(connection: psycopg.Connection, path: str) -> None:
    assert in_the_database(connection, path) == KINDS.match(path)


# Every sign that means something to a regular expression, and keys beside each other.
_ODD_TEMPLATES = [
    "a+b(c)[d]?/x^y$z|{session_key}-{user_key}.json",
    "**/deep/{user_key}.v{n}.txt.json",
    "mid/**/{session_key}.json",
    "all of it/**",
    "é/{session_key}&~# .json",
]
_ODD_PATHS = [
    "a+b(c)[d]?/x^y$z|s-u.json",
    "a+b(c)[d]?/x^y$z|s-t-u.json",
    "aab(c)[d]?/x^y$z|s-u.json",
    "deep/u.v1.txt.json",
    "x/y/deep/u.v1.v2.txt.json",
    "x/y/deep/u.v1.v2Xtxt.json",
    "mid/s.json",
    "mid/x/y/s.json",
    "mid/x//s.json",
    "mids.json",
    "all of it/a/\nb",
    "all-of it/a",
    "é/k&~# .json",
    "e\u0301/k&~# .json",
]


def kinds_of(*templates: str, why: str = "Because.") -> DocumentKinds:
    return DocumentKinds(
        [
            Rule(f"odd_{n}", (template,), "SYSTEM_OF_RECORD", why, f"odds_{n}", "all_versions")
            for n, template in enumerate(templates)
        ]
    )


def test_odd_templates_mean_the_same_to_both(connection: psycopg.Connection) -> None:
    kinds = kinds_of(*_ODD_TEMPLATES)
    assert migrate(connection, kinds).has_replaced_rules
    said = {path: in_the_database(connection, path) for path in _ODD_PATHS}
    assert said == {path: kinds.match(path) for path in _ODD_PATHS}
    assert sum(match.kind is not None for match in said.values()) == 8


def test_rules_are_written_when_they_differ_and_only_then(
    database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    editions = "select count(*) from raw.document_kinds_editions"
    assert connection.execute(editions).fetchone() == (1,)
    connection.execute("set default_transaction_read_only = on")
    assert migrate(connection, KINDS).notices == ()
    connection.execute("set default_transaction_read_only = off")
    kinds = kinds_of(*_ODD_TEMPLATES)
    assert len(migrate(connection, kinds).notices) == 1
    assert migrate(connection, kinds).notices == ()
    # What a rule is good for is for people.
    assert migrate(connection, kinds_of(*_ODD_TEMPLATES, why="Why not.")).notices == ()
    assert connection.execute(editions).fetchone() == (2,)
    with connect(database) as another:
        assert len(migrate(another, KINDS).notices) == 1
    assert connection.execute(editions).fetchone() == (3,)


def test_a_load_with_other_rules_than_the_databases_says_so_once(
    connection: psycopg.Connection, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write("sessions/a/scorecard.json", {})
    connection.execute("update raw.document_kinds_editions set rules_sha256 = 'of another file'")
    dry = pulse_elt("load", tree.root, "--dry-run")
    first = pulse_elt("load", tree.root)
    again = pulse_elt("load", tree.root, "--json")
    connection.execute("update raw.document_kinds_editions set rules_sha256 = 'of another file'")
    told = pulse_elt("load", tree.root, "--json")
    for done in (dry, first, again, told):
        assert done.returncode == 0, done.stderr
    sentence = "The rules of config/document_kinds.json differ from those in the database"
    assert sum(line.startswith(sentence) for line in first.stdout.splitlines()) == 1
    assert sentence in dry.stdout
    assert json.loads(again.stdout)["notices"] == []
    assert json.loads(told.stdout)["notices"][0].startswith(sentence)
