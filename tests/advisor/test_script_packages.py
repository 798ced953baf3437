"""What packages of Node, Deno, Bun and browsers do with JSON files."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates


def _sinks(root: Path, source: str, name: str = "app.mjs") -> list[tuple[int, str, str]]:
    return [(row[1], row[2], row[4]) for row in places(audited(root, {name: source}))]


def test_a_required_path_may_be_put_together(tmp_path: Path) -> None:
    source = """
const path = require("path"), os = require("os");
exports.crew = (id) => require(path.join("/srv/boats", "crews", id + ".json"));
exports.berth = (name) => { const file = "./berths/" + name + ".json"; return require(file); };
exports.mine = () => require(path.join(os.homedir(), ".boats.json"));
exports.command = (name) => require(path.join(__dirname, "commands", name));
"""
    assert _sinks(tmp_path, source, "lib/app.js") == [
        (3, "read", "/srv/boats/crews/{id}.json"),
        (4, "read", "lib/berths/{name}.json"),
        (5, "read", "~/.boats.json"),
    ]


def test_modules_of_json_are_read_in_every_way(tmp_path: Path) -> None:
    source = """
import module, { createRequire } from "node:module";
import tides from "./tides.json" with { type: "json" };
const require = createRequire(import.meta.url);
const pkg = require("./package.json");
const load = module.createRequire(import.meta.url);
const moons = load("./moons.json");
const stars = createRequire(import.meta.url)("./stars.json");
const { default: winds } = await import("./winds.json", { with: { type: "json" } });
export const words = async (code) => (await import(`./lang/${code}.json`)).default;
"""
    assert _sinks(tmp_path, source) == [
        (3, "read", "tides.json"),
        (5, "read", "package.json"),
        (7, "read", "moons.json"),
        (8, "read", "stars.json"),
        (9, "read", "winds.json"),
        (10, "read", "lang/{code}.json"),
    ]


def test_addresses_of_modules_are_paths(tmp_path: Path) -> None:
    source = """
import { readFileSync } from "fs";
const ports = JSON.parse(readFileSync(new URL("./ports.json", import.meta.url)));
const base = new URL(".", import.meta.url).pathname;
const piers = JSON.parse(readFileSync(base + "data/piers.json"));
const slips = JSON.parse(readFileSync(`${import.meta.dirname}/slips.json`));
"""
    assert _sinks(tmp_path, source) == [
        (3, "read", "ports.json"),
        (5, "read", "data/piers.json"),
        (6, "read", "slips.json"),
    ]


def test_questions_by_packages_of_other_names(tmp_path: Path) -> None:
    source = """
import { pathExists, pathExistsSync } from "path-exists";
import fse from "fs-extra";
import { isFileSync } from "path-type";
const FILE = "log/voyages.json";
export const a = () => pathExists(FILE);
export const b = () => pathExistsSync(FILE);
export const c = () => fse.pathExists(FILE);
export const d = () => isFileSync(FILE);
export const e = () => fse.readJson(FILE);
export const f = async () => pathExists(FILE).then((is) => (is ? fse.readJson(FILE) : null));
"""
    assert _sinks(tmp_path, source) == [
        (6, "exists", "log/voyages.json"),
        (7, "exists", "log/voyages.json"),
        (8, "exists", "log/voyages.json"),
        (9, "exists", "log/voyages.json"),
        (10, "read", "log/voyages.json"),
        (11, "read", "log/voyages.json"),
    ]


def test_packages_that_find_the_manifest_read_it(tmp_path: Path) -> None:
    source = """
import { readPackage } from "read-pkg";
import { readPackageUpSync } from "read-package-up";
export const a = await readPackage();
export const b = await readPackage({ cwd: "./tools" });
export const c = (boat) => readPackageUpSync({ cwd: boat.folder });
"""
    assert _sinks(tmp_path, source) == [
        (4, "read", "package.json"),
        (5, "read", "tools/package.json"),
        (6, "read", "{cwd}/package.json"),
    ]


def test_stores_of_settings_are_files(tmp_path: Path) -> None:
    source = """
import Conf from "conf";
import Configstore from "configstore";
import Store from "electron-store";
const conf = new Conf({ projectName: "harbour", configName: "berths" });
conf.set("berth", 1);
const seen = new Configstore("harbour-cli", { seen: 0 });
seen.get("seen");
seen.delete("seen");
const crew = new Store({ name: "crew" });
crew.get("sailors");
crew.set("sailors", []);
crew.onDidChange("sailors", () => {});
"""
    assert _sinks(tmp_path, source) == [
        (6, "write", "{config_dir}/berths.json"),
        (8, "read", "~/.config/configstore/harbour-cli.json"),
        (9, "write", "~/.config/configstore/harbour-cli.json"),
        (11, "read", "{user_folder}/crew.json"),
        (12, "write", "{user_folder}/crew.json"),
    ]


def test_stores_of_browsers_and_phones_are_neighbours(tmp_path: Path) -> None:
    source = """
