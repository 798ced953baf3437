"""A legacy tree and a landing that grow, change and shrink at random, by small steps."""

import hashlib
import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from loaders.landing.identities import write_identities
from tests.conftest import Tree

_DAY = 86_400
_EPOCH = 1_735_689_600  # 2025-01-01, UTC

USERS = [f"00000000-0000-4000-8000-{n:012d}" for n in range(1, 5)]
# 1999-12-31, 1970, 2262 and 9000.
ODD_SECONDS = [946_684_799, 0, 9_214_646_400, 221_845_392_000]
ODD_TIMES = [None, "infinity", "-infinity", "9000-01-01 00:00+00", "1970-01-01 00:00+00"]
# The last two differ in Unicode form alone.
OLD_KEYS = ["T1", "T2", "demo", "unknown-7", "Zo\u00eb", "Zoe\u0308"]
SESSIONS = [f"5e551000-0000-4000-8000-{n:012d}" for n in range(1, 8)] + ["dev-1", "dev-2"]
# What USERS and SESSIONS are written as besides, and what is no UUID.
OTHER_USERS = [USERS[0].upper(), f"{{{USERS[1]}}}", f"urn:uuid:{USERS[2]}", f"{USERS[3]}0"]
OTHER_SESSIONS = [SESSIONS[0].upper(), SESSIONS[1].replace("-", "")]
SKILLS = [
    "communication",
    "technical_depth",
    "structure",
    "behavioral_examples",
    "probe",
    "system_design",
]
JUNK: list[Any] = [None, "N/A", "12,5", -3, 250, "", [], {}, True, "yesterday", "87%"]

_DELETE = """
with chosen as (
    select source_path from raw.documents order by md5(source_path || %s) limit 1
)

delete from raw.documents using chosen
where
    documents.source_path = chosen.source_path
    and (documents.superseded_at is not null or not %s)
returning documents.source_path
"""

_SUPERSEDE = """
update raw.documents set superseded_at = clock_timestamp()
where source_path = %s and superseded_at is null
"""

# As an archive may land a file: without a time, or with one that no clock shows.
_INSERT_ODD = """
insert into raw.documents (
    kind, source_path, content_sha256, session_key, origin, load_id, source_modified_at, landed_at,
    payload
)
select 'scorecard', %s, %s, %s, 'load', %s, %s, now, %s
from raw.landing_time() as now
"""


