"""pulse-elt classify: which kinds of files a tree holds, and where each of them belongs."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loaders.advisor.classification.code import CodeTemplates, prefix_of
from loaders.advisor.classification.git import tracked_below
from loaders.advisor.classification.model import Classified, CodeTemplate, Key, Verdict
from loaders.advisor.classification.names import JSON_ENDINGS, PLACEHOLDER, snake
from loaders.advisor.classification.questions import answers_of, measured_of
from loaders.advisor.classification.reading import read_samples
from loaders.advisor.classification.siblings import settle
from loaders.advisor.classification.signs import Links, Template
from loaders.advisor.classification.tree import Node, add, is_left_out
from loaders.advisor.classification.verdict import judge
from loaders.sources.opening import open_source
from loaders.sources.paths import is_document
from loaders.sources.source import LINK, LONGEST_PATH, Source

_MOST_KEYS = 60
_FRAMES_PER_SEGMENT = 6


class Tree:
    """A source as templates, with the bodies of their samples read.

    Raises:
        WrongRequest: the source cannot be opened or listed.
    """

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.left_out = 0
        self.unlisted: Counter[str] = Counter()
        with _deep_recursion():
            root = self._listed(source)
            read_samples(source, [leaf for _, leaf in root.leaves()])
            settle(root)
            self.templates = [Template(segments, leaf) for segments, leaf in root.leaves()]

    def _listed(self, source: Source) -> Node:
        root = Node()
        for entry in source.list():
            if is_left_out(entry.path):
                self.left_out += 1
            elif entry.problem is not None:
                self.unlisted[entry.problem] += 1
            elif not is_document(entry.path.encode(), JSON_ENDINGS):
                # A link to a folder is listed, and not followed.
                self.unlisted[LINK] += 1
            else:
                add(root, entry)
        return root


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Allow for folders as deep as the longest path: some frames for each of its segments."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + _FRAMES_PER_SEGMENT * LONGEST_PATH // 2)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def classify(
    source_name: str,
    root: str | None = None,
    code: Path | None = None,
    code_templates: Sequence[CodeTemplate] = (),
) -> tuple[Classified, list[Template]]:
    """Classify the JSON files of a source; code_templates is what audit found in the folder code.

    Raises:
        WrongRequest: the source cannot be opened or listed.
    """
    source = open_source(source_name, root, JSON_ENDINGS)
    tree = Tree(source)
    templates = tree.templates
    links = Links(templates)
    folder = Path(tree.name) if Path(tree.name).is_dir() else None
    tracked = tracked_below(folder) if folder else None
    prefix = prefix_of(tree.name, code) if code and folder else None
    known = CodeTemplates(code_templates, prefix, templates)
    verdicts = []
    for template in templates:
        counts = _tracked(template, tracked)
        found = known.of(template)
        disposition, confidence, reason, answers = judge(
            template, answers_of(template, links, templates), links, counts, found
        )
        verdicts.append(
            Verdict(
                template=written(template),
                files=template.leaf.files,
                disposition=disposition,
                confidence=confidence,
                reason=reason,
                answers=tuple(answers),
                measured=measured_of(template, counts),
                keys=_keys(template),
                code_template=found.template if found else None,
                places=_places(found),
            )
        )
    profiles = [template.profile for template in templates]
    result = Classified(
        tree=tree.name,
        code=str(code) if code else None,
        files=sum(template.leaf.files for template in templates),
        bodies_read=sum(profile.bodies for profile in profiles),
        damaged=sum(profile.damaged for profile in profiles),
        too_large=sum(profile.too_large for profile in profiles),
        left_out=tree.left_out,
        unlisted=dict(sorted(tree.unlisted.items())),
        verdicts=tuple(verdicts),
    )
    return result, templates


def written(template: Template) -> str:
    """Return a template with its placeholders in braces, named by the keys that repeat them."""
    used: Counter[str] = Counter()

    def name(position: int, kind: str) -> str:
        path = template.repeated.get(position, "")
        key = snake(path.rpartition(".")[2].replace("[]", "").replace("#", ""))
        if len(template.kinds[position]) > 1 or not key or "{" in path.rpartition(".")[2]:
            key = kind
        used[key] += 1
        return key if used[key] == 1 else f"{key}_{used[key]}"

    return "/".join(
        PLACEHOLDER.sub(lambda match, at=position: f"{{{name(at, match[1])}}}", segment)  # type: ignore[misc]
        for position, segment in enumerate(template.segments)
    )


def _tracked(template: Template, tracked: frozenset[str] | None) -> tuple[int, int] | None:
    """Return how many of the sample Git tracks; None without a repository that tracks the tree."""
    if not tracked:
        return None
    paths = [entry.path for entry in template.leaf.sample]
    return sum(path in tracked for path in paths), len(paths)


def _keys(template: Template) -> tuple[Key, ...]:
    bodies = max(1, template.profile.bodies)
    return tuple(
        Key(path, tuple(sorted(found.types)), round(min(1.0, found.bodies / bodies), 2))
        for path, found in list(template.fields.items())[:_MOST_KEYS]
        if path != "$" and not path.endswith("#")
    )


def _places(code: CodeTemplate | None) -> tuple[str, ...]:
    if code is None:
        return ()
    return tuple(f"{name} {place}" for name, found in code.operations.items() for place in found)