import AsyncStorage from "@react-native-async-storage/async-storage";
import localforage from "localforage";
export const a = async () => JSON.parse((await AsyncStorage.getItem("basket")) || "[]");
export const b = () => chrome.storage.local.get(["drafts"], (found) => found.drafts);
export const c = (drafts) => chrome.storage.local.set({ drafts });
export const d = () => browser.storage.sync.get(["theme", "words"]);
export const e = () => localforage.getItem("crew");
export const f = async () => (await fetch("/boats.json")).json();
"""
    found = audited(tmp_path, {"app.ts": source})
    assert templates(found) == {
        "AsyncStorage:basket": None,
        "browser.storage:{keys}": None,
        "chrome.storage:drafts": None,
        "indexedDB:crew": None,
    }
    assert {row[1] for row in places(found)} == {4, 5, 6, 7, 8}


def test_deno_and_bun(tmp_path: Path) -> None:
    source = """
const log = Bun.file("log.json");
if (await log.exists()) console.log(await log.json());
await Bun.write(log, JSON.stringify({ boatId: 1 }));
for await (const entry of Deno.readDir("./tides")) {
  JSON.parse(await Deno.readTextFile("./tides/" + entry.name));
}
export const keep = (port, tide) =>
  Deno.writeTextFile(`./tides/${port}.json`, JSON.stringify(tide));
await Deno.remove("./log.json");
"""
    assert _sinks(tmp_path, source, "app.ts") == [
        (3, "read", "log.json"),
        (4, "write", "log.json"),
        (5, "list", "tides/{port}.json"),
        (6, "read", "tides/{port}.json"),
        (9, "write", "tides/{port}.json"),
        (10, "delete", "log.json"),
    ]


def test_file_systems_under_other_names(tmp_path: Path) -> None:
    source = """
const util = require("util"), fs = require("fs");
const write = util.promisify(fs.writeFile).bind(fs);
const { readFile: read } = require("fs").promises;
const all = require("bluebird").promisifyAll(require("fs"));
exports.a = (rows) => write("log/a.json", JSON.stringify(rows));
exports.b = async () => JSON.parse(await read("log/b"));
exports.c = () => all.readFileAsync("log/c").then(JSON.parse);
exports.d = async () => {
  const file = await fs.promises.open("log/d", "r+");
  const rows = JSON.parse(await file.readFile("utf8"));
  await file.writeFile(JSON.stringify(rows));
};
"""
    assert _sinks(tmp_path, source, "app.js") == [
        (6, "write", "log/a.json"),
        (7, "read", "log/b"),
        (8, "read", "log/c"),
        (10, "read", "log/d"),
        (10, "write", "log/d"),
    ]


def test_streams_of_json(tmp_path: Path) -> None:
    source = """
const fs = require("fs"), JSONStream = require("JSONStream"), ndjson = require("ndjson");
const readline = require("readline"), { pipeline } = require("stream");
exports.a = () => fs.createReadStream("s/a").pipe(JSONStream.parse("*"));
exports.b = (done) => pipeline(fs.createReadStream("s/b"), ndjson.parse(), done);
exports.c = () => { ndjson.stringify().pipe(fs.createWriteStream("s/c")); };
const lines = readline.createInterface({ input: fs.createReadStream("s/d") });
lines.on("line", (line) => JSON.parse(line));
exports.e = (response) => fs.createReadStream("s/page").pipe(response);
"""
    assert _sinks(tmp_path, source, "app.js") == [
        (4, "read", "s/a"),
        (5, "read", "s/b"),
        (6, "write", "s/c"),
        (7, "read", "s/d"),
    ]


def test_a_folder_of_output_is_read_where_it_is_all_there_is(tmp_path: Path) -> None:
    code = 'require("fs").writeFileSync("boats.json", JSON.stringify([]));\n'
    manifest = '{"main": "./dist/index.js"}'
    published = audited(tmp_path / "a", {"package.json": manifest, "dist/index.js": code})
    built = audited(
        tmp_path / "b", {"package.json": manifest, "dist/index.js": code, "src/index.js": code}
    )
    own = audited(tmp_path / "c", {"package.json": "{}", "src/build/index.js": code})
    vendored = audited(tmp_path / "d", {"node_modules/x/lib/index.js": code})
    below = audited(tmp_path / "node_modules" / "x" / "dist", {"index.js": code})
    assert [[row[0] for row in places(each)] for each in (published, built, own, vendored)] == [
        ["dist/index.js"],
        ["src/index.js"],
        ["src/build/index.js"],
        [],
    ]
    assert [row[0] for row in places(below)] == ["index.js"]


def test_a_database_of_one_file(tmp_path: Path) -> None:
    source = """
import path from "path";
import { app } from "electron";
import { Config, JsonDB } from "node-json-db";
const db = new JsonDB(new Config(path.join(app.getPath("userData"), "/config/harbour"), true));
db.push("/berths", []);
db.getData("/berths");
"""
    assert _sinks(tmp_path, source) == [
        (6, "write", "{user_folder}/config/harbour.json"),
        (7, "read", "{user_folder}/config/harbour.json"),
    ]


def test_settings_of_a_desktop_program_are_configuration(tmp_path: Path) -> None:
    files = {
        "config.ts": 'import Store from "electron-store";\nexport default new Store();\n',
        "menu.ts": 'import config from "./config";\n'
        'export const isMuted = () => config.get("isMuted");\n'
        'export const mute = () => config.set("isMuted", !config.get("isMuted"));\n',
    }
    assert templates(audited(tmp_path, files)) == {"{user_folder}/config.json": "CONFIG_STATIC"}
