"""The list of marts, read from their YAML; views, guides and rights follow from it.

`make marts`, which is `python -m loaders.project.generated_marts`, writes these files.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from loaders.errors import WrongRequest

MARTS = "models/marts"
VIEWS = "models/reporting"
_VIEW = "reporting__"
_OF_SOMEBODY = frozenset({"user_id", "session_id"})
_GRAINS = {"date": "Day", "week": "Monday of the week", "month": "First day of the month"}


@dataclass(frozen=True)
class Column:
    """A column of a mart or view; a doc() in the description is not rendered.

    expression is the Jinja that gives its SQL, None where the mart has it.
    """

    name: str
    data_type: str
    description: str
    expression: str | None = None


@dataclass(frozen=True)
class Mart:
    """A mart, with its meta: who reads it, and which columns its view has.

    learner is the column with the learner whom a role must be listed for; None where a row is
    about everybody together, which only a role that sees all may read, unless rows says otherwise:
    the macro that writes the view's own condition. added are columns that the view alone has.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    ask: str
    app_reads: bool
    learner: str | None
    rows: str | None
    shown: tuple[Column, ...]
    added: tuple[Column, ...]
    left_out: tuple[str, ...]
    note: str | None
    example: str

    @property
    def view(self) -> str:
        """The name of its view's model."""
        return _VIEW + self.name


def read_yaml(text: str) -> Any:  # noqa: ANN401 - what YAML may hold
    """Return what YAML holds, by libyaml where it is there: it takes a tenth of the time."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe


def read_marts(root: Path) -> tuple[Mart, ...]:
    """Return the marts of a project, in the order of folders and of their YAML.

    Raises:
        WrongRequest: something is missing; the message names each mart and what it lacks.
    """
    files = [
        read_yaml(file.read_text(encoding="utf-8"))
        for file in sorted((root / MARTS).rglob("*.yml"))
    ]
    described = {model["name"]: model for file in files for model in file.get("models", ())}
    tried = {test["model"] for file in files for test in file.get("unit_tests", ())}
    written = {file.stem for file in (root / MARTS).rglob("*.sql")}
    views = {file.stem for file in (root / VIEWS).glob(f"{_VIEW}*.sql")}
    problems = [f"{name}: no YAML describes it." for name in sorted(written - set(described))]
    problems += [f"{name}: there is no {name}.sql." for name in sorted(set(described) - written)]
    problems += [
        f"{view}: there is no mart of that name; delete the view."
        for view in sorted(views - {_VIEW + name for name in described})
    ]
    problems += [f"{name}: it has no unit test." for name in sorted(set(described) - tried)]
    for name, model in described.items():
        problems += [f"{name}: {problem}" for problem in _problems(model)]
    if problems:
        raise WrongRequest("The list of marts is not complete. " + " ".join(problems))
    return tuple(_mart(model) for model in described.values())


def _problems(model: Mapping[str, Any]) -> Iterator[str]:
    config = model.get("config", {})
    if not config.get("contract", {}).get("enforced"):
        yield "config has no contract: {enforced: true}."
    if not str(model.get("description", "")).startswith("One row per "):
        yield "its description has to begin with its grain, 'One row per …'."
    for column in model.get("columns", ()):
        for needed in ("data_type", "description"):
            if not column.get(needed):
                yield f"column {column['name']} has no {needed}."
    if not _key(model):
        yield "it has no primary key."
    yield from _undecided(config.get("meta", {}), model.get("columns", ()))


def _undecided(meta: Mapping[str, Any], columns: list[dict[str, Any]]) -> Iterator[str]:
    if not meta.get("ask"):
        yield "meta.ask does not say what one asks it."
    if not isinstance(meta.get("app_reads"), bool):
        yield "meta.app_reads does not say whether the application reads it: true or false."
    reporting = meta.get("reporting", {})
    if "learner" not in reporting:
        yield (
            "meta.reporting.learner does not name the column of the learner whose rows these are; "
            "null is for rows about everybody."
        )
    if not reporting.get("example"):
        yield "meta.reporting.example has no query."
    shows = reporting.get("shows", ())
    names = [column["name"] for column in columns]
    grains = reporting.get("grains", ())
    for name in [*shows, *grains, *filter(None, [reporting.get("learner")])]:
        if name not in names:
            yield f"meta.reporting names {name}, which is no column."
    if reporting.get("rows") and _OF_SOMEBODY & {*shows, reporting.get("learner")}:
        yield "meta.reporting.rows is for views that tell of no learner, and this one shows whose."
    yield from _unmade(reporting, columns)
    for column in columns:
        if _is_personal(column) and column["name"] in shows:
            yield f"column {column['name']} contains_pii and is in meta.reporting.shows."
        elif not _is_personal(column) and column["name"] not in shows:
            yield (
                f"column {column['name']} is not in meta.reporting.shows; "
                "what is left out is tagged contains_pii."
            )


def _unmade(reporting: Mapping[str, Any], columns: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the columns that the view alone has."""
    adds = reporting.get("adds", ())
    for added in adds:
        for needed in sorted({"name", "data_type", "doc", "expression"} - set(added)):
            yield f"meta.reporting.adds: column {added.get('name', '?')} has no {needed}."
    made_of = " ".join([*reporting.get("grains", ()), *map(str, adds)])
    for column in filter(_is_personal, columns):
        if re.search(rf"\b{column['name']}\b", made_of):
            yield f"column {column['name']} contains_pii and meta.reporting makes a column of it."


