#!/bin/bash
# An in_place mart that reads a dbt table model must follow it
. "${0%/*}/common.sh"

"$E" db migrate >/dev/null
sql $DB "create schema crm; create table crm.people as select 1 as v"
proj
d=models/marts/core
echo "{{ config(materialized='table', contract={'enforced': false}) }} select 'x'::text as k, v as n from crm.people" > $d/own_t.sql
echo "select k, n::bigint as n from {{ ref('own_t') }}" > $d/own_mart.sql
cat > $d/_own.yml <<'Y'
models:
  - name: own_t
    description: "t"
  - name: own_mart
    description: "m"
    config: {unique_key: [k]}
    columns: [{name: k, data_type: text, description: k}, {name: n, data_type: bigint, description: n}]
Y
"$E" build --quiet --select own_t own_mart >"$W/o" 2>&1 || bad "first build: $(grep pulse-elt "$W/o")"
sql $DB "update crm.people set v = 2"
"$E" build --quiet --select own_t own_mart >"$W/o" 2>&1
rc=$?
n=$(sql $DB "select n from analytics.own_mart")
[ "$n" = 2 ] && ok "mart follows its table model"
bad "build rc=$rc, own_t=2, own_mart=$n: stale"
