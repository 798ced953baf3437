"""Node's file system as an argument or an option, by whatever package it is one."""

from pathlib import Path

from tests.advisor.auditing import audited, places

_BARN = """
const draft = (file) => `${file}.${Date.now()}`;
async function whole(fs, file, said) {
  const near = draft(file);
  await fs.writeFile(near, said);
  await fs.rename(near, file);
}
class Barn {
  constructor(options) { this.fs = options.fs; }
  async known(cow) { return JSON.parse(await this.fs.readFile(`cows/${cow}.json`, "utf8")); }
  async keep(cow, said) { await whole(this.fs, `cows/${cow}.json`, JSON.stringify(said)); }
  async sell(cow) { await this.fs.unlink(`cows/${cow}.json`); }
}
module.exports = Barn;
"""


def test_a_file_system_that_is_handed_in_is_one(tmp_path: Path) -> None:
    found = places(audited(tmp_path, {"barn.js": _BARN}), "sink", "call")
    assert found == [
        ("barn.js", 10, "read", "sink", "cows/{cow}.json"),
        ("barn.js", 11, "write", "call", "cows/{cow}.json"),
        ("barn.js", 12, "delete", "sink", "cows/{cow}.json"),
    ]
