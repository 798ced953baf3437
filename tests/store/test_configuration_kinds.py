"""A kind of configuration becomes a kind of documents by a change of one word."""

import json
import re
from pathlib import Path

import psycopg
import pytest

from loaders.database.migrations import migrate
from loaders.landing.model import Scope
from loaders.pipeline import configured_kinds, load_source
from loaders.project.document_kinds import (
    CONFIG_STATIC,
    SYSTEM_OF_RECORD,
    DocumentKinds,
    read_document_kinds,
)
from loaders.project.generated_kinds import generated_files, refuse_stale_files
from pulse_store import ReadOnlyPath, StoreConflict
from tests.conftest import ROOT, Tree
from tests.store.conftest import MakeStore

RULES = configured_kinds()
CONFIGURATION = [rule.kind for rule in RULES.rules if rule.disposition == CONFIG_STATIC]


def flipped(folder: Path, kind: str, disposition: str = SYSTEM_OF_RECORD) -> DocumentKinds:
    """Return the rules with one word changed."""
    schema = "document_kinds.schema.json"
    (folder / schema).write_text((ROOT / "config" / schema).read_text())
    text = (ROOT / "config" / "document_kinds.json").read_text()
    rule = re.compile(rf'("kind": "{kind}",.*?"disposition": ")[A-Z_]+"', re.DOTALL)
    changed, count = rule.subn(rf'\g<1>{disposition}"', text, count=1)
    assert count == 1
    file = folder / "document_kinds.json"
    file.write_text(changed)
    return read_document_kinds(file)


def path_of(kind: str) -> str:
    """Return a path of a kind."""
    template = RULES.by_kind[kind].paths[0]
    return re.sub(r"\{[a-z_]+\}", "x", template).replace("**", "deep/er.json")


@pytest.mark.parametrize("kind", CONFIGURATION)
def test_one_word_makes_documents_of_configuration(
    kind: str,
    make_store: MakeStore,
    connection: psycopg.Connection,
    tree: Tree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, store = path_of(kind), make_store(rules_seconds=0.0, files=str(tree.root))
    tree.write(path, {"from": "a file"})
    with pytest.raises(ReadOnlyPath):
        store.write_json(path, {})
    assert store.read_json(path) == {"from": "a file"}

    kinds = flipped(tmp_path, kind)
    refuse_stale_files(ROOT, kinds)
    assert generated_files(kinds, ROOT) == generated_files(RULES, ROOT)
    assert migrate(connection, kinds).partitions == (kinds.by_kind[kind].table,)
    monkeypatch.setattr("loaders.pipeline.configured_kinds", lambda: kinds)
    tree.write("sessions/a/session.json", {})
    load_source(tree.root, None, Scope(), workers=1)
    first = store.read_version(path)
    assert first is not None
    assert first.document == {"from": "a file"}

    tree.write(path, {"from": "a file that changed"})
    store.write_json(path, {"from": "the editor"})
    assert store.read_json(path) == {"from": "the editor"}
    assert path in store.list_names("")
    with pytest.raises(StoreConflict):
        store.write_if(path, {}, first)
    rows = connection.execute(
        "select kind, payload from raw.documents where source_path = %s order by document_id",
        (path,),
    ).fetchall()
    assert rows == [(kind, {"from": "a file"}), (kind, {"from": "the editor"})]

    migrate(connection, RULES)
    assert store.read_json(path) == {"from": "a file that changed"}
    assert json.loads((tree.root / path).read_text()) == {"from": "a file that changed"}


def test_every_kind_of_configuration_says_where_it_would_live() -> None:
    for kind in CONFIGURATION:
        rule = RULES.by_kind[kind]
        assert rule.table
        assert rule.retention
        assert rule.marts == "none"
