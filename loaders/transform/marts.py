"""Reads the marts that the command displays."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import psycopg

_LATEST = """
select
    user_id, snapshot_at, readiness_overall, readiness_band, readiness_technical,
    readiness_communication, readiness_structure, readiness_behavioral
from analytics.user_readiness_latest
order by readiness_overall desc, user_id
"""


@dataclass(frozen=True)
class Readiness:
    """A learner's latest computed readiness, 0 to 100; a component without scores is None."""

    user_id: UUID
    snapshot_at: datetime
    readiness_overall: Decimal
    readiness_band: str
    readiness_technical: Decimal | None
    readiness_communication: Decimal | None
    readiness_structure: Decimal | None
    readiness_behavioral: Decimal | None


def read_latest_readiness(connection: psycopg.Connection) -> tuple[Readiness, ...]:
    """Return analytics.user_readiness_latest, highest readiness first."""

    return tuple(Readiness(*row) for row in connection.execute(_LATEST))
