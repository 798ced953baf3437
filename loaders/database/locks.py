"""All advisory locks of pulse-elt, in Python and in SQL (macros/locks.sql)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AdvisoryLock:
    """A lock is a pair of numbers: `spelt`, the class, in ASCII; and `number`, or a hash.

    per says what is hashed (by hashtext) where each instance of something has its own lock;
    taken says who takes it, shared or not, and held for how long.
    """

    name: str
    spelt: str
    number: int | None
    per: str | None
    taken: str
    held: str

    @property
    def class_number(self) -> int:
        """The first number."""
        return int.from_bytes(self.spelt.encode("ascii"), "big")

    @property
    def pair(self) -> tuple[int, int]:
        """Both numbers of a lock that is not hashed."""
        assert self.number is not None  # noqa: S101 - callers name locks with a number
        return self.class_number, self.number


ADVISORY_LOCKS = (
    AdvisoryLock(
        "landing_clock", "puls", 1, None,
        "shared by writers of documents (raw.landing_time()); alone by builds and gates "
        "(raw.await_writers()), in queued attempts of 200 ms",
        "to the end of the transaction: a batch, a write, the fixing of a cutoff",
    ),
    AdvisoryLock(
        "loads", "puls", 2, None,
        "alone by loads and by prune, which try it and exit with 75",
        "as long as their connection",
    ),
    AdvisoryLock(
        "migrations", "puls", 3, None,
        "alone by migrations and deploy/roles.sql, which wait for it",
        "to the end of the transaction",
    ),
    AdvisoryLock(
        "runs", "puls", 4, None,
        "alone by nightly runs, which try it and exit with 75",
        "as long as their connection",
    ),
    AdvisoryLock(
        "builds_table", "puls", 5, None,
        "alone by the build that creates or upgrades its registry, which waits for it",
        "to the end of the transaction, which reads and writes no documents",
    ),
    AdvisoryLock(
        "sequences", "puls", 6, None,
        "alone by the insert that finds a sequence behind its column (raw.move_sequence())",
        "to the end of the transaction",
    ),
    AdvisoryLock(
        "build_at_work", "pulb", None, "schema staging of the dbt target",
        "shared by the nodes of a build that read the landing; ops.is_building() looks for it",
        "to the end of the node",
    ),
    AdvisoryLock(
        "kept_failures", "pulk", None, "relation that keeps what a test found",
        "alone by a failing test, which waits for it",
        "to the end of the transaction, once its rows are found",
    ),
    AdvisoryLock(
        "document_path", "pult", None, "path of a document",
        "alone by raw.write_document() and raw.written_version(), which wait for it, not for long",
        "to the end of the transaction",
    ),
)  # fmt: skip

_PAIRS = {lock.name: lock.pair for lock in ADVISORY_LOCKS if lock.number is not None}

LOAD_LOCK = _PAIRS["loads"]
MIGRATION_LOCK = _PAIRS["migrations"]
RUN_LOCK = _PAIRS["runs"]
