#!/bin/bash
# A statement_timeout of the role is no lost connection (57014): waiting and trying again cannot help
. "${0%/*}/common.sh"

one aa000001-0000-4000-8000-000000000000
sql postgres "alter database $DB set statement_timeout = '1ms'"
"$E" load "$W/tree" >"$W/o" 2>&1
rc=$?
[ $rc = 0 ] && ok "sessions of ours pin their own timeout"
bad "rc=$rc: $(grep pulse-elt: "$W/o" | cut -c1-170)"
