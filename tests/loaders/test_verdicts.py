"""Whatever a file holds, it is landed or quarantined exactly as PostgreSQL judges its bytes.

The judge is the server's own `convert_from(bytes, 'UTF8')::jsonb`. `make soak` tries many more.
"""

import json
from collections.abc import Mapping

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Tree
from tests.loaders.json_corners import CORNERS
from tests.loaders.test_loading import counters, load

# What the server takes for JSON.
pytestmark = pytest.mark.every_server

JUDGE = """
create or replace function pg_temp.verdict(content bytea) returns text language plpgsql as $$
begin
    perform convert_from(content, 'UTF8')::jsonb;
    return '00000';
exception when others then
    return sqlstate;
end $$
"""

# What became of each file, beside what the server says of its bytes.
OUTCOMES = """
with given as (
    select path, content, pg_temp.verdict(content) as verdict
    from unnest(%(paths)b::text[], %(contents)b::bytea[]) as files (path, content)
),

documents as (
    select
        source_path,
        count(*) as versions,
        (array_agg(content_sha256))[1] as content_sha256,
        (array_agg(payload))[1] as payload
    from raw.documents
    group by source_path
)

select
    given.path,
    given.verdict,
    coalesce(documents.versions, 0),
    quarantine.reason_code,
    files.state,
    case when documents.payload is not null and given.verdict = '00000' then
        documents.payload = convert_from(given.content, 'UTF8')::jsonb
        and documents.payload::text = convert_from(given.content, 'UTF8')::jsonb::text
        and documents.content_sha256 = sha256(given.content)
    end
from given
left join documents on documents.source_path = given.path
left join raw.quarantine on quarantine.source_path = given.path
left join raw.files on files.source_path = given.path
"""


def assert_judged_as_the_server_does(
    tree: Tree, connection: psycopg.Connection, contents: Mapping[str, bytes]
) -> dict[str, str]:
    """Load contents by path, compare all that became of them, and return the verdicts."""
    connection.execute("truncate raw.documents, raw.files, raw.quarantine")
    for old in (tree.root / "scorecards").glob("*.json"):
        old.unlink()
    for path, content in contents.items():
        tree.write(path, content)
    result = counters(load(tree))
    connection.execute(JUDGE)
    rows = connection.execute(
        OUTCOMES, {"paths": list(contents), "contents": list(contents.values())}
    ).fetchall()
    wrong = []
    for path, verdict, *outcome in rows:
        landed = [1, None, "landed", True]
        refused = [0, verdict, "quarantined", None]
        if outcome != (landed if verdict == "00000" else refused):
            wrong.append((path, contents[path][:200], verdict, *outcome))
    assert wrong == []
    assert len(rows) == len(contents) == result.seen == result.landed + result.quarantined
    return {path: verdict for path, verdict, *_ in rows}


def test_every_corner_of_rfc_8259_is_judged_as_the_server_judges_it(
    tree: Tree, connection: psycopg.Connection
) -> None:
    names = {f"scorecards/{name}.json": name for name in CORNERS}
    verdicts = assert_judged_as_the_server_does(
        tree, connection, {path: CORNERS[name] for path, name in names.items()}
    )
    accepted = {names[path] for path, verdict in verdicts.items() if verdict == "00000"}
    assert {name for name in CORNERS if name.startswith("y_")} <= accepted
    assert [name for name in accepted if name.startswith("n_")] == []


def nested(opening: bytes, middle: bytes, closing: bytes, depth: int, missing: int) -> bytes:
    return opening * depth + middle + closing * (depth - missing)


# Near 15,000 levels, where the server's stack ends, the verdict depends on who asks.
DEPTHS = (10, 500, 5_000, 100_000)
NESTINGS = [(b"[", b"", b"]"), (b'{"a":', b"0", b"}"), (b'[{"":', b'"\\ud83d\\ude00"', b"}]")]


@pytest.mark.parametrize("missing", [0, 1])
def test_every_depth_is_judged_as_the_server_judges_it(
    tree: Tree, connection: psycopg.Connection, missing: int
) -> None:
    contents = {
        f"scorecards/{depth}_{number}.json": nested(*nesting, depth, missing)
        for depth in DEPTHS
        for number, nesting in enumerate(NESTINGS)
    }
    verdicts = assert_judged_as_the_server_does(tree, connection, contents)
    assert set(verdicts.values()) == ({"00000", "54001"} if not missing else {"22P02", "54001"})


