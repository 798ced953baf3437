"""Writes of one path by several threads at once: sent together, so that they share a commit.

The server makes writers of a path wait for each other's commit. Threads of one process need not
queue there one by one: while one writes, the others collect, and the next statement has them all.
"""

import threading

from pulse_store import statements
from pulse_store.database import Deadline, Pool
from pulse_store.errors import StoreError, StoreUnavailable

_MOST_WRITES = 32
_MOST_BYTES = 4 << 20


class _Waiting:
    """A write that waits for its turn; with a batch it is the one that sends it."""

    def __init__(self, write: statements.Write, deadline: Deadline) -> None:
        self.write = write
        self.deadline = deadline
        self.batch: list[_Waiting] | None = None
        self.outcome: int | StoreError | None = None
        self.is_ready = threading.Event()


class _NotTogether(StoreUnavailable):
    """Nothing was written, perhaps because of another write of the batch."""


class PathQueues:
    """The paths that a thread of this process is writing, each with the writes that wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[_Waiting]] = {}

    def send(self, pool: Pool, write: statements.Write, deadline: Deadline) -> int:
        """Write a document over whatever is there, and return its version; see statements.send."""
        mine = _Waiting(write, deadline)
        with self._lock:
            others = self._waiting.get(write.path)
            if others is None:
                self._waiting[write.path] = []
                mine.batch = [mine]
            else:
                others.append(mine)
        try:
            if mine.batch is None:
                self._await_turn(mine)
        except BaseException:
            self._leave(mine)
            raise
        if mine.batch is not None:
            self._send_batch(pool, write.path, mine.batch)
        if isinstance(mine.outcome, _NotTogether):
            return statements.send(pool, write, None, deadline)
        if isinstance(mine.outcome, int):
            return mine.outcome
        assert mine.outcome is not None  # noqa: S101 - whoever sends a batch says what became of it
        raise mine.outcome

    def _await_turn(self, mine: _Waiting) -> None:
        if mine.is_ready.wait(mine.deadline.left):
            return
        with self._lock:
            others = self._waiting.get(mine.write.path, [])
            if mine in others:
                others.remove(mine)
                raise StoreUnavailable(
                    f"{mine.write.path} was not written: others are still at it."
                )
        # It is on its way, and whoever sends it has no more time than this one had.
        mine.is_ready.wait()

    def _leave(self, mine: _Waiting) -> None:
        """Take a write out of the queue whose thread was interrupted; the others go on."""
        with self._lock:
            others = self._waiting.get(mine.write.path, [])
            if mine in others:
                others.remove(mine)
        if mine.batch is not None:
            for each in mine.batch:
                each.outcome = _NotTogether(f"{mine.write.path} was not written.")
                each.is_ready.set()
            self._hand_over(mine.write.path)

    def _send_batch(self, pool: Pool, path: str, batch: list[_Waiting]) -> None:
        """Send writes, tell each what became of it, and leave the path to those that wait."""
        try:
            deadline = min((each.deadline for each in batch), key=lambda each: each.left)
            versions = statements.send_all(pool, [each.write for each in batch], deadline)
            for each, version in zip(batch, versions, strict=True):
                each.outcome = version
        except statements.CommitUnknown as error:
            for each in batch:
                each.outcome = statements.CommitUnknown(str(error), error.process)
        except StoreError as error:
            for each in batch:
                each.outcome = error if len(batch) == 1 else _NotTogether(str(error))
        finally:
            self._hand_over(path)
            for each in batch:
                if each.outcome is None:
                    each.outcome = statements.CommitUnknown(f"The write of {path} was interrupted.")
                each.is_ready.set()

    def _hand_over(self, path: str) -> None:
        with self._lock:
            waiting = self._waiting[path]
            if not waiting:
                del self._waiting[path]
                return
            size, count = 0, 0
            for each in waiting[:_MOST_WRITES]:
                size += len(each.write.content)
                if count and size > _MOST_BYTES:
                    break
                count += 1
            batch, waiting[:] = waiting[:count], waiting[count:]
            batch[0].batch = batch
        batch[0].is_ready.set()