def _is_personal(column: Mapping[str, Any]) -> bool:
    return bool(column.get("config", {}).get("meta", {}).get("contains_pii"))


def _key(model: Mapping[str, Any]) -> tuple[str, ...]:
    for constraint in model.get("constraints", ()):
        if constraint["type"] == "primary_key":
            return tuple(constraint["columns"])
    return tuple(
        column["name"]
        for column in model.get("columns", ())
        for constraint in column.get("constraints", ())
        if constraint["type"] == "primary_key"
    )


def _mart(model: Mapping[str, Any]) -> Mart:
    meta = model["config"]["meta"]
    reporting = meta["reporting"]
    shown = reporting["shows"]
    return Mart(
        name=model["name"],
        grain=model["description"].splitlines()[0],
        key=_key(model),
        ask=meta["ask"],
        app_reads=meta["app_reads"],
        learner=reporting["learner"],
        rows=reporting.get("rows"),
        shown=tuple(
            Column(column["name"], column["data_type"], column["description"])
            for column in model["columns"]
            if column["name"] in shown
        ),
        added=(
            *map(_added, reporting.get("adds", ())),
            *(grain for name in reporting.get("grains", ()) for grain in _grains(name)),
            *_searchable(reporting["learner"]),
        ),
        left_out=tuple(c["name"] for c in model["columns"] if c["name"] not in shown),
        note=reporting.get("note"),
        example=reporting["example"],
    )


def _added(column: Mapping[str, str]) -> Column:
    # dbt renders meta without doc(), so it holds the name of the docs block alone.
    description = f"{{{{ doc('{column['doc']}') }}}}"
    return Column(column["name"], column["data_type"], description, column["expression"])


def _grains(moment: str) -> Iterator[Column]:
    """Yield the UTC dates that BI groups a moment such as occurred_at by."""
    for grain, meaning in _GRAINS.items():
        yield Column(
            f"{moment.removesuffix('_at')}_{grain}",
            "date",
            f"{meaning}, UTC, of {moment}.",
            f"utc_{grain}('{moment}')",
        )


def _searchable(learner: str | None) -> Iterator[Column]:
    """Yield the learner as text: BI tools search in no UUID."""
    if learner:
        yield Column(
            f"{learner}_text", "text", f"{learner} as text, to search for.", f"as_text('{learner}')"
        )
