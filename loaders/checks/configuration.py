"""The reviewed files of the gates: suites and thresholds below config/."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loaders.checks.result import Gate
from loaders.errors import WrongRequest
from loaders.project.configuration import read_configuration

PARAMETER = "$PARAMETER"


@dataclass(frozen=True)
class Expectation:
    """One expectation; config/expectations/suite.schema.json explains the fields."""

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


@dataclass(frozen=True)
class Share:
    """How many files of a kind may be bad; the file's schema explains the fields."""

    name: str
    reason: str
    sentence: str
    kinds: Sequence[str] | None = None


def read_suite(config: Path, gate: Gate) -> tuple[Expectation, ...]:
    """Return the expectations of a gate, from config/expectations/: its own, then those of shares.

    Raises:
        WrongRequest: the file cannot be read or breaks its schema.
    """
    suite = _read_suite(config, gate)
    own = [
        Expectation(type=entry["type"], kwargs=entry["kwargs"], **entry["meta"])
        for entry in suite["expectations"]
    ]
    return (*own, *(each for share in _shares(suite) for each in _expectations(share)))


def read_shares(config: Path, thresholds: Mapping[str, Any]) -> tuple[Share, ...]:
    """Return the shares of the landing gate.

    Raises:
        WrongRequest: the file is wrong, or a share or a threshold has no counterpart.
    """
    shares = _shares(_read_suite(config, "landing"))
    if unmatched := {share.name for share in shares} ^ thresholds["shares"].keys():
        raise WrongRequest(
            f"{', '.join(sorted(unmatched))}: a share is an entry in config/expectations/"
            "landing.json and a threshold in config/checks.json; one of them is missing."
        )
    return shares


def _read_suite(config: Path, gate: Gate) -> Mapping[str, Any]:
    folder = config / "expectations"
    return read_configuration(folder / f"{gate}.json", folder / "suite.schema.json")  # type: ignore[no-any-return]


def _shares(suite: Mapping[str, Any]) -> tuple[Share, ...]:
    return tuple(Share(**entry) for entry in suite.get("shares", ()))


def _expectations(share: Share) -> Iterator[Expectation]:
    """Yield what is expected of a share: of each kind it names, else of any that landed."""
    for kind in share.kinds or ("{kind}",):
        name = f"{share.name}.{kind}"
        condition = {"column": {"name": "kind"}, "operator": "==", "parameter": kind}
        yield Expectation(
            type="expect_column_values_to_be_null",
            kwargs={
                "column": share.name,
                "row_condition": {"type": "comparison", **condition},
                "mostly": {PARAMETER: name},
            },
            name=name,
            asset="files",
            sentence=f"{{share}} % of the files of kind {kind} since the last check "
            f"({{unexpected}} of {{checked}}) {share.sentence} (config/checks.json).",
            each=None if share.kinds else "kind",
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
