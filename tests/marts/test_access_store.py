"""What the store's readers answer of learners, as a login in pulse_app, from the marts."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from pulse_store import Settings, Store, StoreUnavailable, readers
from tests.conftest import RunCommand
from tests.marts.access import ADMIN, DATABASE, LOGINS, House

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def store(house: House) -> Iterator[Store]:
    opened = Store(Settings(parameters=house.settings(LOGINS["pulse_app"]).parameters))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def learners(house: House) -> list[UUID]:
    with house.connect() as superuser:
        found = superuser.execute("select user_id from analytics.learners order by user_id")
        return [user for (user,) in found.fetchall()]


def numbers(row: tuple[object, ...]) -> list[float | None]:
    return [None if value is None else float(str(value)) for value in row]


def test_a_history_is_of_computed_snapshots_the_newest_first(
    store: Store, house: House, learners: list[UUID]
) -> None:
    snapshots = 0
    for user in learners:
        found = readers.readiness_history(store, str(user))
        with house.connect() as superuser:
            rows = superuser.execute(
                "select snapshot_at, readiness_overall from analytics.user_readiness "
                "where user_id = %s and source = 'computed' order by snapshot_at desc limit 20",
                (user,),
            ).fetchall()
        assert found["userId"] == str(user)
        assert [(each["timestamp"], each["overall"]) for each in found["history"]] == [
            (at.isoformat(), float(overall)) for at, overall in rows
        ]
        assert found["latest"] == (found["history"] or [None])[0]
        assert readers.latest_readiness(store, str(user)) == found["latest"]
        assert readers.readiness_history(store, str(user), 1)["history"] == found["history"][:1]
        assert readers.readiness_history(store, str(user), 0) == {**found, "history": []}
        snapshots += len(rows)
    assert snapshots > 5


def test_skills_are_those_of_a_window_and_low_ones_those_to_work_on(
    store: Store, house: House, learners: list[UUID]
) -> None:
    count = 0
    with house.connect() as superuser:
        for user in learners:
            for window in ("30d", "all_time"):
                found = readers.skills(store, str(user), window)
                rows = superuser.execute(
                    "select skill_tag, avg_score, sample_size from analytics.user_skill_agg "
                    "where user_id = %s and window_name = %s order by skill_tag",
                    (user, window),
                ).fetchall()
                assert found == {
                    "userId": str(user),
                    "window": window,
                    "skills": [
                        {
                            "skillTag": tag, "window": window, "avgScore": float(average),
                            "sampleSize": size,
                        }
                        for tag, average, size in rows
                    ],
                }  # fmt: skip
                count += len(rows)
            low = readers.low_skills(store, str(user))
            focus = superuser.execute(
                "select skill_tag from analytics.learner_focus where user_id = %s "
                "order by avg_last_5, skill_tag",
                (user,),
            ).fetchall()
            assert [each["skillTag"] for each in low["skills"]] == [tag for (tag,) in focus]
    assert count > 5


@pytest.mark.parametrize("user", [NOBODY, "T12345", "", "x' or true --"])
def test_of_nobody_there_is_nothing(store: Store, user: str) -> None:
    assert readers.latest_readiness(store, user) is None
    empty: dict[str, object] = {"userId": user, "latest": None, "history": []}
    assert readers.readiness_history(store, user) == empty
    assert readers.skills(store, user) == {"userId": user, "window": "30d", "skills": []}
    assert readers.low_skills(store, user)["skills"] == []


def test_a_login_that_may_not_read_gets_an_error_and_no_empty_answer(house: House) -> None:
    store = Store(Settings(parameters=house.settings(LOGINS["pulse_reader"]).parameters))
    with pytest.raises(StoreUnavailable, match="permission denied"):
        readers.readiness_history(store, NOBODY)
    with pytest.raises(StoreUnavailable, match="permission denied"):
        store.read_json("sessions/a/session.json")
    store.close()


def test_logins_of_the_application_do_not_leave_transactions_open(
    house: House, pulse_elt: RunCommand
) -> None:
    shown = "show idle_in_transaction_session_timeout"
    # The roles come first, logins in them afterwards.
    done = pulse_elt("db", "roles", **house.environment(ADMIN))
    assert done.returncode == 0, done.stderr
    with house.connect(LOGINS["pulse_app"]) as app:
        assert app.execute(shown).fetchone() == ("10s",)
    for role in ("pulse_loader", "pulse_transformer", "pulse_reader", "pulse_auditor"):
        with house.connect(LOGINS[role]) as other:
            assert other.execute(shown).fetchone() == ("0",)
    with house.connect(ADMIN) as admin:
        admin.execute(
            f'alter role {LOGINS["pulse_app"]} in database "{DATABASE}" '
            "set idle_in_transaction_session_timeout = '3s'"
        )
    done = pulse_elt("db", "roles", **house.environment(ADMIN))
    assert "rights are as docs/security.md says" in done.stdout
    with house.connect(LOGINS["pulse_app"]) as app:
        assert app.execute(shown).fetchone() == ("3s",)
