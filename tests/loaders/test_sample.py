"""What sample trees promise: the same bytes always, every kind and format, learners who learn."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from loaders.cli.sample import sample
from loaders.sample import SampleError, SamplePlan, SampleSummary, generate, generate_nights
from loaders.sample.damage import DAMAGES, damage

# The table of docs/legacy-format.md §1, in its order; keys of people and sessions are not checked.
KINDS = {
    "scorecard": r"sessions/[^/]+/scorecard\.json|scorecards/[^/]+\.json",
    "session": r"sessions/[^/]+/session\.json",
    "transcript": r"sessions/[^/]+/transcript\.json",
    "conversation": r"sessions/[^/]+/conversation\.json",
    "pulse_state": r"sessions/[^/]+/pulse_state\.json",
    "sale_state": r"sessions/[^/]+/sale_state\.json",
    "evaluation": r"sessions/[^/]+/evaluation\.json",
    "answer_events": r"sessions/[^/]+/events\.json",
    "trainer_change_log": r"trainer-change-logs/\d{4}-\d\d-\d\d/[^/]+/[^/]+/[^/]+\.json",
    "prompt": r"prompts/[^/]+\.json",
    "prompt_version": r"prompts/[^/]+/versions/\d+\.json",
    "agent_roster": r"agents\.json",
    "rubric": r"rubrics/.+",
    "pulse_steps": r"pulse_steps\.json",
    "scenario": r"scenarios/.+",
    "feature_flags": r"feature_flags\.json",
    "avatar_metadata": r"data/avatars/[^/]+\.json",
    "user_history": r"users/[^/]+/history\.json|(.+/)?history_[^/]+\.json",
}


@dataclass(frozen=True)
class SampleTree:
    """A tree that was written once, what was said about it, and the names of its files."""

    root: Path
    summary: SampleSummary
    names: tuple[str, ...]

    def files(self, kind: str = "") -> Iterator[Path]:
        """Yield the files of a kind, or all; symbolic links are left out."""
        rule = re.compile(KINDS[kind] if kind else ".*")
        return (self.root / name for name in self.names if rule.fullmatch(name))

    def documents(self, kind: str) -> list[Any]:
        """Return the documents of a kind that can be read."""
        contents = (path.read_bytes() for path in self.files(kind))
        return [orjson.loads(content) for content in contents if can_land(content)]


def written(plan: SamplePlan, root: Path, workers: int = 1) -> SampleTree:
    """Write the tree of a plan and list it."""
    summary = generate(plan, root, workers=workers)
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return SampleTree(root, summary, tuple(sorted(str(file.relative_to(root)) for file in files)))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> SampleTree:
    """A tree of 400 sessions."""
    return written(SamplePlan(400, 16, seed=1), tmp_path_factory.mktemp("sample") / "tree")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> SampleTree:
    """A tree of 4,000 sessions, for what only shows on average."""
    plan = SamplePlan(4_000, 160, seed=3)
    return written(plan, tmp_path_factory.mktemp("sample") / "large", workers=2)


def can_land(content: bytes) -> bool:
    """Whether PostgreSQL's jsonb takes these bytes."""
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return b"\\u0000" not in content and b"1e200000" not in content


def fingerprint(root: Path) -> str:
    """Return a hash over every name, time, link target and byte below a directory."""
    digest = sha256()
    for path in sorted(root.rglob("*")):
        digest.update(os.fsencode(path.relative_to(root)))
        if path.is_symlink():
            digest.update(os.fsencode(path.readlink()))
        elif path.is_file():
            digest.update(path.read_bytes())
        if not path.is_dir():
            digest.update(str(path.lstat().st_mtime_ns).encode())
    return digest.hexdigest()


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    plan = SamplePlan(300, 12, seed=7)
    first, second = (generate(plan, tmp_path / name, workers=1) for name in ("a", "b"))
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b")
    assert (first.files, first.bytes) == (second.files, second.bytes)


