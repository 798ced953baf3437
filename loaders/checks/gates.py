"""The two gates: what landed since the last check, and what the marts have become of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from loaders.checks import data_docs, history
from loaders.checks.configuration import expanded, read_shares, read_suite, read_thresholds
from loaders.checks.evaluation import Evaluated, evaluate, read_query
from loaders.checks.landing_query import query_values
from loaders.checks.lean_import import preload
from loaders.checks.result import CheckResult, FailedExpectation, Gate
from loaders.checks.tolerances import landing_figures, mart_figures
from loaders.database.connection import connect, translated_errors
from loaders.database.queries import has_rows, one_row, relation_exists
from loaders.database.settings import DatabaseSettings
from loaders.errors import WorkFailed, WrongRequest


def check_landing(
    loader: DatabaseSettings,
    config: Path,
    site: Path,
    *,
    run_id: int | None = None,
    accept: str | None = None,
) -> CheckResult:
    """Check what landed since the last landing check that passed or was accepted.

    config is the project's folder of suites and thresholds, site that of Data Docs. With accept,
    the reason of an operator, failures pass and what landed is the new baseline.

    Raises:
        WrongRequest: nothing was ever loaded, or a file of config is wrong.
        DatabaseUnavailable, WorkFailed: as connections do, and see evaluate.
    """
    suite, thresholds = read_suite(config, "landing"), read_thresholds(config, "landing")
    shares = read_shares(config, thresholds)
    queries = query_values(config.parent, thresholds, shares)
    _refuse_empty_reason(accept)
    with translated_errors(loader), connect(loader) as connection:
        if not has_rows(connection, "raw.documents") and not has_rows(connection, "raw.loads"):
            raise WrongRequest("Nothing has been loaded yet: 'pulse-elt load SOURCE' does.")
        preload()
        check = history.open_check(connection, "landing", run_id)
        values = {
            **check.bounds,
            **queries,
            "check_id": check.check_id,
            "from_loads": thresholds["volume"]["from_loads"],
            "landed_floor": thresholds["volume"]["landed_floor"],
        }
        files = history.record_files(connection, check.check_id, read_query("find_faults", values))
        usual, is_first = history.usual_shares(connection), check.since is None
        figures = landing_figures(thresholds, shares, files, usual, is_first=is_first)
        evaluated = evaluate(loader, expanded(suite, tuple(files), ()), figures, values)
        failed = _failures(evaluated)
        history.close_check(
            connection,
            check.check_id,
            failed=failed,
            expectations=len(evaluated),
            accepted_because=accept,
            details={"shares": _shares(evaluated)},
        )
    return _reported("landing", check, evaluated, failed, accept, site)


def check_marts(
    transformer: DatabaseSettings,
    loader: DatabaseSettings,
    config: Path,
    site: Path,
    *,
    run_id: int | None = None,
    accept: str | None = None,
) -> CheckResult:
    """Check the marts: nobody lost, fresh, NULLs and distributions as a week ago.

    Marts are read as transformer, the log of checks is written as loader; else as check_landing.

    Raises:
        WrongRequest: the marts were never built, or a file of config is wrong.
        DatabaseUnavailable, WorkFailed: as connections do, and see evaluate.
    """
    suite, thresholds = read_suite(config, "marts"), read_thresholds(config, "marts")
    _refuse_empty_reason(accept)
    watched = [(mart, name) for mart, names in thresholds["null_shares"].items() for name in names]
    with translated_errors(transformer), connect(transformer) as reading:
        if not relation_exists(reading, "analytics.learners") or not has_rows(
            reading, "staging.builds"
        ):
            raise WrongRequest("The marts have not been built yet: 'pulse-elt build' does.")
        preload()
        measures = [*_distributions(reading), *_null_measures(reading, watched)]
        learners = [row[0] for row in reading.execute("select user_id from analytics.learners")]
    with translated_errors(loader), connect(loader) as writing:
        check = history.open_check(writing, "marts", run_id)
        history.write_measures(writing, check.check_id, measures)
        reference = history.reference(writing, check)
        rows = {each.mart: each.samples for each in measures if each.statistic == "null_share"}
        figures = mart_figures(thresholds, rows, history.null_shares(writing, reference))
        values = {
            "check_id": check.check_id,
            "reference_id": reference,
            "from_samples": thresholds["distributions"]["from_samples"],
            **thresholds["freshness"],
        }
        evaluated = evaluate(transformer, expanded(suite, (), watched), figures, values)
        failed = _failures(evaluated)
        history.close_check(
            writing,
            check.check_id,
            failed=failed,
            expectations=len(evaluated),
            accepted_because=accept,
            details={"reference": reference},
            learners=learners,
        )
    return _reported("marts", check, evaluated, failed, accept, site)


def _refuse_empty_reason(accept: str | None) -> None:
    if accept is not None and not accept.strip():
        raise WrongRequest("--accept wants a reason: who comes after you will read it.")


def _distributions(connection: psycopg.Connection) -> Iterable[history.Measure]:
    return [
        history.Measure(*row) for row in connection.execute(read_query("measures", {}).encode())
    ]


def _null_measures(
    connection: psycopg.Connection, watched: Sequence[tuple[str, str]]
) -> Iterable[history.Measure]:
    for mart, column in watched:
        query = sql.SQL(
            "select count(*), 100.0 * count(*) filter (where {} is null) / nullif(count(*), 0) "
            "from {}"
        ).format(sql.Identifier(column), sql.Identifier("analytics", mart))
        yield history.Measure(mart, f"{mart}.{column}", "null_share", *one_row(connection, query))


def _shares(evaluated: Sequence[Evaluated]) -> Mapping[str, Sequence[int]]:
    return {
        each.expectation.name: (each.unexpected, each.checked)
        for each in evaluated
        if "mostly" in each.expectation.kwargs
    }


def _failures(evaluated: Sequence[Evaluated]) -> tuple[FailedExpectation, ...]:
    return tuple(
        FailedExpectation(each.expectation.name, each.sentence, each.documents)
        for each in evaluated
        if not each.is_held
    )


def _reported(
    gate: Gate,
    check: history.OpenCheck,
    evaluated: Sequence[Evaluated],
    failed: tuple[FailedExpectation, ...],
    accept: str | None,
    site: Path,
) -> CheckResult:
    result = CheckResult(
        gate=gate,
        expectations=len(evaluated),
        failed=failed,
        site=site / "index.html",
        accepted_because=accept if failed else None,
    )
    name = f"{gate}-{check.as_of.astimezone(UTC):%Y%m%dT%H%M%S}-{check.check_id}.html"
    try:
        data_docs.write(site, name, result, check.as_of, evaluated)
    except OSError as error:
        raise WorkFailed(
            f"{result.sentence} But Data Docs cannot be written to {site}: {error.strerror}."
        ) from error
    return result


def details_of(result: CheckResult) -> dict[str, Any]:
    """Return a result as JSON has it, with what follows from its fields."""
    return {
        "gate": result.gate,
        "is_passed": result.is_passed,
        "sentence": result.sentence,
        "expectations": result.expectations,
        "failed": result.failed,
        "accepted_because": result.accepted_because,
        "site": str(result.site),
    }
