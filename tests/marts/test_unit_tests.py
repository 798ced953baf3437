"""dbt's unit tests, which every other build in these tests leaves out."""

from loaders.database.settings import DatabaseSettings
from tests.marts.warm_dbt import WarmDbt

ALONE = ("--select", "test_type:unit")


def test_dbts_unit_tests_pass(built_examples: DatabaseSettings, dbt: WarmDbt) -> None:
    written = {test.name for test in dbt.parse(built_examples).unit_tests.values()}
    passed = dbt.invoke(built_examples, ["test"], ALONE, {"DBT_EXCLUDE_RESOURCE_TYPES": ""})
    # The hooks of a build are among the results, too.
    assert written <= set(passed)
    assert len(written) > 30