def test_the_number_of_workers_changes_no_byte(tmp_path: Path) -> None:
    plan = SamplePlan(1_500, 60, seed=7)
    for workers in (1, 2, 3):
        generate(plan, tmp_path / str(workers), workers=workers)
    assert len({fingerprint(tmp_path / str(workers)) for workers in (1, 2, 3)}) == 1


def test_another_seed_writes_another_tree(tmp_path: Path) -> None:
    for seed in (1, 2):
        generate(SamplePlan(50, 2, seed=seed), tmp_path / str(seed), workers=1)
    assert fingerprint(tmp_path / "1") != fingerprint(tmp_path / "2")


def test_every_kind_is_there(tree: SampleTree) -> None:
    assert {kind: any(tree.files(kind)) for kind in KINDS} == dict.fromkeys(KINDS, True)


def test_unrecognised_files_and_leftovers_are_few_and_there(tree: SampleTree) -> None:
    names = tree.names
    known = re.compile("|".join(KINDS.values()))
    json_names = [name for name in names if name.endswith(".json")]
    assert 1 <= sum(not known.fullmatch(name) for name in json_names) <= 10
    leftovers = [name for name in names if not name.endswith(".json")]
    assert any(name.endswith(".bak") for name in leftovers)
    assert any("/.~lock." in name for name in leftovers)
    assert len(leftovers) == tree.summary.leftovers


def test_the_summary_counts_what_is_there(tree: SampleTree) -> None:
    files = list(tree.files())
    links = [path for path in tree.root.rglob("*") if path.is_symlink()]
    readable = [path for path in files if path.suffix == ".json"]
    assert tree.summary.files == len(readable) + len(links)
    assert tree.summary.bytes == sum(path.stat().st_size for path in files)
    assert (tree.summary.sessions, tree.summary.learners) == (400, 16)


def test_every_file_parses_but_the_bad_ones(tree: SampleTree) -> None:
    unreadable = [
        path for path in tree.files() if path.suffix == ".json" and not can_land(path.read_bytes())
    ]
    assert len(unreadable) + 1 == tree.summary.bad_files  # and the link
    assert len(unreadable) >= len(DAMAGES)


def test_a_share_of_zero_leaves_no_bad_file(tmp_path: Path) -> None:
    tree = written(SamplePlan(200, 8, seed=1, bad_share=0), tmp_path / "tree")
    assert tree.summary.bad_files == 0
    assert all(can_land(path.read_bytes()) for path in tree.files() if path.suffix == ".json")
    assert not any(path.is_symlink() for path in tree.root.rglob("*"))


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("document", [b'{"a": 1}', b'[{"a": 1}, {"b": "\xc3\xa9"}]'])
def test_a_damaged_document_cannot_land(name: str, document: bytes) -> None:
    assert can_land(document)
    assert not can_land(damage(name, document))


def test_the_link_stays_inside_the_tree(tree: SampleTree) -> None:
    (link,) = [path for path in tree.root.rglob("*") if path.is_symlink()]
    assert not link.readlink().is_absolute()
    assert link.resolve(strict=True).is_relative_to(tree.root.resolve())


def test_every_scorecard_format_is_there_in_proportion(large: SampleTree) -> None:
    formats = Counter(map(scorecard_format, large.documents("scorecard")))
    shares = {name: count / formats.total() for name, count in formats.items()}
    assert shares["pulse"] == pytest.approx(0.85, abs=0.03)
    assert shares["certification"] == pytest.approx(0.08, abs=0.02)
    assert shares["unit"] == pytest.approx(0.06, abs=0.02)
    assert shares["unknown"] == pytest.approx(0.01, abs=0.007)


def scorecard_format(card: object) -> str:
    """Return the generation of a scorecard by the order of docs/design.md §5."""
    if not isinstance(card, dict):
        return "unknown"
    if "Agent_Scores" in card:
        return "certification"
    overall = card.get("overall")
    if card.get("pulse_details") is not None:
        return "pulse"
    is_scored = isinstance(overall, dict) and overall.get("score") not in (None, "N/A")
    return "unit" if is_scored else "unknown"


