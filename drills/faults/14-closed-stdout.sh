#!/bin/bash
# With stdout or stderr closed (daemons, some cron set-ups) a load that did its work must say so by its exit code
. "${0%/*}/common.sh"

one aa000001-0000-4000-8000-000000000000
"$E" load "$W/tree" >&- 2>"$W/o"
a=$?
"$E" load "$W/tree" 2>&- >"$W/o2"
b=$?
[ $a$b = 00 ] && ok "both exit 0"
bad "stdout closed rc=$a, stderr closed rc=$b: $(grep pulse-elt: "$W/o" | cut -c1-110)"
