"""dbt's unit tests, which no build runs unless it is asked to."""

import pytest

from loaders.database.settings import DatabaseSettings
from loaders.transform.dbt import UNIT_TESTS_VARIABLE
from tests.conftest import RunCommand
from tests.marts.warm_dbt import WarmDbt

ALONE = ("--select", "test_type:unit")


def test_dbts_unit_tests_pass(
    built_examples: DatabaseSettings, dbt: WarmDbt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UNIT_TESTS_VARIABLE, "True")
    dbt.parse_again()
    written = {test.name for test in dbt.parse(built_examples).unit_tests.values()}
    passed = dbt.invoke(built_examples, ["test"], ALONE)
    dbt.parse_again()
    # The hooks of a build are among the results, too.
    assert written <= set(passed)
    assert len(written) > 30


def test_a_build_leaves_unit_tests_out(built_examples: DatabaseSettings, dbt: WarmDbt) -> None:
    assert not dbt.parse(built_examples).unit_tests


@pytest.mark.parametrize("word", ["yes", "1", "true", ""])
def test_a_word_that_is_neither_true_nor_false_is_refused(
    built_examples: DatabaseSettings, pulse_elt: RunCommand, word: str
) -> None:
    done = pulse_elt(
        "build", **built_examples.as_environment(with_password=True), **{UNIT_TESTS_VARIABLE: word}
    )
    assert done.returncode == 2
    assert f"PULSE_ELT_UNIT_TESTS is {word!r}: say True or False." in done.stderr
