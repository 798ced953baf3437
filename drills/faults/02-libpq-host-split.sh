#!/bin/bash
# Host left to libpq (PGHOST): loader and dbt must use the same server (cf. pgjdbc/pgjdbc#2393)
. "${0%/*}/common.sh"

export PGHOST=$H PGPORT=$PO PGUSER=postgres PULSE_ANALYTICS_DATABASE_URL=postgresql:///$DB
"$E" db migrate >/dev/null 2>&1 || bad "the loader's own connection failed"
eval "$("$E" db env | grep HOST)"
[ "${PULSE_ANALYTICS_DB_HOST:-$H}" = "$H" ] && ok "dbt is led to $H"
bad "the loader used $H, dbt is led to $PULSE_ANALYTICS_DB_HOST"
