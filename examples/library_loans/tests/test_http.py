from types import SimpleNamespace
from unittest import mock

from library import http


def test_an_answer_is_bytes():
    assert http.answer(200, {"a": 1}) == (200, b'{"a": 1}')


def test_a_body_is_parsed():
    assert http.parse(SimpleNamespace(body=b'{"isbn": "i1"}')) == {"isbn": "i1"}


def test_the_union_catalogue_is_asked():
    session = mock.Mock()
    session.get.return_value.json.return_value = {"copies": 2}
    assert http.availability(session, "i1") == {"copies": 2}


def test_a_key_does_not_depend_on_the_order():
    assert http.cache_key({"a": 1, "b": 2}) == http.cache_key({"b": 2, "a": 1})
