"""classify reads the sources that load reads, in any order, and only a sample of large trees."""

import io
import random
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loaders.advisor.classification import tree as classify_tree
from loaders.advisor.classification.classify import Tree, classify, written
from loaders.advisor.classification.names import JSON_ENDINGS, values_of
from loaders.cli.classify_display import as_json
from loaders.errors import WrongRequest
from loaders.sources.opening import open_source
from loaders.sources.source import Entry, Stamp
from tests.advisor.classified import ANN, BEN, DATA, dispositions, verdicts, write


def _zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in DATA.rglob("*"):
            archive.write(file, f"pulse/{file.relative_to(DATA)}")


def _tarred(path: Path) -> None:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        archive.add(DATA, "pulse")


@pytest.mark.parametrize("name", ["tree.zip", "tree.tar", "tree.tar.gz"])
def test_an_archive_is_classified_like_its_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    _zipped(path) if name.endswith("zip") else _tarred(path)
    folder, _ = classify(str(DATA))
    archive, _ = classify(str(path), "pulse")
    assert dispositions(archive) == dispositions(folder)
    assert archive.bodies_read == folder.bodies_read


def test_load_still_refuses_an_archive_within_an_archive(tmp_path: Path) -> None:
    """Files that are packed by themselves are read by classify alone."""
    _zipped(tmp_path / "tree.zip")
    with pytest.raises(WrongRequest, match="is an archive itself"):
        list(open_source(str(tmp_path / "tree.zip"), None).list())


class _Memory:
    """A source in memory, listed in a given order, which counts what is opened."""

    name = "memory"
    most_workers = None
    opened_at_once = 3
    notices = ()

    def __init__(self, paths: Iterator[str] | list[str]) -> None:
        self._paths = paths
        self.opened: list[str] = []

    def list(self, prefix: str = "") -> Iterator[Entry]:
        for path in self._paths:
            yield Entry(path, Stamp(20, 1_700_000_000_000_000))

    def look(self, entry: Entry) -> Entry:
        return entry

    @contextmanager
    def open(self, entry: Entry) -> Iterator["_Memory._Open"]:
        self.opened.append(entry.path)
        yield self._Open(entry)

    class _Open:
        def __init__(self, entry: Entry) -> None:
            self._stream = io.BytesIO(b'{"id": "%s", "n": 1}' % entry.path[-20:-5].encode())
            self._stamp = entry.stamp

        def read(self, size: int) -> bytes:
            return self._stream.read(size)

        def stamp(self) -> Stamp:
            assert self._stamp
            return self._stamp


def _many(count: int) -> Iterator[str]:
    numbers = random.Random(count)
    for n in range(count):
        folder = f"{numbers.getrandbits(128):032x}"
        yield f"sessions/{folder}/{'chat' if n % 2 else 'state'}.json"
        yield f"named/some-{folder[:7]}-thing/{numbers.choice('abc')}{n}.json"


def test_the_order_of_the_listing_does_not_matter() -> None:
    paths = list(_many(3_000))
    shown = []
    for seed in range(3):
        random.Random(seed).shuffle(paths)
        tree = Tree(_Memory(list(paths)))
        shown.append(
            [(t.segments, t.leaf.files, t.leaf.folders, t.leaf.sample) for t in tree.templates]
        )
    assert shown[0] == shown[1] == shown[2]


def test_of_a_large_tree_only_a_sample_is_opened_and_kept() -> None:
    source = _Memory(_many(20_000))
    tree = Tree(source)
    assert sum(template.leaf.files for template in tree.templates) == 40_000
    assert len(tree.templates) <= 4
    # Templates that were merged had a sample each.
    most = (classify_tree.MANY + 1) * classify_tree.SAMPLE
    assert classify_tree.SAMPLE <= len(source.opened) <= 4 * most
    for template in tree.templates:
        assert len(template.leaf.sample) == classify_tree.SAMPLE
        assert template.leaf.folders == pytest.approx(template.leaf.files, rel=0.2)


