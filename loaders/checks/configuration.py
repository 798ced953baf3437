"""The reviewed files of the gates: suites and thresholds below config/."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loaders.checks.result import Gate
from loaders.project.configuration import read_configuration

PARAMETER = "$PARAMETER"


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite, as its file has it; see config/expectations/suite.schema.json."""

    type: str
    kwargs: Mapping[str, Any]
    name: str
    asset: str
    sentence: str
    each: str | None = None

    def filled(self, values: Mapping[str, str]) -> "Expectation":
        """Return it with {kind} and the like filled in."""
        return Expectation(
            type=self.type,
            kwargs={name: _filled(value, values) for name, value in self.kwargs.items()},
            name=_filled(self.name, values),
            asset=_filled(self.asset, values),
            sentence=_filled(self.sentence, values),
        )

    @property
    def parameters(self) -> Mapping[str, str]:
        """The figures it wants from the gate, by argument."""
        return {
            argument: value[PARAMETER]
            for argument, value in self.kwargs.items()
            if isinstance(value, dict) and PARAMETER in value
        }


def read_suite(config: Path, gate: Gate) -> tuple[Expectation, ...]:
    """Return the expectations of a gate, from config/expectations/.

    Raises:
        WrongRequest: the file cannot be read or breaks its schema.
    """
    folder = config / "expectations"
    document = read_configuration(folder / f"{gate}.json", folder / "suite.schema.json")
    return tuple(
        Expectation(type=entry["type"], kwargs=entry["kwargs"], **entry["meta"])
        for entry in document["expectations"]
    )


def read_thresholds(config: Path, gate: Gate) -> Mapping[str, Any]:
    """Return a gate's part of config/checks.json.

    Raises:
        WrongRequest: the file cannot be read or breaks its schema.
    """
    path = config / "checks.json"
    thresholds: Mapping[str, Any] = read_configuration(path)[gate]
    return thresholds


def expanded(
    suite: Sequence[Expectation], kinds: Sequence[str], columns: Sequence[tuple[str, str]]
) -> tuple[Expectation, ...]:
    """Return one expectation per kind, or per mart and column, where the suite says so."""
    values: Mapping[str | None, Sequence[Mapping[str, str]]] = {
        None: [{}],
        "kind": [{"kind": kind} for kind in kinds],
        "column": [{"mart": mart, "column": column} for mart, column in columns],
    }
    return tuple(entry.filled(filling) for entry in suite for filling in values[entry.each])


def _filled(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON is any shape
    if isinstance(value, dict):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if not isinstance(value, str):
        return value
    for name, text in values.items():
        value = value.replace("{" + name + "}", text)
    return value
