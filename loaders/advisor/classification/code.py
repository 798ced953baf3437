"""What the code says of the templates of the data: audit's templates, matched with the tree's."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from loaders.advisor.classification.model import CodeTemplate
from loaders.advisor.classification.signs import Template

_PLACEHOLDER = re.compile(r"\{[^{}/]*\}|\*")
_DEEPEST_PREFIX = 4


class CodeTemplates:
    """The templates of the code as patterns of paths below the tree's root."""

    def __init__(
        self, found: Sequence[CodeTemplate], prefix: str | None, templates: Sequence[Template]
    ) -> None:
        usable = [one for one in found if "://" not in one.template and ":" not in one.template]
        if prefix is None:
            prefix = _likeliest_prefix(usable, templates)
        self._patterns = []
        for one in usable:
            if one.template.startswith(prefix):
                text = one.template[len(prefix) :]
                literals = len(_PLACEHOLDER.sub("", PurePosixPath(text).stem + text))
                self._patterns.append((literals, _as_pattern(text), one))
        self._patterns.sort(key=lambda pattern: -pattern[0])

    def of(self, template: Template) -> CodeTemplate | None:
        """Return the code's template with the most literals that matches most sampled files."""
        paths = [entry.path for entry in template.leaf.sample]
        for _, pattern, one in self._patterns:
            if sum(pattern.fullmatch(path) is not None for path in paths) * 2 > len(paths):
                return one
        return None


def prefix_of(tree: str, code: Path) -> str | None:
    """Return the tree's path in the code's folder, ending in a slash; None if it is elsewhere."""
    try:
        inside = Path(tree).resolve().relative_to(code.resolve()).as_posix()
    except ValueError:
        return None
    return "" if inside == "." else inside + "/"


def _likeliest_prefix(found: Sequence[CodeTemplate], templates: Sequence[Template]) -> str:
    """Return the folder of the code below which most of its templates have files in the tree."""
    votes: Counter[str] = Counter()
    for one in found:
        segments = one.template.split("/")
        for count in range(min(_DEEPEST_PREFIX, len(segments) - 1) + 1):
            prefix, rest = segments[:count], "/".join(segments[count:])
            if any(_PLACEHOLDER.search(segment) for segment in prefix):
                break
            if not _PLACEHOLDER.sub("", PurePosixPath(rest).parts[0].partition(".")[0]):
                continue
            pattern = _as_pattern(rest)
            if any(
                pattern.fullmatch(entry.path)
                for template in templates
                for entry in template.leaf.sample[:3]
            ):
                votes["".join(f"{segment}/" for segment in prefix)] += 1
    return max(votes, key=lambda prefix: (votes[prefix], -len(prefix), prefix), default="")


def _as_pattern(template: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts), re.DOTALL)
