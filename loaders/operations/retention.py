"""The policy of config/retention.json: how many days things are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import WrongRequest
from loaders.project.configuration import read_configuration
from loaders.project.document_kinds import SYSTEM_OF_RECORD, DocumentKinds

_WHY_NOT = {
    "all_versions_forever": (
        "the marts read every version of it, so all are kept (all_versions_forever in "
        "document_kinds.json)"
    ),
    "latest_version": (
        "every run and prune remove its superseded versions anyhow (latest_version in "
        "document_kinds.json)"
    ),
}


@dataclass(frozen=True)
class Policy:
    """Days to keep things: superseded versions by kind, bytes in quarantine, runs and loads.

    latest_only are the kinds that keep no superseded version, with their tables.
    """

    version_days: Mapping[str, int]
    latest_only: Mapping[str, str]
    resolved_bytes_days: int
    open_bytes_days: int
    run_days: int
    load_days: int


def read_policy(path: Path, kinds: DocumentKinds) -> Policy:
    """Read and check a policy.

    Raises:
        WrongRequest: the file cannot be read, breaks its schema, or names a kind whose versions
            it must not remove; the message names the place.
    """
    document = read_configuration(path)
    version_days: dict[str, int] = {}
    for entry in document["superseded_versions"]:
        for kind in entry["kinds"]:
            if kind in version_days:
                raise WrongRequest(f"{path}: kind {kind!r} is listed twice.")
            _refuse_kind(kind, kinds, path)
            version_days[kind] = entry["days"]
    return Policy(
        version_days=version_days,
        latest_only=kinds.latest_only,
        resolved_bytes_days=document["quarantine_bytes"]["resolved_days"],
        open_bytes_days=document["quarantine_bytes"]["open_days"],
        run_days=document["runs"]["days"],
        load_days=document["loads"]["days"],
    )


def _refuse_kind(kind: str, kinds: DocumentKinds, path: Path) -> None:
    rule = kinds.by_kind.get(kind)
    if rule is None or rule.disposition != SYSTEM_OF_RECORD:
        loaded = ", ".join(rule.kind for rule in kinds.loaded)
        raise WrongRequest(f"{path}: no kind {kind!r} is loaded; these are: {loaded}.")
    if rule.retention in _WHY_NOT:
        raise WrongRequest(f"{path}: kind {kind!r}: {_WHY_NOT[rule.retention]}. Take it out.")
