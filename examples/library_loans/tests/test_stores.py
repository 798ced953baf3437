import json

from library import catalogue, complaints, counters, exporting, ledger, reservations, visits
from library.store import Store


def test_books_are_found_by_shelf(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "BOOKS", Store(tmp_path))
    catalogue.add_book("9780141439518", "Pride and Prejudice", "A1")
    assert catalogue.on_shelf("A1") == ["Pride and Prejudice"]
    assert catalogue.book("9780141439518")["shelf"] == "A1"


def test_the_ledger_keeps_the_order(tmp_path):
    kept = ledger.Ledger(tmp_path)
    kept.note("2025-03-01", {"what": "lend"})
    kept.note("2025-03-01", {"what": "give back"})
    assert [entry["what"] for entry in kept.entries("2025-03-01")] == ["lend", "give back"]


def test_reservations_are_first_come_first_served(tmp_path, monkeypatch):
    waiting = tmp_path / "reservations.json"
    waiting.write_text("[]")
    monkeypatch.setattr(reservations, "WAITING", str(waiting))
    assert reservations.reserve("r1", "i1", "2025-03-01T10:00:00Z") == 1
    assert reservations.reserve("r2", "i1", "2025-03-01T10:05:00Z") == 2
    assert reservations.first("i1") == "r1"


def test_numbers_follow_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr(counters, "DATA", tmp_path)
    monkeypatch.setattr(counters, "COUNTERS", tmp_path / "counters.json")
    (tmp_path / "counters.json").write_text(json.dumps({"loans": 7}))
    assert [counters.following("loans"), counters.following("loans")] == [8, 9]


def test_a_visit_overwrites_the_one_before(tmp_path, monkeypatch):
    monkeypatch.setattr(visits, "DATA", tmp_path)
    visits.came_in("r1", "09:00")
    visits.came_in("r1", "17:00")
    assert json.loads((tmp_path / "visits.json").read_text()) == {"r1": "17:00"}


def test_complaints_come_back(tmp_path, monkeypatch):
    (tmp_path / "complaints").mkdir()
    monkeypatch.setattr(complaints, "DATA", tmp_path)
    complaints.complain("r1", 4, "too loud")
    assert complaints.complaint(4)["text"] == "too loud"


def test_the_export_takes_any_writer(tmp_path, monkeypatch):
    written = {}
    monkeypatch.setattr(exporting, "EXPORTS", tmp_path)
    exporting.export_overdue("2025-03-01", [{"loan_id": 1}], lambda path, rows: written.update({path.name: rows}))
    assert written == {"overdue-2025-03-01.json": [{"loan_id": 1}]}
