"""Loads a tree of JSON files by dlt, filesystem to PostgreSQL, and prints seconds and rows.

Run by benchmarks/dlt_comparison.py inside a virtual environment that holds dlt. One row per
file: its path, and the document in a jsonb column.

The configuration is the fastest found that keeps to dlt's documented interfaces. Tried with dlt
1.31 on 60,000 files, once or twice each, on a machine that others used too:
- loader file format csv, which dlt sends by COPY; insert_values took about a tenth longer,
  parquet needs ADBC, was no faster and gives a json column instead of jsonb;
- item.read_bytes(), which extracts a quarter faster than item.open(); a thousand files per page;
- max_table_nesting=0 and the type json for the payload, so that nothing is flattened;
- one normalising process: two gained nothing, since extracting is most of the work;
- 'rows' gives dlt parsed documents as its tutorials do; 'tables' passes their text in Arrow
  tables, so that dlt need not inspect every row. Both are run, since neither always wins.
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import dlt
import orjson
import pyarrow
from dlt.sources.filesystem import filesystem

_FILES_PER_PAGE = 1_000
_COLUMNS = {"path": {"data_type": "text"}, "payload": {"data_type": "json"}}


def main() -> None:
    """Take rows or tables, URL, tree and working folder from the command line, and load."""
    shape, url, tree, work = sys.argv[1:]
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=work,
        dataset_name="landed",
        destination=dlt.destinations.postgres(url),
    )
    files = filesystem(bucket_url=tree, file_glob="**/*.json", files_per_page=_FILES_PER_PAGE)
    documents = files | dlt.transformer(
        {"rows": _rows, "tables": _tables}[shape],
        name="documents",
        columns=_COLUMNS,
        max_table_nesting=0,
        write_disposition="append",
    )
    # What Python and dlt take to start is left out, to dlt's advantage.
    started = time.perf_counter()
    pipeline.run(documents, loader_file_format="csv")
    seconds = time.perf_counter() - started
    with pipeline.sql_client() as client:
        rows = client.execute_sql("select count(*) from documents")[0][0]
    print(json.dumps({"seconds": seconds, "rows": rows, "version": dlt.__version__}))


def _rows(items: list[Any]) -> Iterator[list[dict[str, Any]]]:
    yield [{"path": path, "payload": orjson.loads(content)} for path, content in _good(items)]


def _tables(items: list[Any]) -> Iterator[pyarrow.Table]:
    good = [{"path": path, "payload": content.decode()} for path, content in _good(items)]
    yield pyarrow.Table.from_pylist(good)


def _good(items: list[Any]) -> Iterator[tuple[str, bytes]]:
    """Yield paths and documents; one bad document would end dlt's whole load."""
    for item in items:
        content = item.read_bytes()
        try:
            orjson.loads(content)
        except orjson.JSONDecodeError:
            continue
        if b"\\u0000" not in content:
            yield item["relative_path"], content


if __name__ == "__main__":
    main()
