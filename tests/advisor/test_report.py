"""pulse-elt report: sections, blocks of code with their language, statements that run."""

import json
import re
from pathlib import Path

import psycopg
import pytest

from loaders.advisor.command import run_audit, run_report
from loaders.advisor.judging.statements import statement
from loaders.errors import WrongRequest
from tests.advisor.auditing import write
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "library_loans"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("audit") / "audit.json"
    run_audit(EXAMPLE, data=EXAMPLE / "data", form="json", output=file)
    return file


def test_the_page_has_its_sections_and_blocks_of_sql(audited: Path) -> None:
    text = run_report(audited)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "File changes",
        "Schema and usage",
        "Notes",
    ]
    bullets = text.split("## File changes")[0].count("\n- ")
    assert 2 <= bullets <= 4
    blocks = _FENCE.findall(text)
    assert {language for language, _ in blocks} == {"sql"}
    assert text.count("```") == 2 * len(blocks)
    assert "Question 5" in text
    assert "`data/config/settings.json`" in text.split("## Notes")[1]


def test_the_page_and_its_json_are_the_same_each_time(audited: Path, tmp_path: Path) -> None:
    assert run_report(audited) == run_report(audited)
    assert run_report(audited, form="json", output=tmp_path / "r.json") == ""
    said = json.loads((tmp_path / "r.json").read_text())
    assert {change["kind"] for change in said["changes"]} == {"code", "migration", "retired"}
    moved = {move["template"] for move in said["moves"]}
    assert "data/loans/{loan_id}.json" in moved
    assert "data/config/fees.json" not in moved


def test_counts_of_classify_stand_beside(audited: Path, tmp_path: Path) -> None:
    counted = tmp_path / "classified.json"
    counted.write_text(
        json.dumps({"templates": [{"template": "data/loans/{loan_id}.json", "files": 12_000}]})
    )
    assert "12,000 files" in run_report(audited, classified=counted)


def test_what_classify_says_otherwise_is_noted(audited: Path, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"template": "a/{x}", "code_template": "data/loans/{loan_id}.json", "files": 3},
        {"template": "b/{x}", "code_template": "data/loans/{loan_id}.json", "files": 4},
        {"template": "tills/{id}.json", "code_template": None, "files": 1},
        {
            "template": "exports/{day}.json",
            "code_template": "data/exports/overdue-{day}.json",
            "files": 1,
        },
    ]
    for row in rows:
        row["disposition"] = "SYSTEM_OF_RECORD"
    (tmp_path / "counted.json").write_text(json.dumps({"templates": rows}))
    text = run_report(audited, classified=tmp_path / "counted.json")
    assert ", 7 files" in text
    notes = text.split("## Notes")[1]
    assert "in no code that was read, SYSTEM_OF_RECORD: `tills/{id}.json`" in notes
    assert "`data/exports/overdue-{day}.json`: the data says SYSTEM_OF_RECORD" in notes


def test_what_stays_is_listed_with_its_reason(audited: Path) -> None:
    text = run_report(audited)
    for stays in json.loads(audited.read_text())["findings"]:
        if stays["disposition"] in ("CONFIG_STATIC", "CACHE", "UNCERTAIN"):
            assert f"| `{stays['template']}` | {stays['disposition']} | {stays['reason']} (" in text


def test_tables_and_statements_of_an_audit_run_on_a_server(
    audited: Path, tmp_path: Path, connection: psycopg.Connection
) -> None:
    write(
        tmp_path,
        {
            "app.py": _CLINIC,
            "data/beds.json": '[{"id": 1, "left": 2, "payload": {}, "changed_at": 3, "ctid": 4}]',
            "data/visits.jsonl": '{"visit_id": 1, "at": "2024-01-01T10:00:00Z"}',
        },
    )
    run_audit(tmp_path, data=tmp_path / "data", form="json", output=tmp_path / "clinic.json")
    for number, file in enumerate((audited, tmp_path / "clinic.json")):
        connection.execute(f"create schema proposed_{number}".encode())
        connection.execute(f"set search_path to proposed_{number}".encode())
        for move in json.loads(run_report(file, form="json"))["moves"]:
            connection.execute(move["sql"].encode())
            for access in move["accesses"]:
                for count, said in enumerate(access["statement"].split(";\n")):
                    connection.execute(f"prepare s{count} as {said}".encode())
                    connection.execute(f"deallocate s{count}".encode())