def test_a_session_leaves_three_small_files(large: SampleTree) -> None:
    assert 2.8 <= large.summary.files / large.summary.sessions <= 3.2
    sizes = sorted(path.stat().st_size for path in large.files())
    assert 300 <= mean(sizes) <= 800
    assert sum(200 <= size <= 1_000 for size in sizes) / len(sizes) > 0.7
    assert sizes[-1] < 8_000


def test_answer_events_come_in_every_shape_scale_and_time_name(tree: SampleTree) -> None:
    documents = tree.documents("answer_events")
    assert {type(document) for document in documents} == {list, dict}
    files = [d["events"] if isinstance(d, dict) else d for d in documents]
    scores = [[e["score"] for e in f if not isinstance(e["score"], str)] for f in files]
    assert {max(file) <= 1 for file in scores if file} == {True, False}
    names = {
        name for file in files for name in ("ts", "occurred_at", "timestamp") if name in file[0]
    }
    assert names == {"ts", "occurred_at", "timestamp"}


def test_histories_come_in_every_place_wrapping_and_kind(large: SampleTree) -> None:
    places = {path.relative_to(large.root).parts[0] for path in large.files("user_history")}
    assert "users" in places
    assert any(place.startswith("history_") for place in places)
    assert places & {"exports", "backup", "data"}
    documents = large.documents("user_history")
    assert {wrapping(document) for document in documents} == {"bare", "history", "sessions"}
    entries = [history_entries(document) for document in documents]
    kinds = {frozenset("sessionId" in entry for entry in file) for file in entries}
    assert kinds == {frozenset({True}), frozenset({False}), frozenset({True, False})}


History = list[dict[str, Any]] | dict[str, Any]


def wrapping(document: History) -> str:
    """Return how the entries of a history are wrapped."""
    if isinstance(document, list):
        return "bare"
    return "history" if "history" in document else "sessions"


def history_entries(document: History) -> list[dict[str, Any]]:
    """Return the entries of a history, newest first."""
    if isinstance(document, list):
        return document
    return list(document[wrapping(document)])


def test_a_history_keeps_the_newest_twenty_newest_first(large: SampleTree) -> None:
    lengths = []
    for document in large.documents("user_history"):
        entries = history_entries(document)
        times = [(entry.get("date") or entry["timestamp"])[:19] for entry in entries]
        assert times == sorted(times, reverse=True)
        lengths.append(len(entries))
    assert max(lengths) == 20


def test_some_sessions_are_known_only_from_a_history(large: SampleTree) -> None:
    remembered = {
        entry["sessionId"]
        for document in large.documents("user_history")
        for entry in history_entries(document)
        if "sessionId" in entry
    }
    folders = {path.name for path in (large.root / "sessions").iterdir()}
    elsewhere = {path.stem for path in (large.root / "scorecards").iterdir()}
    lost = len(remembered - folders - elsewhere)
    assert 0.005 <= lost / large.summary.sessions <= 0.04
    # No session is lost without a trace.
    assert len(remembered | folders | elsewhere - {"latest"}) >= large.summary.sessions


def test_keys_from_before_accounts_and_from_development_occur(large: SampleTree) -> None:
    folders = {path.name for path in (large.root / "sessions").iterdir()}
    assert any(name.startswith("dev-test-session-") for name in folders)
    users = {session.get("user_id", "") for session in session_documents(large)}
    assert "demo" in users
    assert any(re.fullmatch(r"T\d+", user) for user in users)
    assert any(user.startswith("unknown-") for user in users)


def session_documents(tree: SampleTree) -> list[dict[str, Any]]:
    """Return the session documents that are objects."""
    return [document for document in tree.documents("session") if isinstance(document, dict)]


