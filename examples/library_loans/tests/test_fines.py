import json

import pytest

from library import fines


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(fines, "DATA", tmp_path)
    monkeypatch.setattr(fines, "fine_folder", lambda reader_id: tmp_path / "fines" / reader_id)
    return tmp_path


def test_what_is_paid_is_not_owed(data):
    fines.impose("r1", 1, 150, "2025-03-01")
    fines.impose("r1", 2, 250, "2025-03-02")
    fines.pay("r1", 1, "2025-03-03")
    assert fines.owed("r1") == 250
    assert fines.debtors() == ["r1"]


def test_an_old_fine_without_a_date_counts(data):
    (data / "fines" / "r9").mkdir(parents=True)
    (data / "fines" / "r9" / "1.json").write_text(json.dumps({"cents": 5}))
    assert fines.owed("r9") == 5
