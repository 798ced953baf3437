"""Measures the audit on projects that nobody tuned to, by the rules beside their labels.

Run as 'python -m benchmarks.advisor FOLDER': FOLDER holds one unpacked project for each file of
labels in tests/advisor/unseen, whose README says where they come from and how places are compared.
"""

import argparse
import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loaders.advisor.audit import Request, audit
from loaders.advisor.dispositions import CACHE, CONFIG_STATIC, SYSTEM_OF_RECORD

_LABELS = Path(__file__).parents[1] / "tests" / "advisor" / "unseen"
_FURTHEST = 2


@dataclass(frozen=True)
class Spot:
    """One place, labelled or found."""

    file: str
    line: int
    operation: str
    template: str
    disposition: str
    counts: str = ""
    confidence: str = ""

    @property
    def templates(self) -> set[str]:
        return {_shape(each) for each in self.template.split("|")}

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.operation} {self.template} {self.disposition}"


@dataclass(frozen=True)
class Score:
    """How labels and places of one project, or of all, go together."""

    name: str
    met: tuple[tuple[Spot, Spot], ...]
    missed: tuple[Spot, ...]
    alarms: tuple[Spot, ...]

    @property
    def wrong_templates(self) -> list[tuple[Spot, Spot]]:
        return [pair for pair in self.met if not pair[0].templates & pair[1].templates]

    @property
    def judged(self) -> list[tuple[Spot, Spot]]:
        return [pair for pair in self.met if "-" not in (pair[0].disposition, pair[1].disposition)]

    @property
    def wrong_dispositions(self) -> list[tuple[Spot, Spot]]:
        return [pair for pair in self.judged if pair[0].disposition != pair[1].disposition]

    @property
    def lost_records(self) -> list[tuple[Spot, Spot]]:
        """Return records that are called configuration or cache with certainty."""
        return [
            (label, place)
            for label, place in self.wrong_dispositions
            if label.disposition == SYSTEM_OF_RECORD
            and place.disposition in (CONFIG_STATIC, CACHE)
            and place.confidence == "certain"
        ]

    def row(self) -> str:
        found, known = len(self.met) + len(self.alarms), len(self.met) + len(self.missed)
        cells = (
            _ratio(len(self.met), found),
            _ratio(len(self.met), known),
            _ratio(len(self.met) - len(self.wrong_templates), len(self.met)),
            _ratio(len(self.judged) - len(self.wrong_dispositions), len(self.judged)),
            str(len(self.lost_records)),
        )
        return f"| {self.name} | {' | '.join(cells)} |"


def main() -> None:
    """Compare every project of a folder with its labels, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="one unpacked project per file of labels")
    parser.add_argument("--labels", type=Path, default=_LABELS)
    parser.add_argument("--differences", action="store_true", help="print what differs too")
    arguments = parser.parse_args()
    scores = [
        _compared(labels.stem, _read(labels), _found(arguments.folder / labels.stem))
        for labels in sorted(arguments.labels.glob("*.tsv"))
        if (arguments.folder / labels.stem).is_dir()
    ]
    if not scores:
        parser.error(f"{arguments.folder} holds no folder with the name of a file of labels")
    if arguments.differences:
        for score in scores:
            _print_differences(score)
    print("| project | precision | recall | template | disposition | records lost with certainty |")
    print("|---|---|---|---|---|---|")
    for score in (*scores, _total(scores)):
        print(score.row())


def _read(labels: Path) -> list[Spot]:
    with labels.open(encoding="utf-8", newline="") as file:
        return [
            Spot(
                row["file"],
                int(row["line"]),
                row["operation"],
                row["template"],
                row["disposition"],
                row["counts"],
            )
            for row in csv.DictReader(file, delimiter="\t")
        ]


def _found(project: Path) -> list[Spot]:
    result = audit(Request(project))
    return [
        Spot(
            place.file,
            place.line,
            place.operation,
            finding.template,
            finding.disposition or "-",
            confidence=finding.confidence,
        )
        for finding in (*result.findings, *result.wrappers)
        for place in finding.places
    ]


def _compared(name: str, labels: Sequence[Spot], places: Sequence[Spot]) -> Score:
    """Let each label meet the nearest place; of equally near ones the one that fits best."""
    pairs = sorted(
        (
            abs(label.line - place.line),
            not label.templates & place.templates,
            label.counts != "yes",
            at,
            by,
        )
        for at, label in enumerate(labels)
        for by, place in enumerate(places)
        if (label.file, label.operation) == (place.file, place.operation)
        and abs(label.line - place.line) <= _FURTHEST
    )
    met: dict[int, int] = {}
    for *_, at, by in pairs:
        if at not in met and by not in met.values():
            met[at] = by
    known = [at for at, label in enumerate(labels) if label.counts == "yes"]
    return Score(
        name,
        tuple((labels[at], places[met[at]]) for at in known if at in met),
        tuple(labels[at] for at in known if at not in met),
        tuple(place for by, place in enumerate(places) if by not in met.values()),
    )


def _total(scores: Iterable[Score]) -> Score:
    every = list(scores)
    return Score(
        "**all**",
        tuple(pair for score in every for pair in score.met),
        tuple(label for score in every for label in score.missed),
        tuple(place for score in every for place in score.alarms),
    )


def _shape(template: str) -> str:
    """Return a template with all placeholders alike, and one for those at its head."""
    said = re.sub(r"\{[^{}]*\}", "{}", "{}" if template == "?" else template)
    return re.sub(r"^(\{\}/)+", "{}/", said)


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2f} ({part} of {whole})" if whole else "-"


def _print_differences(score: Score) -> None:
    for label in score.missed:
        print(f"{score.name}: missed {label}")
    for place in score.alarms:
        print(f"{score.name}: false alarm {place} {place.confidence}")
    for label, place in score.wrong_templates:
        print(f"{score.name}: template {label} <> {place.template}")
    for label, place in score.wrong_dispositions:
        print(f"{score.name}: disposition {label} <> {place.disposition} {place.confidence}")


if __name__ == "__main__":
    main()