def test_deep_trees_and_long_names_are_no_trouble() -> None:
    deep = [f"{top}/{'d/' * 500}x.json" for top in ("a", "bb", "ccc")]
    wide = [f"w/{chr(97 + n % 26)}{chr(97 + n // 26)}/{'d/' * 480}x.json" for n in range(120)]
    long = [f"n/{'-'.join(str(n * k % 7) for k in range(110))}-{500 + n}.json" for n in range(9)]
    tree = Tree(_Memory([*deep, *wide, *long]))
    assert sum(template.leaf.files for template in tree.templates) == 132
    for template in tree.templates:
        written(template)
        assert values_of(template.segments[-1], "1-" * 100 + "x.json") is None


def test_folders_of_tools_are_counted_and_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"node_modules/a/package.json": {}, ".git/x.json": {}, "a.json": {"b": "c"}})
    result, _ = classify(str(tmp_path))
    assert (result.files, result.left_out) == (1, 2)


def test_files_that_break_off_or_are_odd_are_counted(tmp_path: Path) -> None:
    (tmp_path / "outside.json").write_text('{"a": "b"}')
    tree = write(
        tmp_path / "tree",
        {
            "bom.json": b'\xef\xbb\xbf{"a": "b"}',
            "latin.json": '{"name": "Müller"}'.encode("latin-1"),
            "crlf.json": b'{\r\n"a": "b"\r\n}\r\n',
            "nan.json": b'{"a": NaN, "b": "c"}',
            "empty.json": b"",
            "cut.json": b'{"a": ',
            "deep.json": b"[" * 5000 + b"]" * 5000,
            "packed.json.gz": b"not packed",
            "large.json": b'["' + b"x" * 9_000_000 + b'"]',
            "many.json": b'{"rows": [' + b'{"a": "b"}, ' * 800_000 + b"{}]}",
            "lines.jsonl": b'{"a": 1}\nbroken\n\n{"a": 2}\n',
            "a b{c}|`.json": {"a": "b"},
        },
    )
    (tree / "link.json").symlink_to(tmp_path / "outside.json")
    result, _ = classify(str(tree))
    assert (result.files, result.damaged, result.too_large) == (13, 6, 1)
    assert "Müller" not in as_json(result)


def test_of_a_large_file_the_beginning_is_read(tmp_path: Path) -> None:
    row = b'{"user_id": "%s", "at": "2024-03-01T09:00:00Z", "n": 1}, ' % ANN.encode()
    files = {
        "rows.json": b"[" + row * 120_000 + b"{}]",
        "below.json": b'{"version": 1, "rows": [' + row * 120_000 + b"{}]}",
        "lines.jsonl": (row.rstrip(b", ") + b"\n") * 120_000,
        "lines.json": (row.rstrip(b", ") + b"\n") * 3,
    }
    for verdict in verdicts(write(tmp_path, files)).values():
        assert verdict.disposition == "SYSTEM_OF_RECORD", verdict
        assert any(key.path.endswith("[].user_id") for key in verdict.keys)


def test_names_that_differ_in_ids_are_one_template(tmp_path: Path) -> None:
    files = {
        f"history_{ANN}.json": [1],
        f"history_{BEN}.json": [2],
        "sessions/2024-03-01T10-00-00Z.json": {"a": 1},
        "sessions/2024-03-02T10-00-00Z.json": {"a": 1},
        "mail/a.b@x.example/in.json": {"a": 1},
        "mail/c.d@x.example/in.json": {"a": 1},
        "objects/9f86d081884c7d659a2feaa0c55ad015.json": {"a": 1},
        "items/item-1001.json": {"a": "b"},
        "items/item-2002.json": {"a": "b"},
        "users/demo/profile.json": {"a": "b"},
        f"users/{ANN}/profile.json": {"a": "b"},
        f"cards/{ANN}.json": {"a": "b"},
        "cards/dev-test-001.json": {"a": "c"},
        "cards/dev-test-002.json": {"a": "d"},
        "cards/dev.json": {"a": "d"},
    }
    assert set(verdicts(write(tmp_path, files))) == {
        "history_{}.json",
        "sessions/{}.json",
        "mail/{}/in.json",
        "objects/{}.json",
        "items/item-{}.json",
        "users/{}/profile.json",
        "cards/{}.json",
    }


def test_every_ending_is_listed(tmp_path: Path) -> None:
    write(tmp_path, {f"f{n}{end.decode()}": b"" for n, end in enumerate(JSON_ENDINGS)})
    result, _ = classify(str(tmp_path))
    assert result.files == len(JSON_ENDINGS)
