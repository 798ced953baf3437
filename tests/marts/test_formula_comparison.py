"""The analysis compares two formulas on the same scores, and its first side is the mart."""

from decimal import Decimal

from psycopg.rows import dict_row

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.marts.warm_dbt import WarmDbt

ANALYSIS = "compare_readiness_formulas"
LEFT_IN_MARCH = "be027dd9-5e8a-4125-a533-519e8b61e985"

# What the mart says of v1, in the words of the analysis.
_MART = """
select user_id, snapshot_at, event_count, readiness_overall as v1_overall,
    readiness_band as v1_band, readiness_technical as v1_technical,
    readiness_communication as v1_communication, readiness_structure as v1_structure,
    readiness_behavioral as v1_behavioral
from analytics.user_readiness
where source = 'computed'
order by user_id, snapshot_at
"""


def test_two_formulas_stand_side_by_side(built_examples: DatabaseSettings, dbt: WarmDbt) -> None:
    dbt.invoke(built_examples, ["compile"], ("--select", ANALYSIS))
    (compiled,) = dbt.target.rglob(f"compiled/**/{ANALYSIS}.sql")
    with connect(built_examples) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        compared = cursor.execute(compiled.read_text(encoding="utf-8")).fetchall()
        mart = cursor.execute(_MART).fetchall()
        (moment,) = cursor.execute(
            "select user_id, snapshot_at from analytics.user_readiness where session_id = %s",
            (LEFT_IN_MARCH,),
        ).fetchall()
    by_v1 = [row for row in compared if row["v1_overall"] is not None]
    assert [{name: row[name] for name in mart[0]} for row in by_v1] == mart
    # The guide tells of both: a moment that only v2 scores, and one that it sees otherwise.
    (only_v2,) = (row for row in compared if row["v1_overall"] is None)
    assert (only_v2["v2_overall"], only_v2["v2_band"]) == (Decimal("62.67"), "Emerging")
    (differing,) = (row for row in compared if moment.items() <= row.items())
    assert (differing["v1_overall"], differing["v2_overall"]) == (
        Decimal("82.00"),
        Decimal("48.59"),
    )
    assert differing["difference"] == Decimal("-33.41")
