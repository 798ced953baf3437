#!/bin/bash
# A zip whose names use backslashes (cpython#91036, better-files#262): read it, or refuse it; never call the tree vanished with exit 0
. "${0%/*}/common.sh"

for i in 1 2 3 4 5; do one aa00000$i-0000-4000-8000-000000000000; done
echo '{}' > "$W/tree/agents.json"
"$E" load "$W/tree" >/dev/null 2>&1
python3 - "$W" <<'PY'
import sys, zipfile
from pathlib import Path
folder = Path(sys.argv[1])
with zipfile.ZipFile(folder / "win.zip", "w") as archive:
    for path in sorted((folder / "tree").rglob("*.json")):
        member = zipfile.ZipInfo()
        member.filename = str(path.relative_to(folder / "tree")).replace("/", "\\")
        member.create_system = 0
        archive.writestr(member, path.read_bytes())
PY
"$E" load "$W/win.zip" >"$W/o" 2>&1
rc=$?
v=$(sql $DB "select count(*) from raw.files where state = 'vanished'")
n=$(sql $DB "select count(*) from raw.documents")
[ $rc = 0 ] && [ "$v" = 0 ] && [ "$n" = 5 ] && ok "the same five documents, nothing vanished"
bad "load rc=$rc, $v files called vanished, $n documents"