@dataclass
class Growth:
    """Steps drawn from `chance`; each writes files below `tree` or straight into the landing."""

    chance: random.Random
    tree: Tree
    _clock: int = field(default=0, init=False)

    def step(self, connection: psycopg.Connection) -> str:
        """Do one random thing and return what it was."""
        doings: list[tuple[int, Callable[[], str]]] = [
            (8, self._scorecard),
            (6, self._session),
            (6, self._answers),
            (4, self._history),
            (3, self._evaluation),
            (2, self._transcript),
            (1, self._change_log),
            (2, self._state),
            (1, self._old_file),
            (2, lambda: self._delete_documents(connection)),
            (2, lambda: self.app_write(connection)),
            (1, lambda: self._odd_time(connection)),
            (1, lambda: self._identity(connection)),
        ]
        weights = [weight for weight, _ in doings]
        _, do = self.chance.choices(doings, weights)[0]
        return do()

    # -- files

    def _scorecard(self) -> str:
        key = self._key()
        path = f"sessions/{key}/scorecard.json" if self._seldom(0.8) else f"scorecards/{key}.json"
        return self._write(path, self._scorecard_document())

    def _scorecard_document(self) -> object:
        def part(top: float) -> dict[str, object]:
            return {"score": self._number(top), "summary": self.chance.choice(["ok", "hm"])}

        generation = self.chance.random()
        if generation < 0.5:
            return {
                "overall": {"score": self._number(100), "raw_score": self._number(3)},
                "bce": part(3),
                "mcf": part(3),
                "cpo": part(3),
                "pulse_details": {
                    "sale_outcome": self.chance.choice(["won", "lost", "WON", "maybe"]),
                    "trust_score": self._number(10),
                    "missteps": ["a"],
                },
            }
        if generation < 0.7:
            return {
                "Trainee_ID": self._user(),
                "Persona_Tested": self._persona(),
                "Overall_Certification_Score": f"{self.chance.randrange(101)}%",
                "Certification_Status": self.chance.choice(["PASS", "FAIL"]),
                "Agent_Scores": {"BCE_Score": self._number(100), "MCF_Score": 90, "CPO_Score": 88},
            }
        if generation < 0.85:
            return {"overall": {"score": round(self.chance.random(), 2)}, "bce": part(1)}
        return self.chance.choice(JUNK)

    def _session(self) -> str:
        document = {
            "user_id": self._user(),
            "request": {"userId": self._user(), "persona": self._persona()},
            "persona": self._persona(),
            "created_at": self._moment(),
            "completed_at": self._moment(),
            "status": "completed",
            "mood": "a field nobody knows",
        }
        for name in list(document):
            if self._seldom(0.25):
                del document[name]
        return self._write(f"sessions/{self._key()}/session.json", document)

    def _answers(self) -> str:
        unit = self._seldom(0.5)
        answers = [
            {
                "user_id": self._user(),
                "ts": self._moment(),
                "skill_tag": self.chance.choice(SKILLS),
                "score": self._number(1 if unit else 100),
                "pulse_step": self.chance.choice(["Probe", "earn", "Greet"]),
            }
            for _ in range(self.chance.choice([0, 0, 1, 2, 5]))
        ]
        wrapped: object = {"events": answers} if self._seldom(0.3) else answers
        return self._write(f"sessions/{self._key()}/events.json", wrapped)

    def _history(self) -> str:
        owner = self._user()
        entries: list[object] = []
        for _ in range(self.chance.choice([0, 1, 2, 4])):
            if self._seldom(0.6):
                entries.append(
                    {
                        "sessionId": self._key(),
                        "date": self._moment(),
                        "persona": self._persona(),
                        "outcome": "won",
                        "score": self._number(100),
                        "duration": 12,
                    }
                )
            else:
                entries.append(
                    {"timestamp": self._moment(), "overall": self._number(100), "structure": None}
                )
        path = f"history_{owner}.json" if self._seldom(0.6) else f"users/{owner}/history.json"
        return self._write(path, {"history": entries} if self._seldom(0.3) else entries)

    def _evaluation(self) -> str:
        steps = {
            name: {"score": self._number(3)}
            for name in ("Probe", "link", "Earn", "Greet")
            if self._seldom(0.6)
        }
        return self._write(f"sessions/{self._key()}/evaluation.json", {"scores": steps})

    def _transcript(self) -> str:
        lines = [f"Trainee: {self.chance.random()}"] * self.chance.choice([0, 1, 3])
        return self._write(f"sessions/{self._key()}/transcript.json", {"transcript": lines})

    def _change_log(self) -> str:
        key = self._key()
        return self._write(
            f"trainer-change-logs/2025-03-04/Probe/shop-{self.chance.randrange(2)}/{key}.json",
            {
                "timestamp": self._moment(),
                "pulse_step": "Probe",
                "learner_id": self._user(),
                "session_id": key,
                "trainer_change_log": {
                    "emit": True,
                    "observed_pattern": self.chance.choice(["a", "b"]),
                },
            },
        )

    def _state(self) -> str:
        name = self.chance.choice(["conversation", "pulse_state", "sale_state"])
        return self._write(
            f"sessions/{self._key()}/{name}.json", {"trust_score": self._number(10), "messages": []}
        )

    # -- what else befalls a landing

    def _delete_documents(self, connection: psycopg.Connection) -> str:
        """As retention and forgetting will: every version of a path, or the superseded ones, go."""
        only_superseded = self._seldom(0.4)
        deleted = connection.execute(
            _DELETE,
            (str(self.chance.random()), only_superseded),
        ).fetchall()
        return f"deleted {len(deleted)} versions of {deleted[0][0] if deleted else 'nothing'}"

    def app_write(self, connection: psycopg.Connection) -> str:
        """Write a version of a scorecard as the store will, at any time."""
        key = self._key()
        path = f"sessions/{key}/scorecard.json"
        document = json.dumps(self._scorecard_document())
        connection.execute("select raw.write_document(%s, %s)", (path, document))
        return f"the app wrote {path}"

    def _odd_time(self, connection: psycopg.Connection) -> str:
        """Land a scorecard of a file whose time says nothing, in either place it may have."""
        key, at = self._key(), self.chance.choice(ODD_TIMES)
        path = self.chance.choice([f"sessions/{key}/scorecard.json", f"scorecards/{key}.json"])
        text = json.dumps(self._scorecard_document())
        loads = connection.execute("select load_id from raw.loads order by 1 desc").fetchall()
        if not loads:
            return "landed nothing before the first load"
        with connection.transaction():
            connection.execute(_SUPERSEDE, (path,))
            connection.execute(
                _INSERT_ODD,
                (path, hashlib.sha256(text.encode()).digest(), key, *loads[0], at, text),
            )
        return f"landed {path} of {at}"

    def _identity(self, connection: psycopg.Connection) -> str:
        key, user = self.chance.choice(OLD_KEYS), UUID(self.chance.choice(USERS))
        write_identities(connection, {key: user})
        return f"{key} became {user}"

    def _old_file(self) -> str:
        """A file of another path for a session, older or younger than the one there is."""
        key = self._key()
        return self._write(f"scorecards/{key}.json", self._scorecard_document(), self._second())

    # -- values

    def _write(self, path: str, document: object, at: int | None = None) -> str:
        file = self.tree.write(path, document)
        self._clock += 1
        at = at or _EPOCH + 200 * _DAY + self._clock
        if self._seldom(0.15):
            # A file system that cannot keep such a time keeps another odd one.
            at = self.chance.choice(ODD_SECONDS)
        os.utime(file, (at, at))
        return f"wrote {path} at {at}"

    def _seldom(self, share: float) -> bool:
        return self.chance.random() < share

    def _key(self) -> str:
        return self.chance.choice(OTHER_SESSIONS if self._seldom(0.1) else SESSIONS)

    def _user(self) -> str:
        return self.chance.choice(OTHER_USERS if self._seldom(0.1) else USERS + OLD_KEYS)

    def _persona(self) -> str:
        return self.chance.choice(["Director", "relater", "SOCIALIZER", "Thinker"])

    def _number(self, top: float) -> Any:  # noqa: ANN401 - junk is of every type
        if self._seldom(0.1):
            return self.chance.choice(JUNK)
        # Coarse, so that ties and equal averages are frequent.
        return round(self.chance.choice([0, 0.25, 0.5, 0.85, 1]) * top, 2)

    def _second(self) -> int:
        # Few moments, so that sessions end together and windows end exactly at events.
        return (
            _EPOCH
            + self.chance.choice([0, 1, 7, 14, 15, 30, 31, 60, 90, 200]) * _DAY
            + self.chance.choice([0, 0, 1])
        )

    def _moment(self) -> object:
        if self._seldom(0.08):
            return self.chance.choice(JUNK)
        return datetime.fromtimestamp(self._second(), UTC).isoformat()
