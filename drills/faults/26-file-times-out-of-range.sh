#!/bin/bash
# File times of 1970 or 2262 (images, git, zip, NAS clocks) must not date sessions, as such dates in JSON do not; takes two minutes
. "${0%/*}/common.sh"

for i in 1 2; do
    s=aa00000$i-0000-4000-8000-000000000000
    one $s
    echo "{\"session_id\":\"$s\",\"user_id\":\"ada1ec75-0724-46cf-a5d1-1321a58903e3\"}" > "$W/tree/sessions/$s/session.json"
done
touch -d @0 "$W"/tree/sessions/aa000001*/*
touch -d 2262-01-01 "$W"/tree/sessions/aa000002*/*
"$E" load "$W/tree" >/dev/null 2>&1
"$E" build --quiet >"$W/o" 2>&1
rc=$?
n=$(sql $DB "select count(*) from analytics.cohort_readiness")
[ "${n:-0}" -lt 100 ] && ok "build rc=$rc, $n cohort rows"
bad "build rc=$rc, two sessions give $n cohort rows, from $(sql $DB "select min(occurred_at)::date from analytics.session_events") to $(sql $DB "select max(occurred_at)::date from analytics.session_events")"
