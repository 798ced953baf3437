"""Readers' answers with Redis are those without it, whatever Redis does; builds change the keys."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from pulse_store import Settings, Store, StoreUnavailable, cache, readers, redis_calls
from pulse_store.cache import Cache, MartsState
from pulse_store.database import Deadline
from tests.conftest import RunCommand
from tests.loaders.faults import until
from tests.marts.access import LOGINS, House
from tests.store.redis_servers import RedisServer, pretended_server, redis_server

# Twice as often as the breaker's failures, so that it also has to hold.
ROUNDS = 2


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def make_store(house: House) -> Iterator[Callable[..., Store]]:
    made: list[Store] = []

    def make(redis: str | None = None, login: str = "pulse_app") -> Store:
        parameters = house.settings(LOGINS[login]).parameters
        made.append(Store(Settings(parameters=parameters, redis=redis)))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def learners(house: House) -> list[str]:
    with house.connect() as superuser:
        found = superuser.execute("select user_id from analytics.learners order by user_id")
        return [str(user) for (user,) in found.fetchall()]


def answers(store: Store, learners: Sequence[str]) -> list[Any]:
    return [
        answer
        for user in learners
        for answer in (
            readers.latest_readiness(store, user),
            readers.skills(store, user),
            readers.skills(store, user, "all_time"),
            readers.low_skills(store, user),
            readers.readiness_history(store, user),
        )
    ]


def warm(store: Store, learners: Sequence[str]) -> None:
    """Ask until Redis has been found there, and everything is in it."""
    cached = 4 * len(learners)

    def is_warm() -> bool:
        before = store.counters.get("cache_hit", 0)
        answers(store, learners)
        return store.counters.get("cache_hit", 0) - before >= cached

    until(is_warm)


def test_answers_come_from_redis_and_are_the_same(
    make_store: Callable[..., Store], redis: RedisServer, learners: list[str]
) -> None:
    expected = answers(make_store(), learners)
    store = make_store(redis.url)
    warm(store, learners)
    assert answers(store, learners) == expected
    # Whoever changes an answer changes his own.
    answers(store, learners)[1]["skills"].append("mine")
    assert answers(store, [user.upper() for user in learners]) == [
        answer if answer is None or "userId" not in answer
        else {**answer, "userId": answer["userId"].upper()}
        for answer in expected
    ]  # fmt: skip
    other = make_store(redis.url)
    warm(other, learners[:1])
    assert other.counters.get("cache_miss", 0) == 0
    keys = [key.decode() for key in redis.client.keys("*")]
    assert len(keys) == len(set(keys)) == 4 * len(learners)
    assert not any(user in key for key in keys for user in learners)
    lives = {redis.client.pttl(key) for key in keys}
    assert len(lives) > 1
    assert min(lives) > 200_000
    assert max(lives) <= 360_000


def test_no_redis_is_asked_unless_it_is_named(
    make_store: Callable[..., Store], learners: list[str]
) -> None:
    store = make_store()
    answers(store, learners)
    assert not [name for name in store.counters if name.startswith("cache")]


def swap(client: Any) -> None:  # noqa: ANN401 - see RedisServer
    """Give every question the answer to another one."""
    keys = client.keys()
    values = [client.get(key) for key in keys]
    for key, value in zip(keys, values[1:] + values[:1], strict=True):
        client.set(key, value)


def replace(change: Callable[[bytes], bytes]) -> Callable[[Any], None]:
    def change_all(client: Any) -> None:  # noqa: ANN401
        for key in client.keys("*"):
            client.set(key, change(client.get(key)))

    return change_all


def other_types(client: Any) -> None:  # noqa: ANN401
    for key in client.keys("*"):
        client.delete(key)
        client.rpush(key, b"[]", b"{}")


LIES: dict[str, Callable[[Any], object]] = {
    "garbage": replace(lambda _: b"\xff\x00garbage"),
    "empty": replace(lambda _: b""),
    "other user": swap,
    "other type": other_types,
    "no JSON": replace(lambda value: value[:-1]),
    "other JSON": replace(lambda _: b'[{"overall": 99.0}]'),
    "sealed JSON": replace(lambda value: value[:32] + b"[]"),
    "one score": replace(lambda value: value.replace(b".", b"1.", 1) + b" "),
    "flushed": lambda client: client.flushall(),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_redis_that_lies_changes_no_answer(
    make_store: Callable[..., Store], redis: RedisServer, learners: list[str], lie: str
) -> None:
    expected = answers(make_store(), learners)
    store = make_store(redis.url)
    warm(store, learners)
    LIES[lie](redis.client)
    for _ in range(ROUNDS):
        assert answers(store, learners) == expected
    if lie != "flushed":
        assert store.counters["cache_failed"] >= 1


@pytest.mark.parametrize("outage", ["stopped", "hung"])
def test_a_redis_that_is_gone_is_soon_left_alone_and_used_again_later(
    make_store: Callable[..., Store],
    redis: RedisServer,
    learners: list[str],
    outage: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = answers(make_store(), learners)
    store = make_store(redis.url)
    warm(store, learners)
    redis.stop() if outage == "stopped" else redis.hang()
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(answers, store, learners) for _ in range(8)]:
            assert done.result() == expected
    counters = store.counters
    assert counters["cache_off"] == 1
    # Five, and those that were waiting at that moment.
    assert 5 <= counters["cache_failed"] <= 5 + 8
    assert answers(store, learners) == expected
    assert store.counters["cache_failed"] == counters["cache_failed"]
    redis.stop()
    redis.start()
    monkeypatch.setattr(store._process.cache._redis, "_ask_at", 0.0)  # type: ignore[union-attr]
    warm(store, learners)
    assert answers(store, learners) == expected


PRETENDERS: dict[str, tuple[Callable[[bytes], bytes], float]] = {
    "always yes": (lambda _: b"+PONG\r\n", 0.0),
    "always the same": (lambda r: b"+PONG\r\n" if b"PING" in r else b"$2\r\n[]\r\n", 0.0),
    "no Redis": (lambda r: b"+PONG\r\n" if b"PING" in r else b"HTTP/1.1 400 Bad\r\n\r\n", 0.0),
    "numbers": (lambda r: b"+PONG\r\n" if b"PING" in r else b":7\r\n", 0.0),
    "drop by drop": (lambda r: b"+PONG\r\n" if b"PING" in r else b"$900\r\n" + b"x" * 900, 0.02),
    "endless": (lambda r: b"+PONG\r\n" if b"PING" in r else b"$999999999\r\n" + b"x" * 99, 0.0),
    "errors": (lambda r: b"+PONG\r\n" if b"PING" in r else b"-LOADING wait\r\n", 0.0),
}


@pytest.mark.long
@pytest.mark.parametrize("pretender", PRETENDERS)
def test_whatever_answers_in_place_of_redis_changes_no_answer(
    make_store: Callable[..., Store], learners: list[str], pretender: str
) -> None:
    expected = answers(make_store(), learners)
    answer, pause = PRETENDERS[pretender]
    with pretended_server(answer, pause) as url:
        store = make_store(url)

        def was_used() -> bool:
            assert answers(store, learners) == expected
            return "cache_failed" in store.counters

        until(was_used)
        for _ in range(ROUNDS):
            assert answers(store, learners) == expected
        failed = store.counters["cache_failed"]
        assert failed <= 5 + 1
        assert answers(store, learners) == expected
        assert store.counters["cache_failed"] == failed
        assert "cache_hit" not in store.counters


@pytest.mark.parametrize("url", ["redis://no.such.host.invalid:1", "redis://[", "unix:///nowhere"])
def test_an_address_that_is_wrong_costs_nobody_a_call(
    make_store: Callable[..., Store], learners: list[str], url: str
) -> None:
    store = make_store(url)
    assert answers(store, learners) == answers(make_store(), learners)
    until(lambda: store.counters.get("cache_failed") == 1)


def test_a_build_is_seen_without_a_delete(
    make_store: Callable[..., Store],
    house: House,
    redis: RedisServer,
    learners: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "_STATE_SECONDS", 0.0)
    plain, store = make_store(), make_store(redis.url)
    warm(store, learners)
    # Twice is not at all: other tests share these marts.
    turned = (
        "update analytics.user_readiness_latest set readiness_overall = 100 - readiness_overall"
    )
    with house.connect() as superuser:
        superuser.execute("begin")
        # What a build does at its beginning, to its marts, and at its end; a part or a whole.
        superuser.execute("update ops.cutoffs set at_work_cutoff_at = clock_timestamp()")
        superuser.execute("commit")
        before = store.counters["cache_hit"]
        superuser.execute(turned)
        assert answers(store, learners) == answers(plain, learners)
        assert store.counters["cache_hit"] == before
        superuser.execute("update ops.cutoffs set at_work_cutoff_at = null")
        assert answers(store, learners) == answers(plain, learners)
        warm(store, learners)
        assert answers(store, learners) == answers(plain, learners)
        superuser.execute(turned)


@pytest.mark.long
def test_every_build_is_another_state_of_the_marts(house: House, pulse_elt: RunCommand) -> None:
    def state() -> tuple[Any, ...] | None:
        with house.connect(LOGINS["pulse_app"]) as app:
            return app.execute("select * from raw.state_of_marts()").fetchone()

    login = house.environment(LOGINS["pulse_transformer"])
    states = [state()]
    for selection in ((), ("--select", "user_readiness_latest")):
        done = pulse_elt("build", "--quiet", *selection, **login)
        assert done.returncode == 0, done.stdout + done.stderr
        states.append(state())
    assert None not in states
    assert len(set(states)) == 3
    with house.connect(LOGINS["pulse_app"]) as app:
        assert app.execute("select * from raw.state_of_marts()").fetchone() == states[-1]


def test_what_a_login_may_not_read_it_does_not_get_from_redis(
    make_store: Callable[..., Store], house: House, redis: RedisServer, learners: list[str]
) -> None:
    warm(make_store(redis.url), learners)
    with house.connect() as superuser:
        superuser.execute(f"grant pulse_app to {LOGINS['pulse_reader']}")
        superuser.execute("revoke select on analytics.user_skill_agg from pulse_app")
        try:
            store = make_store(redis.url, "pulse_reader")
            for _ in range(3):
                readers.latest_readiness(store, learners[0])
                with pytest.raises(StoreUnavailable, match="permission denied"):
                    readers.skills(store, learners[0])
        finally:
            superuser.execute("grant select on analytics.user_skill_agg to pulse_app")
            superuser.execute(f"revoke pulse_app from {LOGINS['pulse_reader']}")


def test_one_of_many_asks_the_database(redis: RedisServer) -> None:
    asked = itertools.count()
    everybody = threading.Barrier(8)
    kept = Cache(redis.url, lambda _: None, lambda _: MartsState("1", "secret"))
    until(kept._redis.is_on)
    may_answer = threading.Event()

    def ask() -> list[int]:
        may_answer.wait(5)
        return [next(asked)]

    def question(_: int) -> Any:  # noqa: ANN401
        everybody.wait()
        return kept.answer(["skills", str(UUID(int=1))], ask, Deadline(2))

    with ThreadPoolExecutor(8) as threads:
        pending = [threads.submit(question, number) for number in range(8)]
        until(lambda: everybody.n_waiting == 0 and len(kept._flights) == 1)
        threading.Timer(0.2, may_answer.set).start()
        found = [each.result() for each in pending]
    assert found == [[0]] * 8
    # One each: nobody shares what somebody may change.
    assert len({id(each) for each in found}) == 8
    kept.close()


def test_a_flight_that_fails_is_not_everybodys_failure(redis: RedisServer) -> None:
    kept = Cache(redis.url, lambda _: None, lambda _: MartsState("1", "secret"))
    until(kept._redis.is_on)

    def fail() -> None:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        kept.answer("a", fail, Deadline(2))
    assert kept.answer("a", lambda: {"a": 1}, Deadline(2)) == {"a": 1}
    until(lambda: redis.client.dbsize() == 1)
    value = redis.client.get(redis.client.keys()[0])
    assert json.loads(value[32:]) == {"a": 1}
    assert redis_calls._MOST_FAILURES == 5
    kept.close()
