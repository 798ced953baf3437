"""Which files a .gitignore leaves out where it speaks of folders at any depth."""

from pathlib import Path

from tests.advisor.auditing import audited, places


def test_folders_below_one_are_ignored_and_its_own_files_are_not(tmp_path: Path) -> None:
    source = 'import json\n\njson.load(open("barn.json"))\n'
    ignored = "tools/**/\n!tools/plough\n!tools/plough/**/\n"
    names = ("tools/all.py", "tools/plough/plough.py", "tools/plough/parts/a.py", "tools/own/b.py")
    files = {".gitignore": ignored, **dict.fromkeys(names, source)}
    assert sorted(row[0] for row in places(audited(tmp_path, files))) == sorted(names[:3])
