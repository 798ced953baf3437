"""Applies deploy/roles.sql: who may do what in the database."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import errors

from loaders.database.connection import first_line
from loaders.database.migrations import MigrationResult, migrate, refuse_other_encodings
from loaders.database.properties import keep_properties
from loaders.errors import DatabaseUnavailable
from loaders.project.document_kinds import DocumentKinds

ROLES = ("pulse_loader", "pulse_transformer", "pulse_app", "pulse_reader", "pulse_auditor")


@dataclass(frozen=True)
class RolesResult:
    """What roles.sql reported, a sentence each, and what was migrated in between."""

    done: tuple[str, ...]
    migrated: MigrationResult

    @property
    def is_as_before(self) -> bool:
        """Whether everything existed already; rights may have been repaired all the same."""
        is_kept = all(sentence.startswith("kept ") for sentence in self.done)
        return is_kept and self.migrated == MigrationResult()


def apply_roles(connection: psycopg.Connection, script: Path, kinds: DocumentKinds) -> RolesResult:
    """Create or repair the roles, migrate as pulse_loader, and grant rights on the result.

    Raises:
        DatabaseUnavailable: the user may not do that, our schemas hold foreign relations, or the
            database is not in UTF-8.
        WorkFailed, WrongRequest: as loaders.database.migrations.migrate.
    """
    refuse_other_encodings(connection)
    text = script.read_text(encoding="utf-8")
    done = _run(connection, text)
    connection.execute("set role pulse_loader")
    try:
        migrated = migrate(connection, kinds)
    finally:
        connection.execute("reset role")
    if migrated.applied:
        _run(connection, text)
    keep_properties(connection, adopt=True)
    return RolesResult(done, migrated)


def _run(connection: psycopg.Connection, text: str) -> tuple[str, ...]:
    said: list[str] = []

    def note(diagnostic: psycopg.errors.Diagnostic) -> None:
        # Notices of PostgreSQL itself, such as that a grant exists already, have a code.
        if diagnostic.severity_nonlocalized == "NOTICE" and diagnostic.sqlstate == "00000":
            said.append(diagnostic.message_primary or "")

    connection.add_notice_handler(note)
    try:
        connection.execute(text.encode())
    except (errors.InsufficientPrivilege, errors.RaiseException) as error:
        hint = error.diag.message_hint or (
            "Connect as a superuser, or as the owner of the database with CREATEROLE."
        )
        raise DatabaseUnavailable(f"{first_line(error)} {hint}") from error
    finally:
        connection.remove_notice_handler(note)
        # Ends the transaction of a script that failed half-way.
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.execute("rollback")
    return tuple(said)
