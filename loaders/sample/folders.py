"""Writes the files of learners and their sessions, and damages some."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import orjson

from loaders.sample.clock import date_of
from loaders.sample.damage import DAMAGE_NAMES, damage
from loaders.sample.documents import (
    answer_events,
    conversation,
    evaluation,
    pulse_state,
    sale_state,
    session_document,
    trainer_change_log,
    transcript,
)
from loaders.sample.histories import history, history_path, newest_sessions
from loaders.sample.learners import Learner, Session, learners_of, sessions_of
from loaders.sample.plan import SamplePlan, Slice
from loaders.sample.scorecards import scorecard
from loaders.sample.tree import Counts, Tree
from loaders.sample.words import STEPS

_WRONG_SHAPES = (b"[]", b'"pending"', b"null", b"[[]]", b"0")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written for one slice of a plan."""

    sessions: int
    counts: Counts


def write_slice(piece: Slice) -> Written:
    """Write all files of the learners in a slice; called in a process of its own."""
    sessions = 0
    with Tree(piece.root) as tree:
        writer = Writer(tree, piece.plan)
        for block in range(piece.start, piece.stop):
            for learner in learners_of(piece.plan, block):
                sessions += writer.write_learner(learner)
        return Written(sessions, tree.counts)


class Writer:
    """Writes the files of learners of one plan into one tree."""

    def __init__(self, tree: Tree, plan: SamplePlan) -> None:
        self._tree = tree
        self._plan = plan
        self._proportions = plan.proportions
        self._promised: dict[int, str] = {}
        self._linked = -1
        if plan.damages_everything:
            parts = 2 * len(DAMAGE_NAMES)
            self._promised = {
                plan.sessions * (2 * number + 1) // parts: name
                for number, name in enumerate(DAMAGE_NAMES)
            }
            self._linked = plan.sessions // 2

    def write_learner(self, learner: Learner) -> int:
        """Write a learner's sessions and the history of the newest; return how many sessions."""
        random, newest, count = learner.random.random, newest_sessions(), 0
        for session in sessions_of(learner, self._plan):
            if self._plan.until is not None and session.ended > self._plan.until:
                break
            self._write_session(session, random)
            newest.append(session)
            count += 1
        if newest and learner.history != "none":
            content, is_bad = self._finish(history(learner, newest, self._proportions), random)
            # The path does not depend on the number of sessions: it is the same every night.
            place = self._plan.random("history", learner.index).random
            path = history_path(learner.user_key, self._proportions, place)
            self._tree.put(path, content, newest[-1].ended, is_bad=is_bad)
        return count

    def _write_session(self, session: Session, random: Callable[[], float]) -> None:
        """Write a session's files except the history; none if only the history has the session."""
        promised = self._promised.get(session.index, "")
        is_linked = session.index == self._linked
        if session.is_only_in_history and not (promised or is_linked):
            return
        documents = self._documents(session, random)
        is_elsewhere = random() < self._proportions.scorecard_elsewhere and not is_linked
        if is_linked or promised or not documents or random() < self._proportions.scorecard_file:
            card = self._finish(scorecard(session, self._proportions, random), random, promised)
            if is_elsewhere:
                self._put_elsewhere(session, card)
            else:
                documents.append(("scorecard.json", *card))
        if documents:
            self._tree.put_session(session.key, documents, session.ended)
        if is_linked:
            target = f"../sessions/{session.key}/scorecard.json"
            self._tree.put_link("scorecards/latest.json", target, session.ended)
        self._write_rarities(session, random, has_folder=bool(documents))

    def _documents(
        self, session: Session, random: Callable[[], float]
    ) -> list[tuple[str, bytes, bool]]:
        """Return names and contents of a session's files other than the scorecard."""
        shares, texts = self._proportions, []
        if random() < shares.session_file:
            texts.append(("session.json", session_document(session, shares, random)))
        if random() < shares.transcript_file:
            texts.append(("transcript.json", transcript(session, shares, random)))
        if random() < shares.answer_events_file:
            texts.append(("events.json", answer_events(session, shares, random)))
        if random() < shares.evaluation_file:
            texts.append(("evaluation.json", evaluation(session, random)))
        if random() < shares.state_files:
            texts.append(("conversation.json", conversation(session, random)))
            texts.append(("pulse_state.json", pulse_state(session, random)))
            texts.append(("sale_state.json", sale_state(session, random)))
        return [(name, *self._finish(text, random)) for name, text in texts]

    def _finish(
        self, text: str, random: Callable[[], float], promised: str = ""
    ) -> tuple[bytes, bool]:
        """Return the bytes of a document and whether they are bad."""
        content = text.encode()
        roll = random()
        if promised:
            return damage(promised, content), True
        if roll < self._plan.bad_share:
            return damage(DAMAGE_NAMES[int(random() * len(DAMAGE_NAMES))], content), True
        roll = random()
        if roll < self._proportions.wrong_shape:
            return _WRONG_SHAPES[int(random() * len(_WRONG_SHAPES))], False
        if roll > 1 - self._proportions.indented:
            return orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2), False
        return content, False

    def _put_elsewhere(self, session: Session, card: tuple[bytes, bool]) -> None:
        content, is_bad = card
        path = f"scorecards/{session.key}.json"
        self._tree.put(path, content, session.ended, is_bad=is_bad)

    def _write_rarities(
        self, session: Session, random: Callable[[], float], *, has_folder: bool
    ) -> None:
        shares, put, folder = self._proportions, self._tree.put, f"sessions/{session.key}"
        if random() < shares.trainer_change_log:
            step = STEPS[session.stage - 1]
            day = date_of(session.ended)
            put(
                f"trainer-change-logs/{day}/{step}/{session.scenario_id}/{session.key}.json",
                trainer_change_log(session, random).encode(),
                session.ended + 600,
            )
        if not has_folder:
            return
        if random() < shares.unrecognised_file:
            put(f"{folder}/debug.json", b'{"latency_ms": [412, 388], "model": "b"}', session.ended)
        if random() < shares.editor_leftover:
            put(f"{folder}/scorecard.json.bak", b'{"overall": {"sco', session.ended)
            put(f"{folder}/.~lock.scorecard.json#", b",trainer,desk-4;", session.ended)
        if random() < shares.scorecard_twice:
            self._write_again(session, random)

    def _write_again(self, session: Session, random: Callable[[], float]) -> None:
        """Write a second, later and kinder scorecard of the session under its other name."""
        bce, mcf, cpo = (min(3.0, round(part + 0.2, 1)) for part in session.parts)
        again = replace(session, parts=(bce, mcf, cpo), score=round((bce + mcf + cpo) / 9 * 100))
        text = scorecard(again, self._proportions, random)
        try:
            self._tree.put(f"scorecards/{session.key}.json", text.encode(), session.ended + 3_600)
        except FileExistsError:
            return
