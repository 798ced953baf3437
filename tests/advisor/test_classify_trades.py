"""What classify says of trees of other trades, and of what never is called for certain."""

from pathlib import Path
from typing import Any

import pytest

from loaders.advisor.classification.model import CERTAIN, CodeTemplate
from loaders.advisor.dispositions import CACHE, CONFIG_STATIC
from tests.advisor.classified import ANN, BEN, CLEO, verdicts, write

_POST = {"title": "Hello", "published_at": "2024-01-05T10:00:00Z", "body": "text"}
# Trees by what their only template is, and must not be.
RECORDS: dict[str, dict[str, Any]] = {
    "orders with numbers of letters": {
        f"orders/2024/{n % 3 + 1:02d}/ORD-{1001 + n}.json": {
            "orderNo": f"ORD-{1001 + n}",
            "cents": n,
        }
        for n in range(6)
    },
    "customers with a prefix": {
        f"customers/cus_{n:06d}.json": {"id": f"cus_{n:06d}", "email": f"c{n}@mail.example"}
        for n in (104211, 220417, 310000)
    },
    "patients with a birth date and a telephone": {
        f"patients/patient_{n}.json": {"patient_no": n, "dob": "1980-01-12", "phone": f"+44 20 {n}"}
        for n in (4001, 4013, 4077)
    },
    "visits below a number": {
        f"patients/{n}/visits/2024-0{m}-15.json": {"at": "2024-01-15T09:00:00Z", "pulse": 60 + m}
        for n in (4001, 4013)
        for m in (1, 2)
    },
    "appointments": {
        "appointments.json": [
            {"patient_no": n, "when": "2024-03-01T09:00:00", "room": 3} for n in (4001, 4013)
        ]
    },
    "saves of a game": {
        f"saves/slot{n}.json": {"level": n, "gold": 7 * n, "saved_at": f"2024-05-0{n}T10:00:00Z"}
        for n in (1, 2, 3)
    },
    "sessions by UUID": {
        "sessions.json": {ANN: {"expires": 1714550000}, BEN: {"expires": 1714550001}}
    },
    "accounts in a list": {
        "users.json": [{"id": n, "username": f"u{n}", "passwordHash": "x"} for n in range(1, 5)]
    },
    "subscribers": {"subscribers.json": ["a@x.example", "b@x.example"]},
    "names of people with their addresses": {
        f"people/{name}.json": {"name": name, "email": f"{name}@x.example"}
        for name in ("ann", "ben", "cleo", "dan")
    },
    "a list of staff": {
        "staff.json": [
            {"name": "Ann", "email": "a@x.example"},
            {"name": "Bo", "email": "b@x.example"},
        ]
    },
    "measurements by day": {f"rates/2024-0{n}.json": {"EUR": 1.1, "GBP": 0.9} for n in (1, 2, 3)},
    "accounts by name": {
        f"users/{name}.json": {"login": name, "theme": "dark"} for name in ("ann", "ben", "cleo")
    },
    "a log": {"log.jsonl": b'{"at": "2024-03-01T09:00:00Z", "what": "x"}\n'},
    "ids of Firebase": {
        f"carts/{name}.json": {"uid": name, "items": []}
        for name in ("k3J9dQx7LmPz2RtVbNcW", "Zq8LmTt4XcVbNmKj7HgF")
    },
}
CONFIGURATION: dict[str, dict[str, Any]] = {
    "translations": {
        f"locales/{name}.json": {"login": {"email": "E-Mail"}, "support": "help@x.example"}
        for name in ("en", "de", "fr", "pt-BR")
    },
    "translations in folders": {
        f"i18n/{name}/common.json": {"hello": "Hi {{name}}"} for name in ("en", "de", "fr")
    },
    "a package": {
        "package.json": {"name": "shop", "author": {"name": "Ann", "email": "a@b.example"}}
    },
    "a lock file": {
        "package-lock.json": {
            "packages": {f"node_modules/p{n}": {"integrity": f"sha512-{n}"} for n in range(80)}
        }
    },
    "settings with a secret": {"settings.json": {"smtp_password": "x", "mail_from": "a@b.example"}},
    "settings with ids of a tenant": {"auth.json": {"tenant_id": ANN, "workspace_id": BEN}},
    "catalogue by name": {
        f"catalog/{name}.json": {"title": name, "text": "t"} for name in ("mugs", "pens", "hats")
    },
    "versions": {
        f"prompts/{name}/versions/{n}.json": {"version": n, "text": "t"}
        for name in ("coach", "judge", "guide")
        for n in (1, 2)
    },
    "a table of codes": {"codes.json": {f"A{n:02d}": "text" for n in range(100)}},
}
UNKNOWN: dict[str, dict[str, Any]] = {
    "a counter": {"sequence.json": {"next": 1086}},
    "scores": {"highscores.json": [{"name": "Bob", "score": 100}, {"name": "Al", "score": 90}]},
    "numbered rows": {"todo.json": [{"id": 1, "text": "t"}, {"id": 2, "text": "t"}]},
    "a derived store of hashes": {
        f"store/{name[:2]}/{name}.json": {"code": "x"}
        for name in ("a94a8fe5ccb19ba61c4c", "b6589fc6ab0dc82cf120", "c4ca4238a0b923820dcc")
    },
    "texts with times": {f"posts/{name}.json": _POST for name in ("one", "two", "three")},
    "a person alone": {"profile.json": {"name": "Ann", "birthday": "1990-01-02"}},
    "states without a time": {
        f"saves/slot{n}.json": {"level": n, "gold": 7 * n, "x": 1.5} for n in (1, 2, 3)
    },
    "thousands of names": {
        f"notes/{a}{b}{c}ote.json": {"text": "t"}
        for a in "abcdefghij"
        for b in "bcdfghjklmn"
        for c in "rstvwxyzpq"
    },
    "numbers from one that are called ids": {
        f"lost/{n}.json": {"item_id": n, "text": "t"} for n in (1, 2, 3)
    },
    "a day's summary": {"reports/2024-03/weekly.json": {"sessions": 5}},
    "what cannot be read": {"broken.json": b"{"},
}


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_records_of_other_trades_are_recognised(tmp_path: Path, name: str) -> None:
    (verdict,) = verdicts(write(tmp_path, RECORDS[name])).values()
    assert verdict.disposition == "SYSTEM_OF_RECORD", verdict


