import json

import pytest

from library import loans


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    (tmp_path / "loans").mkdir()
    monkeypatch.setattr(loans, "DATA", tmp_path)
    return tmp_path


def test_a_loan_is_found_again(data):
    lent = loans.lend(20411, "r1", "9780141439518", "2025-03-22")
    assert loans.get(20411) == lent
    with open(data / "loans" / "20411.json") as file:
        assert json.load(file)["reader_id"] == "r1"


def test_a_book_given_back_is_not_out():
    loans.lend(20412, "r1", "9780141439518", "2025-03-22")
    assert loans.is_out(20412)
    loans.give_back(20412)
    assert not loans.is_out(20412)
