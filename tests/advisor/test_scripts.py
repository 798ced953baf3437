"""TypeScript and JavaScript: modules, aliases, callbacks, browsers."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates

LIB = """
import { promises as fs } from "fs";
export async function readJson(file: string) {
  return JSON.parse(await fs.readFile(file, "utf8"));
}
export const writeJson = (file: string, value: unknown) =>
  fs.writeFile(file, JSON.stringify(value));
"""


def test_aliases_of_tsconfig_lead_to_modules(tmp_path: Path) -> None:
    files = {
        "web/tsconfig.json": '{ // paths\n "compilerOptions": '
        '{"baseUrl": ".", "paths": {"~lib/*": ["src/lib/*"]},}}',
        "web/src/lib/json.ts": LIB,
        "web/src/app.ts": 'import { readJson } from "~lib/json";\n'
        "export const f = (userId: string) => readJson(`data/${userId}.json`);\n",
        "web/src/b.ts": 'import { writeJson as put } from "@/lib/json";\n'
        'put("data/x.json", { userId: 1 });\n',
    }
    assert places(audited(tmp_path, files), "call") == [
        ("web/src/app.ts", 2, "read", "call", "data/{user_id}.json"),
        ("web/src/b.ts", 2, "write", "call", "data/x.json"),
    ]


def test_commonjs_and_callbacks(tmp_path: Path) -> None:
    files = {
        "store.js": 'const fs = require("fs");\nmodule.exports.load = (name, done) =>\n'
        "  fs.readFile(`db/${name}.json`, (error, text) => done(JSON.parse(text)));\n",
        "app.js": 'const { load } = require("./store");\nload("users", () => {});\n',
    }
    found = places(audited(tmp_path, files))
    assert ("app.js", 2, "read", "call", "db/users.json") in found
    assert ("store.js", 3, "read", "wrapper", "db/{name}.json") in found


def test_classes_with_private_parameters_are_followed(tmp_path: Path) -> None:
    source = """
import fs from "node:fs";
class Repo {
  constructor(private readonly dir: string) {}
  save(id: string, row: object) { fs.writeFileSync(`${this.dir}/${id}.json`, JSON.stringify(row)); }
}
const users = new Repo("data/users");
const jobs = new Repo("data/jobs");
export const add = (userId: string) => users.save(userId, {});
export const plan = (jobId: string) => jobs.save(jobId, {});
"""
    assert sorted(templates(audited(tmp_path, {"app.ts": source}))) == [
        "data/jobs/{job_id}.json",
        "data/users/{user_id}.json",
    ]


def test_promises_and_listings(tmp_path: Path) -> None:
    source = """
const fs = require("fs").promises;
const path = require("path");
const dir = path.join(__dirname, "notes");
exports.save = (noteId, note) =>
  fs.writeFile(path.join(dir, `${noteId}.json`), JSON.stringify(note));
exports.all = async () => {
  const names = await fs.readdir(dir);
  return Promise.all(names.map((name) =>
    fs.readFile(path.join(dir, name), "utf8").then(JSON.parse)));
};
"""
    found = places(audited(tmp_path, {"app.js": source}))
    assert {row[2]: row[4] for row in found} == {
        "write": "notes/{note_id}.json",
        "list": "notes/{note_id}.json",
        "read": "notes/{note_id}.json",
    }


def test_browser_storage_has_its_own_prefix(tmp_path: Path) -> None:
    source = """
const KEY = "basket";
export const load = () => JSON.parse(localStorage.getItem(KEY) ?? "[]");
export const save = (items) => window.localStorage.setItem(KEY, JSON.stringify(items));
"""
    assert templates(audited(tmp_path, {"app.ts": source})) == {
        "localStorage:basket": "SYSTEM_OF_RECORD"
    }


def test_responses_are_no_files(tmp_path: Path) -> None:
    source = """
export const get = async (url) => (await fetch(url)).json();
export const send = (response, body) => response.end(JSON.stringify(body));
"""
    assert places(audited(tmp_path, {"app.ts": source})) == []


def test_a_path_beside_an_option_is_its_default(tmp_path: Path) -> None:
    source = """