@pytest.mark.parametrize("name", sorted(CONFIGURATION))
def test_configuration_of_other_trades_is_recognised(tmp_path: Path, name: str) -> None:
    (verdict,) = verdicts(write(tmp_path, CONFIGURATION[name])).values()
    assert (verdict.disposition, verdict.confidence) == ("CONFIG_STATIC", "likely"), verdict


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_what_cannot_be_known_is_uncertain(tmp_path: Path, name: str) -> None:
    (verdict,) = verdicts(write(tmp_path, UNKNOWN[name])).values()
    assert (verdict.disposition, verdict.confidence) == ("UNCERTAIN", "unknown"), verdict


_PEOPLE: dict[str, dict[str, Any]] = {
    "by UUID": {f"x/{one}.json": {"note": "n"} for one in (ANN, BEN, CLEO)},
    "one with an address": {"x.json": {"name": "Ann", "email": "ann@x.example"}},
    "names in a list": {"x.json": {"top": ["Ann", "Ben", "Cleo"]}},
    "rows with names": {"x.json": [{"name": "Ann Lee"}, {"name": "Ben Ray"}]},
    "by name": {f"x/{name.lower()}.json": {"name": name} for name in ("Ann", "Ben", "Cleo")},
    "a user's own": {"x.json": {"user_id": 17, "theme": "dark"}},
}


@pytest.mark.parametrize("disposition", [CONFIG_STATIC, CACHE])
@pytest.mark.parametrize("name", sorted(_PEOPLE))
def test_no_record_of_people_is_called_disposable_for_certain(
    tmp_path: Path, name: str, disposition: str
) -> None:
    """Not even where the code seems to say so."""
    is_many = len(_PEOPLE[name]) > 1
    code = CodeTemplate("x/{name}.json" if is_many else "x.json", disposition, {"read": ["a.py:1"]})
    for found in (
        verdicts(write(tmp_path, _PEOPLE[name])),
        verdicts(write(tmp_path, _PEOPLE[name]), code),
    ):
        (verdict,) = found.values()
        if verdict.disposition in (CONFIG_STATIC, CACHE):
            assert verdict.confidence != CERTAIN