LONG = {
    "200,000 digits": b"[" + b"7" * 200_000 + b"]",
    "131,072 digits": b"[" + b"7" * 131_072 + b"]",
    "131,073 digits": b"[" + b"7" * 131_073 + b"]",
    "16,383 decimals": b"[0." + b"7" * 16_383 + b"]",
    "16,384 decimals": b"[0." + b"7" * 16_384 + b"]",
    "digits and an exponent that take each other back": b"[" + b"1" * 140_000 + b"e-139999]",
    "a key of 10 MB": b'{"' + b"k" * 10_000_000 + b'": 1}',
    "2 MB of escapes": b'["' + b"\\u00e9" * 350_000 + b'"]',
    "2 MB of escapes, one of them zero": b'["' + b"\\u00e9" * 350_000 + b'\\u0000"]',
    "2 MB, a surrogate alone at the end": b'["' + b"x" * 2_000_000 + b'\\ud800"]',
    "2 MB, cut in a character": b'["' + b"\xf0\x9f\x98\x80" * 500_000 + b'\xf0\x9f"]',
    "2 MB of white space": b" " * 2_000_000,
    "2 MB of white space and a document": b"\n" * 2_000_000 + b"{}",
    "2 MB after a mark": b"\xef\xbb\xbf" + json.dumps(["x" * 2_000_000]).encode(),
    "2 MB of zero bytes": bytes(2_000_000),
    "500,000 times one key": b'{"a":0' + b',"a":1' * 500_000 + b"}",
    "300,000 keys": json.dumps({str(number): number for number in range(300_000)}).encode(),
}


def test_every_long_document_is_judged_as_the_server_judges_it(
    tree: Tree, connection: psycopg.Connection
) -> None:
    contents = {f"scorecards/{number}.json": text for number, text in enumerate(LONG.values())}
    verdicts = assert_judged_as_the_server_does(tree, connection, contents)
    assert {"00000", "22003", "22021", "22P02", "22P05"} <= set(verdicts.values())


WHITE = st.sampled_from(["", "", "", " ", "\n", "\t \r\n", "\x0c", "\u00a0", "\ufeff", "/**/"])
NUMBERS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "-", "+", "--"]),
    st.sampled_from(["0", "1", "01", "9" * 40, "8" * 5_000, "", "0x1", "1_0", "\u0661"]),
    st.sampled_from(["", "", ".", ".5", ".000", "." + "1" * 5_000]),
    st.sampled_from(
        ["", "", "e5", "E+7", "e-400", "e400", "e131071", "e131072", "e-16383", "e-16384",
         "e-20000", "e99999999999999999999", "e-2147483649", "e", "e+", "e1.5"]
    ),
)  # fmt: skip
ESCAPES = r"""
\u0000 \u0001 \u001f \ud800 \uDBFF \udc00 \uDfff \ud83d\ude00 \ude00\ud83d \ud83d\u0041 \ue000
\uffff \" \\ \/ \b \f \n \r \t \x \u12 \U0000 \' \u{41} \\u0000 \\ud800 \\\ud800 é 😀 \
"""
STRINGS = st.lists(
    st.one_of(
        st.sampled_from(
            [*ESCAPES.split(), "\0", "\t", "\n", "\x1f", "\x7f", "\u2028", "x" * 10_000]
        ),
        st.text(st.characters(codec="utf-8"), max_size=3),
    ),
    max_size=5,
).map(lambda parts: '"' + "".join(parts) + '"')
WORDS = st.sampled_from(
    ["null", "true", "false", "NaN", "-NaN", "Infinity", "-Infinity", "nul", "True", "undefined",
     "'a'", "a", "//", ""]
)  # fmt: skip
LEAVES = st.one_of(NUMBERS, STRINGS, WORDS)
KEYS = st.one_of(STRINGS, st.sampled_from(['"a"', '"a"', "a", "1", '"\\u0061"']))


def padded(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(WHITE, texts, WHITE).map("".join)


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    ends = st.sampled_from(["", "", "", "", "", ",", ",,"])
    items = st.lists(padded(inner), max_size=4).map(",".join)
    pairs = st.lists(
        st.builds("{}:{}".format, padded(KEYS), padded(inner)), max_size=4
    ).map(",".join)  # fmt: skip
    return st.one_of(
        st.builds("[{}{}]".format, items, ends), st.builds("{{{}{}}}".format, pairs, ends)
    )


TEXTS = st.recursive(LEAVES, containers, max_leaves=8)
CLEAN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
JSON = st.one_of(
    st.builds(json.dumps, CLEAN, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 1])),
    padded(TEXTS),
    st.lists(padded(TEXTS), min_size=2, max_size=3).map(" ".join),
)
ENCODINGS = st.sampled_from(
    ["utf-8"] * 8 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"]
)
ENCODED = st.builds(lambda text, encoding: text.encode(encoding, "replace"), JSON, ENCODINGS)
BROKEN = st.builds(
    lambda text, at, junk, cut: text[:at] + junk + text[at + cut :],
    ENCODED,
    st.integers(0, 60),
    st.one_of(
        st.binary(max_size=3),
        st.sampled_from([b"\x00", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x80"]),
    ),
    st.integers(0, 3),
)
TRUNCATED = st.builds(lambda text, length: text[:length], ENCODED, st.integers(0, 60))
DOCUMENTS = st.lists(
    st.one_of(ENCODED, ENCODED, BROKEN, TRUNCATED, st.binary(max_size=12)),
    min_size=60,
    max_size=100,
)


@pytest.mark.long
@given(documents=DOCUMENTS)
def test_any_bytes_are_judged_as_the_server_judges_them(
    tree: Tree, connection: psycopg.Connection, documents: list[bytes]
) -> None:
    assert_judged_as_the_server_does(
        tree,
        connection,
        {f"scorecards/{number:03}.json": content for number, content in enumerate(documents)},
    )
