"""What callers fill into a path: a folder, a part of the name in writing, or but an id."""

from collections.abc import Iterable
from dataclasses import replace

from loaders.advisor.flow.summaries import Access, plain, root_of
from loaders.advisor.flow.templates import ends_as_json, is_settled, letters, normal, shape
from loaders.advisor.flow.values import Hole, Param, Text


def has_folder(path: Text) -> bool:
    """Say whether a path is put together here, of a folder and a name."""
    return any(isinstance(part, str) and "/" in part for part in path.parts)


def is_browser_key(path: Text) -> bool:
    """Say whether a parameter is the last part of a key, others may be too, and the head is known.

    What a store puts before all its keys says which store, not which kind: app.{list}.{key}.
    """
    first, last = path.parts[0], path.parts[-1]
    is_known = len(path.parts) > 1 and not (isinstance(first, Hole) and first.origin)
    return is_known and isinstance(last, Hole) and last.origin is not None


def is_keyed(path: Text) -> bool:
    """Say whether the folder is known, and a parameter is the file's name: shelf/{key}.json."""
    last = [at for at, part in enumerate(path.parts) if isinstance(part, str) and "/" in part]
    before = path.parts[: last[-1] + 1] if last else ()
    is_folder_known = bool(before) and all(
        isinstance(part, str) or part.origin is None for part in before
    )
    after = [part for part in path.parts[len(before) :] if isinstance(part, Hole)]
    is_named_by_it = bool(before) and str(before[-1]).endswith("/")
    return is_folder_known and is_named_by_it and len(after) == 1 and ends_as_json(path)


def names_key(known: Text, path: Text) -> bool:
    """Say whether a caller writes the key, or a part of it, in the folder that we know."""
    is_longer = len(known.holes) == len(path.holes) and len(letters(known)) > len(letters(path))
    return len(known.holes) < len(path.holes) or is_longer


def without_open_ones(callers: list[Access], path: Text) -> list[Access]:
    """Return the callers, without what one writes that may hand in anything else as well."""
    open_ones = {_call(each) for each in callers if len(normal(each.path).holes) >= len(path.holes)}
    return [each for each in callers if _call(each) not in open_ones]


def _call(access: Access) -> tuple[str, str]:
    return access.via, access.id.rpartition("#")[0]


def beside(access: Access, own: Iterable[Access]) -> set[str]:
    """Return the other paths of one line: what it is where nobody names a key."""
    return {
        shape(normal(other.path))
        for other in own
        if other.id != access.id
        and (other.line, other.operation) == (access.line, access.operation)
    }


def names_head(known: list[Text], path: Text) -> bool:
    """Say whether callers write where the folder is that heads a path: load("barns/" + name)."""
    is_headed = bool(path.parts) and isinstance(path.parts[0], Hole)
    heads = {str(each.parts[0]) for each in known if each.parts and isinstance(each.parts[0], str)}
    return is_headed and bool(heads)


def is_filled_with_ids(path: Text, callers: list[Access]) -> bool:
    """Say whether no caller decides the folder of a JSON file, nor writes a part of its name."""
    first, *rest = path.parts or ("",)
    is_whole = bool(rest) and isinstance(rest[0], str) and rest[0].startswith("/")
    is_known = isinstance(first, Hole) and first.origin is None and first.name != "?"
    is_named = any(len(normal(caller.path).holes) < len(path.holes) for caller in callers)
    return is_whole and is_known and ends_as_json(path) and not is_named


def as_known(path: Text, callers: list[Access]) -> Text:
    """Return a path as callers know it, where they all know the same."""
    only, *others = {shape(each): each for each in (normal(c.path) for c in callers)}.values()
    return plain(only) if not others and is_settled(only) else path


def known_to(own: set[Param], path: Text) -> Text:
    """Return a path in which only what callers of these parameters' functions know is open."""
    return Text(
        tuple(
            replace(part, origin=None)
            if isinstance(part, Hole) and part.origin and root_of(part.origin) not in own
            else part
            for part in path.parts
        )
    )
