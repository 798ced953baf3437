"""Files of an editor's extensions, whose paths are URIs, and helpers around a browser's storage."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates

DISK = """
import { Uri, workspace } from "vscode";
export function below(uri: Uri, name: string): Uri {
  const folder = uri.path.endsWith("/") ? uri.path : `${uri.path}/`;
  return uri.with({ path: `${folder}${name}` });
}
export async function load(uri: Uri) {
  return JSON.parse(new TextDecoder("utf-8").decode(await workspace.fs.readFile(uri)));
}
export async function store(uri: Uri, text: string) {
  await workspace.fs.writeFile(uri, new TextEncoder().encode(text));
}
"""
RECIPES = """
import * as vscode from "vscode";
import { below, load, store } from "./disk";
export async function addDish(kitchen: vscode.WorkspaceFolder, dish: object) {
  const file = below(below(kitchen.uri, ".kitchen"), "dishes.json");
  const dishes = await load(file);
  dishes.push(dish);
  await store(file, JSON.stringify(dishes));
}
export async function menus(context: vscode.ExtensionContext) {
  const folder = vscode.Uri.joinPath(context.globalStorageUri, "menus");
  for (const [name] of await vscode.workspace.fs.readDirectory(folder)) {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, name));
    console.log(JSON.parse(Buffer.from(bytes).toString()));
  }
  const units = vscode.Uri.joinPath(context.extensionUri, "assets", "units.json");
  return JSON.parse((await vscode.workspace.openTextDocument(units)).getText());
}
"""


def test_files_of_an_editor_are_read_and_written_by_uri(tmp_path: Path) -> None:
    result = audited(tmp_path, {"src/disk.ts": DISK, "src/recipes.ts": RECIPES})
    assert [row for row in places(result) if row[3] != "wrapper"] == [
        ("src/recipes.ts", 6, "read", "call", "{path}/.kitchen/dishes.json"),
        ("src/recipes.ts", 8, "write", "call", "{path}/.kitchen/dishes.json"),
        ("src/recipes.ts", 12, "list", "sink", "{global_storage_uri}/menus/*"),
        ("src/recipes.ts", 13, "read", "sink", "{global_storage_uri}/menus/*"),
        ("src/recipes.ts", 17, "read", "sink", "assets/units.json"),
    ]
    assert templates(result)["assets/units.json"] == "CONFIG_STATIC"


def test_helpers_of_a_browser_that_nobody_calls_are_said(tmp_path: Path) -> None:
    source = """
function recall(name) { return localStorage.getItem(name); }
function keep(name, value) { return localStorage.setItem(name, value); }
module.exports = { recall, keep };
"""
    result = audited(tmp_path, {"pantry.js": source})
    assert places(result) == [
        ("pantry.js", 2, "read", "wrapper", "localStorage:{name}"),
        ("pantry.js", 3, "write", "wrapper", "localStorage:{name}"),
    ]


STATIC = """
import * as fs from "fs-extra";
import * as os from "os";
import * as path from "path";
class Disk {
  static async put<T>(where: string, what: T) { await fs.writeJson(where, what); }
  static async take<T>(where: string): Promise<T> { return fs.readJson(where); }
}
export class Orchard {
  private static readonly home: string = path.join(os.homedir(), ".orchard");
  private static get harvests() { return path.join(this.home, "harvests.json"); }
  private static get trees() { return path.join(this.home, "trees.json"); }
  static async pick(basket: object) {
    const known = await Disk.take<object[]>(this.harvests);
    await Disk.put(this.harvests, [...known, basket]);
  }
  static plant(tree: object) { return Disk.put(this.trees, tree); }
}
"""


def test_static_methods_take_their_arguments_and_the_class_for_this(tmp_path: Path) -> None:
    result = audited(tmp_path, {"orchard.ts": STATIC})
    assert places(result, "call") == [
        ("orchard.ts", 14, "read", "call", "~/.orchard/harvests.json"),
        ("orchard.ts", 15, "write", "call", "~/.orchard/harvests.json"),
        ("orchard.ts", 17, "write", "call", "~/.orchard/trees.json"),
    ]


def test_a_browser_s_storage_is_the_same_whatever_object_has_it(tmp_path: Path) -> None:
    source = """
app.controller("kiln", function ($window) {
  if ($window.localStorage.heat) { show(+$window.localStorage.heat); }
  $window.localStorage.heat = 900;
});
const Global = typeof window !== "undefined" ? window : global;
const shelf = () => Global.sessionStorage;
const glaze = () => shelf().getItem("glaze");
"""
    assert places(audited(tmp_path, {"kiln.js": source})) == [
        ("kiln.js", 3, "read", "sink", "localStorage:heat"),
        ("kiln.js", 4, "write", "sink", "localStorage:heat"),
        ("kiln.js", 8, "read", "sink", "sessionStorage:glaze"),
    ]


def test_hooks_of_packages_keep_a_state_under_a_key(tmp_path: Path) -> None:
    source = """
import { useLocalStorage, useReadLocalStorage } from "usehooks-ts";
import { useSessionStorage } from "@mantine/hooks";
import { persistReducer } from "redux-persist";
export function Loom() {
  const [threads, setThreads] = useLocalStorage("threads", []);
  const [view] = useSessionStorage({ key: "view", defaultValue: "warp" });
  return [threads, view, useReadLocalStorage("dyes")];
}
export const reducer = persistReducer({ key: "weaving", storage }, base);
"""
    assert places(audited(tmp_path, {"loom.tsx": source})) == [
        ("loom.tsx", 6, "read", "sink", "localStorage:threads"),
        ("loom.tsx", 6, "write", "sink", "localStorage:threads"),
        ("loom.tsx", 7, "read", "sink", "sessionStorage:view"),
        ("loom.tsx", 7, "write", "sink", "sessionStorage:view"),
        ("loom.tsx", 8, "read", "sink", "localStorage:dyes"),
        ("loom.tsx", 10, "read", "sink", "localStorage:persist:weaving"),
        ("loom.tsx", 10, "write", "sink", "localStorage:persist:weaving"),
    ]


def test_a_path_that_is_put_below_the_home_folder_where_it_says_so(tmp_path: Path) -> None:
    source = """
const fs = require("fs");
const os = require("os");
const path = require("path");
function whole(file) {
  if (!/^~/.test(file)) { return file; }
  return path.join(os.homedir(), file.substring(2));
}
function take(file) { return JSON.parse(fs.readFileSync(path.resolve(whole(file)), "utf8")); }
const ovens = () => take("data/ovens.json");
function below(file) { return path.isAbsolute(file) ? file : path.join(__dirname, "bread", file); }
const crusts = () => JSON.parse(fs.readFileSync(below("crusts.json"), "utf8"));
"""
    assert places(audited(tmp_path, {"bakery.js": source})) == [
        ("bakery.js", 9, "read", "wrapper", "{file}"),
        ("bakery.js", 10, "read", "call", "data/ovens.json"),
        ("bakery.js", 12, "read", "sink", "bread/crusts.json"),
    ]
