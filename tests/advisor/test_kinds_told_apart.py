"""What a kind of file is: entries with keys of their own, when a login ends, another storage."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates

_KITCHEN = """
import json, os

class Kitchen:
    def __init__(self):
        self.file = os.path.join(os.path.dirname(__file__), os.pardir, "dish_tickets.json")
        self.tickets = {}
        self.load()

    def load(self):
        with open(self.file) as fh:
            self.tickets = json.load(fh)
        for tables in self.tickets.values():
            for number, ticket in tables.items():
                if ticket.get("status") == "cooking":
                    ticket["status"] = "waiting"

    def save(self):
        with open(self.file, "w") as fh:
            json.dump(self.tickets, fh)

    def add(self, table, number, dish):
        self.tickets[table][number] = {"dish": dish}
        self.save()

kitchen = Kitchen()
"""


def test_keys_of_entries_are_no_keys_of_settings(tmp_path: Path) -> None:
    found = audited(tmp_path, {"app/kitchen.py": _KITCHEN})
    assert templates(found) == {"dish_tickets.json": "SYSTEM_OF_RECORD"}


_SHOP = """
import { create } from "zustand";
import { persist, createJSONStorage } from "zustand/middleware";
import AsyncStorage from "@react-native-async-storage/async-storage";
const inTab = createJSONStorage(() => sessionStorage);
export const useBasket = create(persist(() => ({}), { name: "basket", storage: inTab }));
const native = createJSONStorage(() => AsyncStorage);
export const useRacks = create(persist(() => ({}), { name: "racks", storage: native }));
export const useHats = create(persist(() => ({}), { name: "hats" }));
export const useCaps = create(persist(() => 1, { name: "caps", getStorage: () => sessionStorage }));
"""


def test_a_state_is_where_its_options_keep_it(tmp_path: Path) -> None:
    found = audited(tmp_path, {"shop.ts": _SHOP})
    assert {row[4]: row[1] for row in places(found)} == {
        "sessionStorage:basket": 6,
        "AsyncStorage:racks": 8,
        "localStorage:hats": 9,
        "sessionStorage:caps": 10,
    }


_LOGIN = """
export function enter(pass) {
  localStorage.setItem("auth_token", pass.token);
  localStorage.setItem("expires_at", pass.until);
  localStorage.setItem("trip_expires", pass.trip);
}
export const isOver = () => Date.now() > Number(localStorage.getItem("expires_at"));
export const pass = () => localStorage.getItem("auth_token");
export const trip = () => localStorage.getItem("trip_expires");
"""


def test_when_a_login_ends_is_kept_as_its_token_is(tmp_path: Path) -> None:
    assert templates(audited(tmp_path, {"login.js": _LOGIN})) == {
        "localStorage:auth_token": "CACHE",
        "localStorage:expires_at": "CACHE",
        "localStorage:trip_expires": "SYSTEM_OF_RECORD",
    }


def test_what_options_are_asked_for_is_no_configuration(tmp_path: Path) -> None:
    code = """
const fs = require("fs");
exports.plan = (options, kind) => JSON.parse(fs.readFileSync(options[kind + "-plan"], "utf8"));
"""
    assert list(templates(audited(tmp_path, {"plan.js": code})).values()) == ["UNCERTAIN"]


def test_a_script_named_test_beside_a_package_is_a_test(tmp_path: Path) -> None:
    code = 'require("fs").writeFileSync("crates.json", JSON.stringify({}));'
    found = audited(tmp_path, {"test.js": code, "src/commands/test.js": code})
    assert [row[0] for row in places(found)] == ["src/commands/test.js"]
