"""The query of the landing gate: what is wrong with each file, by shares and staging's casts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment
from psycopg import sql
from psycopg.types.json import Jsonb

from loaders.checks.configuration import Share
from loaders.errors import WrongRequest
from loaders.project.document_kinds import read_document_kinds


def query_values(
    project: Path, thresholds: Mapping[str, Any], shares: Sequence[Share]
) -> Mapping[str, object]:
    """Return what find_faults.sql and files.sql want besides the check itself, by variable."""
    kinds = read_document_kinds(project / "config" / "document_kinds.json").loaded
    return {
        "ranges": Jsonb(thresholds["score_ranges"]),
        "shapes": Jsonb({rule.kind: rule.json_types for rule in kinds if rule.json_types}),
        "number": _staging_macro(
            project, "json_values.sql", "json_number", "found.value", "landed.is_certification"
        ),
        "session_id": _staging_macro(project, "keys.sql", "session_id_of", "session_key"),
        "reasons": sql.SQL(", ").join(
            sql.SQL("{}, {}").format(sql.Literal(share.name), _reason(share)) for share in shares
        ),
        "shares": sql.SQL(", ").join(
            sql.SQL("reasons ->> {} as {}").format(
                sql.Literal(share.name), sql.Identifier(share.name)
            )
            for share in shares
        ),
    }


def _reason(share: Share) -> sql.Composable:
    # The file is reviewed as the models are.
    reason = sql.SQL("({})").format(sql.SQL(share.reason))
    if share.kinds is None:
        return reason
    kinds = sql.Literal(list(share.kinds))
    return sql.SQL("case when kind = any ({}) then {} end").format(kinds, reason)


def _staging_macro(project: Path, file: str, name: str, *arguments: str) -> sql.SQL:
    """Return the SQL of one of staging's macros, so that the gate casts as staging does."""
    path = project / "macros" / file
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WrongRequest(f"{path} cannot be read: {error.strerror}.") from error
    # What it makes is SQL: there is nothing to escape for HTML.
    macros: Any = Environment(extensions=["jinja2.ext.do"]).from_string(text).module  # noqa: S701
    return sql.SQL(getattr(macros, name)(*arguments))
