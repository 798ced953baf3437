"""Loading from a container: the same documents as from a directory."""

from loaders.landing.model import Counters, Scope
from loaders.pipeline import load_source
from tests.conftest import Tree
from tests.object_stores import StoreUnderTest


def test_the_same_tree_in_a_container_lands_nothing(
    database: object, tree: Tree, store: StoreUnderTest
) -> None:
    tree.write("sessions/a/session.json", {"session_id": "a", "user_id": "T1"})
    tree.write("sessions/a/scorecard.json", {"overall": {"score": 85}})
    tree.write("sessions/b/scorecard.json", b'{"overall": {"score"')
    for file in tree.root.rglob("*.json"):
        store.put(f"p/{file.relative_to(tree.root)}", file.read_bytes())
    first = _counters(f"{store.url}/p")
    assert (first.seen, first.landed, first.quarantined) == (3, 2, 1)
    again = _counters(f"{store.url}/p")
    assert (again.landed, again.unchanged, again.bytes) == (0, 3, 0)
    elsewhere = _counters(str(tree.root))
    assert (elsewhere.seen, elsewhere.landed, elsewhere.changed) == (3, 0, 0)


def _counters(source: str) -> Counters:
    result = load_source(source, None, Scope())
    assert result.counters is not None
    return result.counters
