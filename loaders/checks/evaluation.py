"""Great Expectations at work: rows from PostgreSQL, verdicts out, nothing kept."""

import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from psycopg import sql

from loaders.checks.configuration import Expectation
from loaders.database.connection import connect, trouble_in
from loaders.database.settings import DatabaseSettings
from loaders.errors import WorkFailed

NAMED_AT_MOST = 20

# What names a row: its document, or where there is none, what the row is about.
_SUBJECTS = frozenset({"loads", "volume", "changes"})
_VARIABLE = re.compile(r":'([a-z_]+)'")
_SELECT = "SELECT * FROM (\n{}\n) AS {}"
# SQLAlchemy wants an address; the connections are made by our own connect.
_NOWHERE = "postgresql+psycopg://nobody@localhost/nothing"


@dataclass(frozen=True)
class Figure:
    """A figure to compare with; None leaves its expectation out. limit is how people say it."""

    value: float | None
    limit: float | None = None


@dataclass(frozen=True)
class Evaluated:
    """An expectation and what came out; counts are rows, named are values of the row's name."""

    expectation: Expectation
    is_held: bool
    judged: int
    unexpected: int
    first: str
    named: tuple[str, ...]
    limit: float | None

    @property
    def documents(self) -> tuple[str, ...]:
        """The source paths of rows that broke it."""
        return () if self.expectation.asset in _SUBJECTS else self.named

    @property
    def sentence(self) -> str:
        """What is said when it fails."""
        share = 100 * self.unexpected / self.judged if self.judged else 0.0
        return self.expectation.sentence.format(
            unexpected=f"{self.unexpected:,}",
            judged=f"{self.judged:,}",
            share=_plain(round(share, 1)),
            limit=_plain(self.limit),
            first=self.first,
            subject=self.named[0] if self.named else "the source",
        )


@dataclass(frozen=True)
class Evaluation:
    """All that was evaluated, in the suite's order, and Great Expectations' results per asset."""

    evaluated: tuple[Evaluated, ...]
    results: Mapping[str, Any] = field(repr=False)


def read_query(name: str, values: Mapping[str, object]) -> str:
    """Return queries/<name>.sql with its psql variables (:'name') as literals."""
    text = (resources.files("loaders.checks") / "queries" / f"{name}.sql").read_text()
    return _VARIABLE.sub(lambda found: sql.Literal(values[found[1]]).as_string(None), text)


def evaluate(
    settings: DatabaseSettings,
    expectations: Sequence[Expectation],
    figures: Mapping[str, Figure],
    values: Mapping[str, object],
) -> Evaluation:
    """Evaluate expectations on the rows of their assets' queries.

    Those that want a figure that is None are left out. Nothing is written: neither temporary
    tables nor files.

    Raises:
        DatabaseUnavailable: the database went away.
        WorkFailed: an expectation cannot be evaluated, a column it names is not there.
    """
    wanted = [
        expectation
        for expectation in expectations
        if all(figures[name].value is not None for name in expectation.parameters.values())
    ]
    outcomes: dict[str, Evaluated] = {}
    results: dict[str, Any] = {}
    with _datasource(settings) as datasource:
        for asset in dict.fromkeys(expectation.asset for expectation in wanted):
            of_asset = [entry for entry in wanted if entry.asset == asset]
            result = _validate(datasource, asset, read_query(asset, values), of_asset, figures)
            results[asset] = result
            for each in result.results:
                _refuse_unevaluated(each)
                name = each.expectation_config.meta["name"]
                expectation = next(entry for entry in of_asset if entry.name == name)
                outcomes[name] = _evaluated(expectation, each, figures)
    return Evaluation(tuple(outcomes[entry.name] for entry in wanted), results)


@contextmanager
def _datasource(settings: DatabaseSettings) -> Iterator[Any]:
    """Yield a datasource whose connections are ours; no address or password leaves this process."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # For good: its pages are rendered later, modules of it set levels of their own, and dbt lets
    # everybody's INFO through.
    logger = logging.getLogger("great_expectations")
    logger.propagate = False
    logger.handlers = [logging.NullHandler()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.enable_analytics(False)
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        datasource = context.data_sources.add_postgres(
            "pulse",
            connection_string=_NOWHERE,
            kwargs={"creator": lambda: connect(settings)},
            create_temp_table=False,
        )
        try:
            yield datasource
        finally:
            datasource.get_execution_engine().engine.dispose()
            datasource.get_engine().dispose()


def _validate(
    datasource: Any,  # noqa: ANN401 - Great Expectations' types are its own
    asset: str,
    query: str,
    expectations: Sequence[Expectation],
    figures: Mapping[str, Figure],
) -> Any:  # noqa: ANN401
    import great_expectations as gx

    suite = gx.ExpectationSuite(
        name=asset,
        expectations=[
            {
                "type": entry.type,
                "kwargs": {
                    **entry.kwargs,
                    **{
                        argument: figures[name].value for argument, name in entry.parameters.items()
                    },
                },
                "meta": {"name": entry.name},
            }
            for entry in expectations
        ],
    )
    # A query that begins with its CTEs is not accepted.
    rows = datasource.add_query_asset(asset, query=_SELECT.format(query, asset))
    batch = rows.add_batch_definition_whole_table("all")
    result_format = {
        "result_format": "SUMMARY",
        "unexpected_index_column_names": [_name_column(asset)],
        "partial_unexpected_count": NAMED_AT_MOST,
        "return_unexpected_index_query": False,
    }
    return batch.get_batch().validate(suite, result_format=result_format)


def _name_column(asset: str) -> str:
    return "subject" if asset in _SUBJECTS else "source_path"


def _evaluated(
    expectation: Expectation,
    result: Any,  # noqa: ANN401
    figures: Mapping[str, Figure],
) -> Evaluated:
    found = result.result
    column = expectation.kwargs["column"]
    rows = found.get("partial_unexpected_index_list") or []
    values = [row[column] for row in rows if row.get(column) is not None]
    names = [row.get(_name_column(expectation.asset)) for row in rows]
    limits = [figures[name].limit for name in expectation.parameters.values()]
    return Evaluated(
        expectation=expectation,
        is_held=bool(result.success),
        judged=found.get("element_count") or 0,
        unexpected=found.get("unexpected_count") or 0,
        first=_plain(values[0]) if values else "",
        named=tuple(dict.fromkeys(str(name) for name in names if name is not None))[:NAMED_AT_MOST],
        limit=limits[0] if limits else None,
    )


def _refuse_unevaluated(result: Any) -> None:  # noqa: ANN401
    """Raise if Great Expectations caught an error instead of evaluating."""
    caught = result.exception_info or {}
    errors = [caught] if "raised_exception" in caught else list(caught.values())
    messages = [error["exception_message"] for error in errors if error["raised_exception"]]
    if messages:
        name = result.expectation_config.meta["name"]
        said = str(messages[0])[:500]
        raise (trouble_in(said) or WorkFailed)(f"Expectation {name} cannot be evaluated: {said}")


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}".removesuffix(".0")
    return "" if value is None else str(value)