def test_sessions_are_written_in_all_the_ways_the_app_knew(large: SampleTree) -> None:
    sessions = session_documents(large)
    offsets = {re.sub(r"^.{19}\.\d{6}", "", session["created_at"]) for session in sessions}
    assert offsets == {"+00:00", "Z", ""}
    assert {session["persona"] for session in sessions} >= {"Relater", "relater", "RELATER"}
    for name in ("user_id", "completed_at", "status"):
        missing = sum(name not in session for session in sessions) / len(sessions)
        assert 0.01 <= missing <= 0.15, name
    requests = [session["request"] for session in sessions if "user_id" not in session]
    assert {"userId", "user_id"} <= {name for request in requests for name in request}


def test_some_scores_cannot_be_cast_but_few(large: SampleTree) -> None:
    cards = [card for card in large.documents("scorecard") if scorecard_format(card) == "pulse"]
    scores = [card["overall"]["score"] for card in cards]
    bad = [score for score in scores if type(score) is not int or not 0 <= score <= 100]
    assert 0 < len(bad) / len(scores) < 0.01


def test_transcripts_are_lists_texts_and_lists_of_objects(large: SampleTree) -> None:
    documents = [d for d in large.documents("transcript") if isinstance(d, dict)]
    kinds = Counter(transcript_kind(document["transcript"]) for document in documents)
    assert kinds.most_common(1)[0][0] == "str in list"
    assert set(kinds) == {"str in list", "dict in list", "str", "NoneType"}
    assert any("session_id" not in document for document in documents)


def transcript_kind(transcript: object) -> str:
    """Return the shape of a transcript by the names of its types."""
    if isinstance(transcript, list):
        return f"{type(transcript[0]).__name__} in list"
    return type(transcript).__name__


def test_learners_improve_over_months(large: SampleTree) -> None:
    results = results_by_learner(large)
    long = [scores for scores in results.values() if len(scores) >= 15]
    gains = [mean(scores[-5:]) - mean(scores[:5]) for scores in long]
    assert mean(gains) > 10
    assert sum(gain > 0 for gain in gains) / len(gains) > 0.75
    # And some stand still.
    assert any(abs(gain) < 5 for gain in gains)


def results_by_learner(tree: SampleTree) -> dict[str, list[int]]:
    """Return each learner's pulse scores, oldest first."""
    sessions = {session["session_id"]: session for session in session_documents(tree)}
    results: dict[str, list[tuple[str, int]]] = {}
    for path in tree.files("scorecard"):
        key = path.stem if path.parent.name == "scorecards" else path.parent.name
        session, content = sessions.get(key, {}), path.read_bytes()
        card: Any = orjson.loads(content) if can_land(content) else None
        if "user_id" in session and scorecard_format(card) == "pulse":
            score = card["overall"]["score"]
            if type(score) is int and 0 <= score <= 100:
                results.setdefault(session["user_id"], []).append((session["created_at"], score))
    return {user: [score for _, score in sorted(scores)] for user, scores in results.items()}


def test_practice_takes_months_and_starts_in_different_ones(large: SampleTree) -> None:
    days: dict[str, list[str]] = {}
    for session in session_documents(large):
        days.setdefault(session.get("user_id", ""), []).append(session["created_at"][:10])
    firsts = {min(times)[:7] for user, times in days.items() if not user.startswith("unknown")}
    assert len(firsts) >= 8
    assert min(firsts) == "2025-01"
    assert sum(max(times)[:7] > min(times)[:7] for times in days.values()) > len(days) / 2


