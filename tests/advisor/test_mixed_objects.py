"""Objects that are made of several: what one leaves out, another says."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, templates


@pytest.mark.parametrize(
    "mixed",
    [
        "deepmerge(DEFAULTS, options || {})",
        "Object.assign({}, DEFAULTS, options)",
        "_.defaults(options, DEFAULTS)",
        "extend(true, {}, DEFAULTS, options)",
        "{ ...DEFAULTS, ...options }",
    ],
)
def test_options_have_what_the_defaults_say(mixed: str, tmp_path: Path) -> None:
    source = f"""
const {{ readFile, writeFile }} = require("fs/promises");
const {{ deepmerge }} = require("deepmerge-ts");
const extend = require("extend");
const _ = require("lodash");
const DEFAULTS = {{ storage: "./mills.json", every: 15 }};
class Mills {{
  constructor(client, options) {{ this.options = {mixed}; }}
  async begin() {{ await writeFile(this.options.storage, "[]"); }}
  async load() {{ return JSON.parse(await readFile(this.options.storage)); }}
}}
module.exports = Mills;
"""
    result = audited(tmp_path, {"mills.js": source})
    assert set(templates(result)) == {"mills.json"}
    assert sum(len(finding.places) for finding in result.findings) == 2


@pytest.mark.parametrize("package", ["userhome", "os-homedir"])
def test_packages_that_say_where_home_is(package: str, tmp_path: Path) -> None:
    said = 'home(".mill.json")' if package == "userhome" else 'home() + "/.mill.json"'
    source = f"""
import * as home from "{package}";
import fs from "fs";
export const grain = () => JSON.parse(fs.readFileSync({said}).toString());
"""
    assert set(templates(audited(tmp_path, {"mill.ts": source}))) == {"~/.mill.json"}