const fs = require("fs");
class Store {
  constructor(options = {}) { this.file = options.path || "state/db.json"; }
  load() { return JSON.parse(fs.readFileSync(this.file)); }
}
module.exports = new Store();
const log = fs.createWriteStream("log.jsonl", { flags: "a" });
log.write(JSON.stringify({ userId: 1 }));
"""
    found = audited(tmp_path, {"app.js": source})
    assert list(templates(found)) == ["log.jsonl", "state/db.json"]
    assert "PE105" not in {rule for f in found.findings for p in f.places for rule in p.rules}


def test_items_of_a_listing_are_files_of_its_folder(tmp_path: Path) -> None:
    source = """
const fs = require("fs"), path = require("path");
function all(dir) {
  const found = [];
  fs.readdirSync(dir).forEach((item) => {
    found.push(JSON.parse(fs.readFileSync(path.join(dir, item))));
  });
  return found;
}
exports.save = (noteId) => fs.writeFileSync(`notes/${noteId}.json`, JSON.stringify({}));
exports.notes = () => all("notes");
"""
    found = places(audited(tmp_path, {"app.js": source}), "call")
    assert found == [
        ("app.js", 11, "list", "call", "notes/{note_id}.json"),
        ("app.js", 11, "read", "call", "notes/{note_id}.json"),
    ]


def test_a_file_system_that_is_handed_in_is_one(tmp_path: Path) -> None:
    source = """
const lazy = require("lazy-cache")(require);
const lazyFs = lazy("graceful-fs");
exports.load = (userId) => {
  const fs = lazyFs();
  return JSON.parse(fs.readFileSync(`users/${userId}.json`, "utf8"));
};
exports.keep = (fs, userId) => fs.writeFile(`users/${userId}.json`, JSON.stringify({}));
"""
    assert [row[2] for row in places(audited(tmp_path, {"app.js": source}))] == ["read", "write"]


def test_a_long_list_of_names_is_one_template(tmp_path: Path) -> None:
    names = ", ".join(f'"l{number}"' for number in range(30))
    source = f"""
const fs = require("fs");
for (const locale of [{names}]) {{
  fs.writeFileSync(`locales/${{locale}}.json`, JSON.stringify({{}}));
}}
const NAMES = {{ {", ".join(f'k{number}: "n{number}.json"' for number in range(20))} }};
exports.save = (code) => {{
  const name = NAMES[code];
  fs.writeFileSync("texts/" + name, "");
}};
"""
    assert sorted(templates(audited(tmp_path, {"app.js": source}))) == [
        "locales/{locale}.json",
        "texts/{name}.json",
    ]


def test_static_getters_and_methods_say_paths(tmp_path: Path) -> None:
    source = """
import path from "path";
import fs from "fs-extra";
export class Where {
  static root() { return path.resolve(process.cwd(), "state"); }
  static get config() { return path.join(Where.root(), "config.json"); }
}
export const read = () => fs.readJsonSync(Where.config);
"""
    assert list(templates(audited(tmp_path, {"app.ts": source}))) == ["state/config.json"]


def test_keys_of_browser_storage_are_properties_too(tmp_path: Path) -> None:
    source = """
export function draft() {
  if (window.localStorage.draft) {
    return JSON.parse(localStorage.draft).lines.length;
  }
  return localStorage.length;
}
export const keep = (lines) => { localStorage.draft = JSON.stringify({ lines }); };
export const visit = (page) => { sessionStorage['visits'] += page; };
export const drop = () => delete localStorage.draft;
"""
    found = audited(tmp_path, {"pad.ts": source})
    assert places(found) == [
        ("pad.ts", 3, "read", "sink", "localStorage:draft"),
        ("pad.ts", 4, "read", "sink", "localStorage:draft"),
        ("pad.ts", 8, "write", "sink", "localStorage:draft"),
        ("pad.ts", 9, "read", "sink", "sessionStorage:visits"),
        ("pad.ts", 9, "write", "sink", "sessionStorage:visits"),
        ("pad.ts", 10, "delete", "sink", "localStorage:draft"),
    ]
