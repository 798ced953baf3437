"""Lists that are filled one by one: pages.push(content), paths.append(path)."""

from loaders.advisor.flow.segments import is_path_text
from loaders.advisor.flow.values import Sequence, Value, reads_of
from loaders.advisor.words import NAMES

GROWING = NAMES["growing"]
_MOST_ITEMS = 8


def grown(of: Value, added: tuple[Value, ...]) -> Value:
    """Return a list with what was read, or the path of what will be, that is added to it."""
    known = tuple(each for each in added if reads_of(each) or is_path_text(each))
    if isinstance(of, Sequence) and known and len(of.items) < _MOST_ITEMS:
        return Sequence((*of.items, *known))
    return of