def test_what_a_scorecard_says_agrees_with_itself(large: SampleTree) -> None:
    cards = [card for card in large.documents("scorecard") if scorecard_format(card) == "pulse"]
    whole = [c for c in cards if all(isinstance(c.get(p), dict) for p in ("bce", "mcf", "cpo"))]
    by_outcome: dict[str, list[float]] = {}
    for card in whole:
        parts = [card[name]["score"] for name in ("bce", "mcf", "cpo")]
        details = card["pulse_details"]
        assert card["overall"]["raw_score"] == pytest.approx(mean(parts), abs=0.11)
        assert 0 <= details["trust_score"] <= 10
        assert (details["sale_outcome"] == "won") <= (details["final_stage"] == 5)
        by_outcome.setdefault(details["sale_outcome"], []).append(card["overall"]["raw_score"])
    assert set(by_outcome) == {"won", "lost", "stalled", "in_progress"}
    assert mean(by_outcome["won"]) > mean(by_outcome["lost"]) + 0.3


def test_files_are_dated_by_their_session_not_by_today(tree: SampleTree) -> None:
    session = next(
        document
        for document in session_documents(tree)
        if document.get("completed_at", "").endswith("+00:00")
        and (tree.root / "sessions" / document["session_id"]).is_dir()
    )
    folder = tree.root / "sessions" / session["session_id"]
    dates = {round(path.stat().st_mtime) for path in folder.iterdir()}
    assert dates == {int(datetime.fromisoformat(session["completed_at"]).timestamp())}


def test_a_directory_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SampleError, match="not empty"):
        generate(SamplePlan(10, 1, seed=1), tmp_path)
    result = CliRunner().invoke(sample, ["--sessions", "10", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "not empty" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(sample, ["--out", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "file" in result.output


@pytest.mark.parametrize(("sessions", "learners"), [(1, 1), (3, 20), (120, 1), (100, 100)])
def test_any_number_of_sessions_and_learners_works(
    tmp_path: Path, sessions: int, learners: int
) -> None:
    summary = generate(SamplePlan(sessions, learners, seed=5), tmp_path, workers=1)
    assert (summary.sessions, summary.learners) == (sessions, learners)
    assert sum(1 for _ in (tmp_path / "sessions").iterdir()) <= sessions + 1
    assert (summary.bad_files >= len(DAMAGES) + 1) == (sessions >= 100)


def test_the_command_prints_its_summary_for_people_and_machines(tmp_path: Path) -> None:
    arguments = ["--sessions", "60", "--workers", "1", "--out"]
    people = CliRunner().invoke(sample, [*arguments, str(tmp_path / "a")])
    machine = CliRunner().invoke(sample, [*arguments, str(tmp_path / "b"), "--json"])
    assert people.exit_code == machine.exit_code == 0
    assert people.output.count("\n") == 1
    summary = json.loads(machine.output)
    assert summary["sessions"] == 60
    assert summary["learners"] == 2
    assert f"{summary['files']:,} files" in people.output


def contents(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a directory, by path; a link's target."""
    return {
        str(path.relative_to(root)): (
            os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        )
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_every_night_is_a_whole_tree_that_contains_the_one_before(tmp_path: Path) -> None:
    plan = SamplePlan(400, 24, seed=5, bad_share=0.02)
    summaries = generate_nights(plan, tmp_path / "nights", 3, workers=1)
    generate(plan, tmp_path / "whole", workers=1)
    nights = [contents(tmp_path / "nights" / f"night-{night}") for night in (1, 2, 3)]
    assert nights[2] == contents(tmp_path / "whole")
    first, second, third = (summary.sessions for summary in summaries)
    assert 0 < first < second < third == 400
    for before, after in pairwise(nights):
        assert set(before) < set(after)
        changed = {path for path in before if before[path] != after[path]}
        assert changed
        assert all(re.fullmatch(KINDS["user_history"], path) for path in changed)


def test_the_command_writes_nights(tmp_path: Path) -> None:
    arguments = ["--sessions", "30", "--nights", "2", "--workers", "1", "--out"]
    done = CliRunner().invoke(sample, [*arguments, str(tmp_path / "out"), "--json"])
    first, second = json.loads(done.output)["nights"]
    assert first["files"] < second["files"]
    for night in ("night-1", "night-2"):
        assert (tmp_path / "out" / night / "agents.json").is_file()
