#!/bin/bash
# A model without columns in YAML: the error must name the model and what it lacks; a query of ours must not break
. "${0%/*}/common.sh"

"$E" db migrate >/dev/null
proj
echo "select 1 as a" > models/marts/core/own_plain.sql
"$E" build --quiet --select readiness_bands own_plain >"$W/o" 2>&1
rc=$?
[ $rc = 0 ] && ok "other nodes build"
bad "rc=$rc: $(grep pulse-elt: "$W/o" | cut -c1-110)"
