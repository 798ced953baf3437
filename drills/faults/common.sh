# What every script of this folder begins with: a database of its own on the checkout's embedded server.
# Usage of each: NN-name.sh CHECKOUT; prints PASS or FAIL with what was seen, and exits 0 or 1.
set -u
[ -d "${1:-}" ] || { echo "usage: $0 CHECKOUT"; exit 2; }
P=$(cd "$1" && pwd)
E=$P/.venv/bin/pulse-elt
cd "$P" || exit 2
unset PULSE_ANALYTICS_DATABASE_URL
export PYTHONDONTWRITEBYTECODE=1 PULSE_ELT_PROJECT_DIR=$P

"$E" db start >/dev/null || exit 2
BASE=$("$E" db url)
H=$(echo "$BASE" | sed 's/.*host=\([^&]*\).*/\1/')
PO=$(echo "$BASE" | sed 's/.*port=\([0-9]*\).*/\1/')
DB=fault_$$
URL="${BASE/\/postgres\?//$DB?}"
# The embedded server may run as a user of its own, who must be able to pass.
W=$(mktemp -d)
chmod 755 "$W"

ok() { echo "PASS $*"; exit 0; }
bad() { echo "FAIL $*"; exit 1; }

# sql DATABASE STATEMENT: as the server's superuser
sql() {
    PULSE_ANALYTICS_DATABASE_URL="${BASE/\/postgres\?//$1?}" PGOPTIONS= "$E" db psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$2" 2>/dev/null
}

# one SESSION: a scorecard of that session in the tree
one() {
    mkdir -p "$W/tree/sessions/$1"
    echo '{"overall":{"score":80}}' > "$W/tree/sessions/$1/scorecard.json"
}

# proj: go on in a copy of the project, as an analyst who changes it
proj() {
    mkdir -p "$W/proj"
    cp -r analyses config dbt_project.yml macros models profiles.example.yml seeds tests docs "$W/proj/"
    cp profiles.example.yml "$W/proj/profiles.yml"
    export PULSE_ELT_PROJECT_DIR=$W/proj
    cd "$W/proj" || exit 2
}

sql postgres "create database $DB"
trap 'sql postgres "drop database if exists $DB with (force)"; rm -rf "$W"' EXIT
export PULSE_ANALYTICS_DATABASE_URL=$URL DBT_TARGET_PATH=$W/target DBT_LOG_PATH=$W/logs
