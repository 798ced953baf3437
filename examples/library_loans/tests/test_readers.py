from unittest import mock

from library import readers


def test_a_blocked_reader_stays_known():
    kept = {"reader_id": "r1", "is_blocked": False}
    with (
        mock.patch("library.readers.files.read_json", return_value=kept) as read,
        mock.patch("library.readers.files.write_json") as write,
    ):
        readers.block("r1")
    read.assert_called_once()
    assert write.call_args.args[1] == {"reader_id": "r1", "is_blocked": True}


def test_registering_writes_where_finding_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "reader_path", lambda reader_id: tmp_path / f"{reader_id}.json")
    readers.register("r2", "Ann", "ann@example.org")
    assert readers.find("r2")["email"] == "ann@example.org"
    readers.forget("r2")
    assert readers.find("r2") == {}
