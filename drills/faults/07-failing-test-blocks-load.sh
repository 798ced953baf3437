#!/bin/bash
# A failing dbt test that keeps its rows must not make a load exit with 75
. "${0%/*}/common.sh"

"$E" db migrate >/dev/null
one aa000001-0000-4000-8000-000000000000
proj
echo "select 1 as a, pg_sleep(6)::text as b" > tests/assertions/own_slow.sql
"$E" build --quiet --select own_slow >"$W/o" 2>&1 &
build=$!
# Until the build holds the lock of the landing, or has ended.
locks="select count(*) from pg_locks where locktype = 'advisory' and classid = x'70756c73'::int::oid
       and database = (select oid from pg_database where datname = '$DB')"
for _ in $(seq 1 200); do
    kill -0 $build 2>/dev/null || break
    [ "$(sql $DB "$locks")" != 0 ] && break
    sleep 0.3
done
"$E" load "$W/tree" >"$W/l" 2>&1
rc=$?
wait $build
[ $rc = 0 ] && ok "load goes on beside a failing test"
bad "load rc=$rc: $(grep pulse-elt: "$W/l")"