_CLINIC = """
import json
from dataclasses import asdict, dataclass
from typing import ClassVar, TypedDict

class Thing(TypedDict, total=False):
    made_at: datetime

class Bed(Thing):
    marks: list[int]
    kind: "Literal['list', 'set']"
    price: int | float

@dataclass
class Ward:
    LARGEST: ClassVar[int] = 9
    name: str
    bed: Bed | None

def save(bed_id: int, bed: Bed):
    json.dump(bed, open(f"data/a/beds/{bed_id}.json", "w"))

def load(bed_id: int) -> Bed:
    return json.load(open(f"data/a/beds/{bed_id}.json"))

def save_ward(ward_id: int, ward: Ward):
    json.dump(asdict(ward), open(f"data/wards/{ward_id}.json", "w"))
    with open("data/visits.jsonl", "a") as file:
        file.write(json.dumps({"visit_id": ward_id, "at": 1}))

def all_beds():
    return json.load(open("data/beds.json"))

def add(bed):
    beds = all_beds()
    beds.append(bed)
    json.dump(beds, open("data/beds.json", "w"))
"""


def test_columns_come_from_classes_and_those_they_extend(tmp_path: Path) -> None:
    shop = """
import fs from "fs";
interface Base { id: string; createdAt: Date }
export interface Order extends Base { "buyer-id": string; sizes: number[]; note?: string }
export function load(orderId: string): Order {
  return JSON.parse(fs.readFileSync(`data/orders/${orderId}.json`, "utf8"));
}
export function save(orderId: string, order: Order) {
  fs.writeFileSync(`data/orders/${orderId}.json`, JSON.stringify(order));
}
export const basket = () => localStorage.getItem("basket");
export const fill = (id) => localStorage.setItem("basket", JSON.stringify({ itemId: id }));
"""
    result = run_audit(write(tmp_path, {"app.py": _CLINIC, "shop.ts": shop}), form="json")
    columns = {
        finding["template"]: {
            each["name"]: each["type"] + ("" if each["is_required"] else "?")
            for each in finding["proposal"]["columns"]
        }
        for finding in json.loads(result.text)["findings"]
    }
    assert columns["data/a/beds/{bed_id}.json"] == {
        "bed_id": "bigint",
        "made_at": "timestamptz?",
        "marks": "jsonb",
        "kind": "text",
        "price": "numeric",
    }
    assert columns["data/wards/{ward_id}.json"] == {
        "ward_id": "bigint",
        "name": "text",
        "bed": "jsonb?",
    }
    assert columns["data/orders/{order_id}.json"] == {
        "order_id": "text",
        "created_at": "timestamptz",
        "buyer_id": "text",
        "sizes": "jsonb",
        "note": "text?",
    }
    assert columns["localStorage:basket"].keys() >= {"user_id"}
    assert "name" not in columns["data/visits.jsonl"]


def test_an_empty_audit_moves_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    run_audit(tmp_path, form="json", output=tmp_path / "audit.json")
    assert "Nothing moves" in run_report(tmp_path / "audit.json")


def test_what_is_no_audit_is_a_wrong_request(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    (tmp_path / "y.json").write_text('{"findings": [{"disposition": "CACHE"}, 3]}')
    (tmp_path / "z.json").write_text("[" * 200_000)
    for file in [tmp_path / f"{name}.json" for name in ("x", "y", "z", "none")]:
        with pytest.raises(WrongRequest, match="audit"):
            run_report(file)


def test_statements_run_on_the_table_that_is_proposed(connection: psycopg.Connection) -> None:
    connection.execute("create schema proposed")
    connection.execute("set search_path to proposed")
    connection.execute(
        'create table "order" (a text, b text, payload jsonb not null, '
        "changed_at timestamptz not null default now(), primary key (a, b))"
    )
    values = {"write": ["x", "y", "{}"], "list": []}
    for operation in ("write", "write", "exists", "read", "list", "delete"):
        said = statement(operation, "order", ["a", "b"])
        given = values.get(operation, ["x", "y"])
        query = re.sub(r"\$\d", "%s", said)
        done = connection.execute(query.encode(), given)
        assert done.rowcount == 1
