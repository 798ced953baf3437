"""Folders of projects that a tool works on: what it keeps there goes with their code."""

from dataclasses import replace

from loaders.advisor.dispositions import CACHE, CONFIG_STATIC
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.templates import snake
from loaders.advisor.flow.values import Hole
from loaders.advisor.judging.evidence import evidence_of
from loaders.advisor.judging.hints import segments_of
from loaders.advisor.judging.verdicts import MANIFEST_WRITTEN, Verdict
from loaders.advisor.places.places import Group
from loaders.advisor.words import WORDS

_BESIDE = "beside the manifest that the code writes into the same project"
_KEPT = WORDS["record"] | WORDS["kept"] | WORDS["data"] | WORDS["remembered"] | WORDS["copies"]


def with_manifests(
    engine: Engine, groups: dict[str, Group], verdicts: dict[str, Verdict]
) -> dict[str, Verdict]:
    """Let what lies in a folder whose manifest the code writes be content of that project.

    No program writes its own manifest: the folder is a project that somebody works on.
    """
    projects = {
        _head(groups[key])
        for key, verdict in verdicts.items()
        if verdict.reason == MANIFEST_WRITTEN and len(segments_of(groups[key].path)) == 2
    } - {""}
    return {
        key: replace(verdict, disposition=CONFIG_STATIC, confidence="likely", reason=_BESIDE)
        if _head(groups[key]) in projects
        and verdict.disposition not in (None, CACHE, CONFIG_STATIC)
        and _is_content(engine, groups[key])
        else verdict
        for key, verdict in verdicts.items()
    }


def _head(group: Group) -> str:
    """Return the placeholder that stands alone at the head of a path, if its name says which."""
    parts = group.path.parts
    if group.store != "file" or len(parts) < 2 or not isinstance(parts[0], Hole):
        return ""
    name, after = snake(parts[0].name), parts[1]
    is_alone = isinstance(after, str) and after.startswith("/")
    return name if is_alone and name not in WORDS["generic"] else ""


def _is_content(engine: Engine, group: Group) -> bool:
    """Say whether nothing tells of people, entries, or what a program remembers of its runs."""
    e = evidence_of(engine, group)
    told = e.people or e.entries or e.asked or e.is_appended or e.is_locked
    is_kept = bool((e.hints.stem | e.hints.folders) & _KEPT) or e.hints.is_login
    return not (told or is_kept or e.hints.is_made)
