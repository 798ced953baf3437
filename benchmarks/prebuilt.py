"""Rows prebuilt in files, and psql's \\copy of them: the time of the server alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ground import BenchmarkServer, keep_warm
from loaders.database.settings import DatabaseSettings

# Every column a load writes; the server gives the others their defaults.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "raw.documents": (
        "kind",
        "source_path",
        "content_sha256",
        "session_key",
        "user_key",
        "source_modified_at",
        "load_id",
        "landed_at",
        "payload",
    ),
    "raw.files": (
        "source_path",
        "kind",
        "verdict",
        "size_bytes",
        "modified_at",
        "content_sha256",
        "state",
        "first_seen_at",
        "last_changed_at",
        "load_id",
    ),
}
# In the order in which a load wrote them; rows sorted by path would favour the index on paths.
_ORDER = {"raw.documents": "document_id", "raw.files": "ctid"}


@dataclass(frozen=True)
class Prebuilt:
    """All rows of one landing table, in a file of PostgreSQL's binary COPY format."""

    table: str
    file: Path

    def copy(self, server: BenchmarkServer, database: DatabaseSettings) -> float:
        """Return the seconds of psql, its start included, to \\copy the rows into a landing."""
        server.settle()
        keep_warm(self.file)
        return server.psql(database, f"\\copy {self._target} from '{self.file}' (format binary)")

    def export(self, server: BenchmarkServer, database: DatabaseSettings) -> None:
        """Write the file from a landing that is loaded."""
        rows = f"select {self._columns} from {self.table} order by {_ORDER[self.table]}"  # noqa: S608
        server.psql(database, f"\\copy ({rows}) to '{self.file}' (format binary)")

    @property
    def _columns(self) -> str:
        return ", ".join(_COLUMNS[self.table])

    @property
    def _target(self) -> str:
        return f"{self.table} ({self._columns})"


def prebuild(
    table: str, server: BenchmarkServer, loaded: DatabaseSettings, folder: Path
) -> Prebuilt:
    """Export a table of a loaded database."""
    prebuilt = Prebuilt(table, folder / f"{table}.copy")
    prebuilt.export(server, loaded)
    return prebuilt
