"""Reads the files of config/, and validates each against its JSON Schema."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loaders.errors import WrongRequest

# Describes the place of an error, given the document and the steps that lead to it.
Place = Callable[[Any, Sequence[Any]], str]


def _steps(document: object, where: Sequence[Any]) -> str:
    return ".".join(map(str, where))


def read_configuration(path: Path, schema: Path | None = None, place: Place = _steps) -> Any:  # noqa: ANN401 - its schema says the shape
    """Return a configuration file, valid by its schema: <name>.schema.json unless another is named.

    Raises:
        WrongRequest: it cannot be read, is not JSON, or is invalid; the message names the place.
    """
    document = _read_json(path)
    wanted = _read_json(schema or path.with_suffix(".schema.json"))
    # Compiling a validator takes longer than --help may, so only where it is used.
    from jsonschema import Draft202012Validator

    error = next(iter(Draft202012Validator(wanted).iter_errors(document)), None)
    if error is not None:
        where = place(document, list(error.absolute_path))
        raise WrongRequest(f"{path}: {where + ': ' if where else ''}{error.message}.")
    return document


def _read_json(path: Path) -> Any:  # noqa: ANN401 - JSON is any shape until checked
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise WrongRequest(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise WrongRequest(f"{path} is not JSON: {error}.") from error
