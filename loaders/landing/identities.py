"""Loads raw.user_identities, which maps old user keys to accounts."""

import csv
import io
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg

from loaders.errors import WrongRequest

_COLUMNS = ["user_id", "user_key"]

_UPSERT = """
with given as (
    select user_key, user_id
    from unnest(%(keys)s::text[], %(ids)s::uuid[]) as given (user_key, user_id)
)

insert into raw.user_identities as identities (user_key, user_id)
select user_key, user_id
from given
on conflict (user_key) do update set
    user_id = excluded.user_id,
    loaded_at = excluded.loaded_at
where identities.user_id <> excluded.user_id
returning xmax = 0
"""


@dataclass(frozen=True)
class IdentitiesResult:
    """How many keys of the file are new, changed to another account, or unchanged."""

    added: int
    changed: int
    unchanged: int


def read_identities(path: Path) -> dict[str, UUID]:
    """Read a CSV file with the columns user_key and user_id.

    Raises:
        WrongRequest: the file cannot be read, or a line is wrong; the message names it.
    """
    rows = csv.DictReader(io.StringIO(_text(path), newline=""))
    identities: dict[str, UUID] = {}
    try:
        if sorted(name for name in rows.fieldnames or () if name in _COLUMNS) != _COLUMNS:
            raise WrongRequest(f"{path}: the first line has to name user_key and user_id, once.")
        for row in rows:
            _add(identities, row, f"{path}, line {rows.line_num}")
    except csv.Error as error:
        raise WrongRequest(f"{path}, line {rows.line_num}: {error}.") from error
    return identities


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise WrongRequest(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise WrongRequest(
            f"{path}, line {line}: byte 0x{error.object[error.start]:02x} is not valid UTF-8."
        ) from None


def _add(identities: dict[str, UUID], row: Mapping[str, str | None], where: str) -> None:
    # As macros/keys.sql compares them.
    key = unicodedata.normalize("NFC", (row["user_key"] or "").strip())
    if not key or "\0" in key:
        raise WrongRequest(f"{where}: user_key is empty or holds a NUL.")
    if row["user_id"] is None:
        raise WrongRequest(f"{where}: user_id is missing.")
    try:
        user_id = UUID(row["user_id"].strip())
    except ValueError:
        raise WrongRequest(f"{where}: user_id is not a UUID.") from None
    if identities.setdefault(key, user_id) != user_id:
        raise WrongRequest(f"{where}: the key was given another account further up.")


def write_identities(
    connection: psycopg.Connection, identities: Mapping[str, UUID]
) -> IdentitiesResult:
    """Add keys and update changed ones; keys that are not given stay."""
    written = connection.execute(
        _UPSERT, {"keys": list(identities), "ids": list(identities.values())}
    ).fetchall()
    added = sum(is_new for (is_new,) in written)
    return IdentitiesResult(
        added=added,
        changed=len(written) - added,
        unchanged=len(identities) - len(written),
    )
