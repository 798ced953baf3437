#!/bin/bash
# A seed without column_types must work or be told what it lacks
. "${0%/*}/common.sh"

"$E" db migrate >/dev/null
proj
printf 'code,label\n1,one\n' > seeds/own_codes.csv
"$E" build --quiet --select own_codes >"$W/o" 2>&1
rc=$?
[ $rc = 0 ] && ok "seed works"
bad "rc=$rc: $(grep -E "syntax error|pulse-elt:" "$W/o" | head -1)"
