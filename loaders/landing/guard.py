"""Refuses a source that is not what it seems: another folder, a half-mounted share, other names."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loaders.errors import SourceRefused, WrongRequest
from loaders.landing import ledger
from loaders.landing.listing import Listing, Within
from loaders.landing.model import Plan, Scope
from loaders.landing.plan import manifest_knows_none
from loaders.project.configuration import read_configuration
from loaders.project.document_kinds import SYSTEM_OF_RECORD, UNRECOGNISED, DocumentKinds
from loaders.sources.source import Source

_DEEPEST = 8
_SAMPLE = 500
_CURES = (
    "If the tree begins elsewhere, name its folder with --root; "
    "if its files have other names now, add rules for them to config/document_kinds.json"
)


@dataclass(frozen=True)
class Limits:
    """The section sources of config/checks.json, whose schema explains the fields."""

    vanished_at_most: float
    unrecognised_at_most: float
    from_count: int
    drop_folders: Sequence[str]

    def has_too_many(self, found: int, of: int, at_most: float) -> bool:
        """Return whether found exceeds at_most percent, and is enough to matter."""
        return found >= self.from_count and found * 100 > of * at_most


def read_limits(config: Path) -> Limits:
    """Read them.

    Raises:
        WrongRequest: the file cannot be read or breaks its schema.
    """
    return Limits(**read_configuration(config / "checks.json")["sources"])


@dataclass(frozen=True)
class Guard:
    """Judges the source of one load; without limits, only by what needs none.

    root is the folder in the source where the tree begins, as it was requested.
    """

    connection: psycopg.Connection
    source: Source
    kinds: DocumentKinds
    scope: Scope
    listing: Listing
    limits: Limits | None
    root: str

    def check_first_part(self, paths: Sequence[str]) -> None:
        """Refuse a tree that shares no path with the manifest and matches few rules.

        After a load of the folder above or below the right one, all documents would have vanished.

        Raises:
            WrongRequest: it is such a tree.
        """
        unknown = sum(self.kinds.match(path).disposition == UNRECOGNISED for path in paths)
        if unknown > len(paths) / 2 and manifest_knows_none(self.connection, paths):
            raise WrongRequest(
                f"{self.source.name} shares no path with what was loaded before, and most of it "
                "is not recognised. Nothing has landed from it, and nothing is marked as vanished. "
                f"{self._hint(paths)}{_CURES}"
                "; if it is another tree, load parts of it with --prefix or --kind."
            )

    def check_listing(self, plan: Plan) -> None:
        """Refuse a wrong source before its paths reach the manifest.

        Raises:
            WrongRequest: nothing in it is recognised, or it is none of a retry's sources.
            SourceRefused: no whole load has succeeded, and most of it is not recognised.
        """
        if self.scope.only_quarantined:
            if not (plan.seen or self.scope.prefix or self.listing.is_known()):
                raise WrongRequest(
                    f"No load has ever seen a file of {self.source.name}, so quarantined files "
                    "cannot be retried from there. Name the source they came from, and the same "
                    "--root."
                )
            return
        if self.scope.is_whole and plan.seen == plan.unrecognised:
            raise WrongRequest(
                f"Nothing in {self.source.name} is recognised ({plan.seen} .json files seen). "
                f"{self._hint(self.listing.some_unrecognised(_SAMPLE))}"
                f"{_CURES}."
            )
        limits = self.limits
        if (
            limits
            and limits.has_too_many(plan.unrecognised, plan.seen, limits.unrecognised_at_most)
            and not ledger.has_succeeded(self.connection)
        ):
            raise SourceRefused(
                f"{plan.unrecognised:,} of the {plan.seen:,} .json files in {self.source.name} are "
                f"not recognised: too many for a first load (config/checks.json: "
                f"{limits.unrecognised_at_most:g} %). What was recognised and has landed stays. "
                f"{self._hint(self.listing.some_unrecognised(_SAMPLE))}{_CURES}"
                "; if all is as it should be, raise unrecognised_at_most in config/checks.json."
            )

    def within(self, load_id: int | None) -> Within:
        """Return what of the manifest the load judges; load_id is None in a dry run."""
        patterns = self.limits.drop_folders if self.limits else ()
        elsewhere = [
            load
            for source, loads in (ledger.loads_by_source(self.connection) if patterns else ())
            if _is_named(source, patterns)
            for load in loads
        ]
        refused = ledger.refused_since(self.connection)
        return Within(self.scope, load_id, elsewhere, refused)

    def count_vanished(self, within: Within) -> int:
        """Return how many paths have vanished; none ever do in a drop folder.

        Raises:
            SourceRefused: most documents would have, and nobody has said that this is meant.
        """
        limits = self.limits
        if limits and _is_named(self.source.name, limits.drop_folders):
            return 0
        vanished = self.listing.count_vanished(within)
        is_judged = not (self.scope.only_quarantined or self.scope.accept_vanished)
        if limits and is_judged and vanished.landed >= limits.from_count:
            known = self.listing.count_known(within)
            if limits.has_too_many(vanished.landed, known, limits.vanished_at_most):
                raise SourceRefused(self._why_vanished(vanished.landed, known, limits))
        return vanished.paths

    def _why_vanished(self, missing: int, known: int, limits: Limits) -> str:
        where = " in this scope" if self.scope.kinds or self.scope.prefix else ""
        return (
            f"{missing:,} of the {known:,} documents that had landed before{where} are not in "
            f"{self.source.name} (config/checks.json: at most {limits.vanished_at_most:g} % may "
            "be missing). None of them is marked as vanished, and what has landed stays. "
            f"{self._hint(self.listing.some_unrecognised(_SAMPLE))}{_CURES}"
            "; if a share is only half there, mount all of it; if the files are gone on purpose, "
            "add --accept-vanished; if the source only ever holds new files, add it to "
            "drop_folders in config/checks.json."
        )

    def _hint(self, paths: Sequence[str]) -> str:
        """Return a sentence about where the tree seems to begin, or its capitals; or nothing."""
        above = _most_common(paths, [_folder_around(path, self.kinds) for path in paths])
        if above:
            root = "/".join(filter(None, (self.root.strip("/"), above)))
            return f"The tree seems to begin in a folder of it: try --root {root}. "
        if sum(map(self.kinds.is_known_in_another_case, paths)) > len(paths) / 2:
            return "Its paths would be documents in other capitals: rename them. "
        below = _most_common(paths, [_folder_inside(path, self.kinds) for path in paths])
        if not below:
            return ""
        outer, _, inner = self.root.strip("/").rpartition("/")
        if inner == below:
            return f"It seems to be inside {below}/ of the tree: try --root {outer or '.'}. "
        return f"It seems to be inside {below}/ of the tree: name the folder that has {below}/. "


def _is_named(source: str, patterns: Sequence[str]) -> bool:
    wildcards = (re.escape(pattern.rstrip("/")).replace(r"\*", ".*") for pattern in patterns)
    return any(re.fullmatch(wildcard, source, re.DOTALL) for wildcard in wildcards)


def _is_document(path: str, kinds: DocumentKinds) -> bool:
    return kinds.match(path).disposition == SYSTEM_OF_RECORD


def _folder_around(path: str, kinds: DocumentKinds) -> str | None:
    """Return the folder below which a path would be a document."""
    segments = path.split("/")
    for depth in range(1, min(len(segments), _DEEPEST)):
        if _is_document("/".join(segments[depth:]), kinds):
            return "/".join(segments[:depth])
    return None


def _folder_inside(path: str, kinds: DocumentKinds) -> str | None:
    """Return the folder of the rules in which a path would be a document."""
    # With backslashes it is a path of its own, of which a rule sees a single name.
    if "\\" in path:
        return None
    for folder in dict.fromkeys(
        template.beginning.rpartition("/")[0] for template in kinds.templates
    ):
        if folder and _is_document(f"{folder}/{path}", kinds):
            return folder
    return None


def _most_common(paths: Sequence[str], folders: Sequence[str | None]) -> str | None:
    """Return the folder of more than half of the paths."""
    for folder, count in Counter(filter(None, folders)).most_common(1):
        if count > len(paths) / 2:
            return folder
    return None
