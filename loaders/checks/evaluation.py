"""Evaluates expectations by Great Expectations, on the rows of queries; nothing is kept."""

import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql

from loaders.checks.configuration import Expectation
from loaders.checks.lean_import import import_great_expectations
from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.database.sqlstates import kind_of
from loaders.errors import PulseEltError, WorkFailed

NAMED_AT_MOST = 20

# What names a row: its document, or where there is none, what the row is about.
_SUBJECTS = frozenset({"loads", "volume", "changes"})
_VARIABLE = re.compile(r":'([a-z_]+)'")
_SELECT = "SELECT * FROM (\n{}\n) AS {}"
# SQLAlchemy wants an address; the connections are made by our own connect.
_NOWHERE = "postgresql+psycopg://nobody@localhost/nothing"


@dataclass(frozen=True)
class Figure:
    """A figure to compare with; None leaves its expectation out. limit is the figure for people."""

    value: float | None
    limit: float | None = None


@dataclass(frozen=True)
class Evaluated:
    """An expectation and what came out, in rows.

    threshold is what the expectation compared with, by argument; examples are bad values, each
    with what names its row, at most twenty.
    """

    expectation: Expectation
    is_held: bool
    checked: int
    unexpected: int
    examples: tuple[tuple[str, str], ...]
    threshold: Mapping[str, Figure]

    @property
    def named(self) -> tuple[str, ...]:
        """What names the rows of the examples, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.examples if name))

    @property
    def documents(self) -> tuple[str, ...]:
        """The source paths of rows that broke it."""
        return () if self.expectation.asset in _SUBJECTS else self.named

    @property
    def share(self) -> float:
        """Percent of the rows that broke it."""
        return 100 * self.unexpected / self.checked if self.checked else 0.0

    @property
    def sentence(self) -> str:
        """What people read when it fails."""
        limits = [figure.limit for figure in self.threshold.values()]
        return self.expectation.sentence.format(
            unexpected=f"{self.unexpected:,}",
            checked=f"{self.checked:,}",
            share=plain(round(self.share, 1)),
            limit=plain(limits[0] if limits else None),
            first=next((value for _, value in self.examples if value), ""),
            subject=self.named[0] if self.named else "the source",
        )


def read_query(name: str, values: Mapping[str, object]) -> str:
    """Return queries/<name>.sql with its psql variables (:'name') as literals, or as their SQL."""
    text = (resources.files("loaders.checks") / "queries" / f"{name}.sql").read_text("utf-8")

    def filled(found: re.Match[str]) -> str:
        value = values[found[1]]
        return (value if isinstance(value, sql.Composable) else sql.Literal(value)).as_string(None)

    return _VARIABLE.sub(filled, text)


def evaluate(
    settings: DatabaseSettings,
    expectations: Sequence[Expectation],
    figures: Mapping[str, Figure],
    values: Mapping[str, object],
) -> tuple[Evaluated, ...]:
    """Evaluate expectations on the rows of their assets' queries; return them in the same order.

    Those that want a figure that is None are left out. Nothing is written: neither temporary
    tables nor files.

    Raises:
        DatabaseUnavailable: the database went away.
        WorkFailed: an expectation cannot be evaluated, a column it names is not there.
    """
    wanted = {
        expectation.name: expectation
        for expectation in expectations
        if all(figures[name].value is not None for name in expectation.parameters.values())
    }
    outcomes: dict[str, Evaluated] = {}
    errors: list[Exception] = []
    with _datasource(settings, errors) as datasource:
        for asset in dict.fromkeys(expectation.asset for expectation in wanted.values()):
            of_asset = [entry for entry in wanted.values() if entry.asset == asset]
            query = _SELECT.format(read_query(asset, values), asset)
            for result in _validate(datasource, asset, query, of_asset, figures):
                name = result.expectation_config.meta["name"]
                outcomes[name] = _evaluated(wanted[name], result, figures, errors)
    return tuple(outcomes[name] for name in wanted)


def plain(value: object) -> str:
    """Return a value as people write it: one decimal at most, '' for NULL."""
    if isinstance(value, float):
        return f"{value:,.1f}".removesuffix(".0")
    return "" if value is None else str(value)


@contextmanager
def _datasource(settings: DatabaseSettings, errors: list[Exception]) -> Iterator[Any]:
    """Yield a datasource whose connections are ours; no address or password leaves this process.

    errors gets what the database failed with: Great Expectations keeps only the text.
    """

    def connected() -> psycopg.Connection:
        try:
            return connect(settings)
        except PulseEltError as error:
            errors.append(error)
            raise

    def note(failed: Any) -> None:  # noqa: ANN401 - SQLAlchemy comes with Great Expectations
        errors.append(failed.original_exception)

    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # For good: modules of it set levels of their own, and dbt lets everybody's INFO through.
    logger = logging.getLogger("great_expectations")
    logger.propagate = False
    logger.handlers = [logging.NullHandler()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gx = import_great_expectations()
        from great_expectations.data_context.types.base import ProgressBarsConfig
        from sqlalchemy import Engine, event

        context = gx.get_context(mode="ephemeral")
        context.enable_analytics(False)
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        datasource = context.data_sources.add_postgres(
            "pulse",
            connection_string=_NOWHERE,
            kwargs={"creator": connected},
            create_temp_table=False,
        )
        event.listen(Engine, "handle_error", note)
        try:
            yield datasource
        finally:
            event.remove(Engine, "handle_error", note)
            datasource.get_execution_engine().engine.dispose()
            datasource.get_engine().dispose()


def _validate(
    datasource: Any,  # noqa: ANN401 - Great Expectations' types are its own
    asset: str,
    query: str,
    expectations: Sequence[Expectation],
    figures: Mapping[str, Figure],
) -> Sequence[Any]:
    suite = import_great_expectations().ExpectationSuite(
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
    rows = datasource.add_query_asset(asset, query=query)
    batch = rows.add_batch_definition_whole_table("all")
    result_format = {
        "result_format": "SUMMARY",
        "unexpected_index_column_names": [_name_column(asset)],
        "partial_unexpected_count": NAMED_AT_MOST,
        "return_unexpected_index_query": False,
    }
    results: Sequence[Any] = batch.get_batch().validate(suite, result_format=result_format).results
    return results


def _name_column(asset: str) -> str:
    return "subject" if asset in _SUBJECTS else "source_path"


def _evaluated(
    expectation: Expectation,
    result: Any,  # noqa: ANN401
    figures: Mapping[str, Figure],
    errors: Sequence[Exception],
) -> Evaluated:
    _refuse_unevaluated(result, errors)
    found = result.result
    rows = found.get("partial_unexpected_index_list") or []
    columns = _name_column(expectation.asset), expectation.kwargs["column"]
    return Evaluated(
        expectation=expectation,
        is_held=bool(result.success),
        checked=found.get("element_count") or 0,
        unexpected=found.get("unexpected_count") or 0,
        examples=tuple(
            (plain(row.get(columns[0])), plain(row.get(columns[1]))) for row in rows[:NAMED_AT_MOST]
        ),
        threshold={argument: figures[name] for argument, name in expectation.parameters.items()},
    )


def _refuse_unevaluated(result: Any, errors: Sequence[Exception]) -> None:  # noqa: ANN401
    """Raise if Great Expectations caught an error instead of evaluating."""
    caught = result.exception_info or {}
    infos = [caught] if "raised_exception" in caught else list(caught.values())
    messages = [info["exception_message"] for info in infos if info["raised_exception"]]
    if messages:
        name = result.expectation_config.meta["name"]
        said = str(messages[0])[:500]
        last = errors[-1] if errors else WorkFailed()
        kind = type(last) if isinstance(last, PulseEltError) else kind_of(last)
        raise kind(f"Expectation {name} cannot be evaluated: {said}")
