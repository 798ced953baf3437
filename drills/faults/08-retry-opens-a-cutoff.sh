#!/bin/bash
# dbt retry builds a part: it must keep the cutoff of the build it retries (cf. dbt-core#9112, #15667); takes two minutes
. "${0%/*}/common.sh"

one aa000001-0000-4000-8000-000000000000
"$E" load "$W/tree" >/dev/null 2>&1
proj
eval "$("$E" db env)"
d=models/marts/core
echo "select 'x'::text as k, 1/0::bigint as n from {{ ref('scorecards') }}" > $d/own_mart.sql
cat > $d/_own.yml <<'Y'
models:
  - name: own_mart
    description: m
    config: {unique_key: [k]}
    columns: [{name: k, data_type: text, description: k}, {name: n, data_type: bigint, description: n}]
Y
"$P/.venv/bin/dbt" build >"$W/o" 2>&1
one aa000002-0000-4000-8000-000000000000
"$E" load "$W/tree" >/dev/null 2>&1
sed -i 's,1/0,1,' $d/own_mart.sql
"$P/.venv/bin/dbt" retry >"$W/o2" 2>&1
rc=$?
u=$(sql $DB "select count(*) from raw.documents where landed_at <= (select max(cutoff_at) from staging.builds where is_successful)")
m=$(sql $DB "select count(*) from analytics.scorecards")
[ "$u" = "$m" ] && ok "retry rc=$rc: marts hold the $m documents of the cutoff"
bad "retry rc=$rc: a successful build claims $u documents, the mart holds $m"
