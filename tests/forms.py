"""Parameters of which `make test` tries some, and `make test-long` and CI all."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import pytest


def some_of(values: Iterable[Any], how_many: int) -> list[Any]:
    """Return all values as parameters; those behind the first ones are for long tests."""
    rest = iter(values)
    return [*islice(rest, how_many), *(_long(value) for value in rest)]


def only(chosen: Sequence[Any], values: Iterable[Any]) -> list[Any]:
    """Return all values as parameters; those that are not chosen are for long tests."""
    return [value if value in chosen else _long(value) for value in values]


def _long(value: Any) -> Any:  # noqa: ANN401 - whatever a test takes
    values = value if isinstance(value, tuple) else (value,)
    return pytest.param(*values, marks=pytest.mark.long)
