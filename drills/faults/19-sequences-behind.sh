#!/bin/bash
# Sequences that lag behind (logical replica promoted): document_id must not be given twice in silence
. "${0%/*}/common.sh"

for i in 1 2 3; do one aa00000$i-0000-4000-8000-000000000000; done
"$E" load "$W/tree" >/dev/null 2>&1
sql $DB "do \$\$ begin execute format('alter sequence %s restart', pg_get_serial_sequence('raw.documents', 'document_id')); end \$\$"
for i in 4 5; do one aa00000$i-0000-4000-8000-000000000000; done
"$E" load "$W/tree" >"$W/o" 2>&1
rc=$?
d=$(sql $DB "select count(*) from (select from raw.documents group by document_id having count(*) > 1) as x")
[ $rc = 0 ] && [ "$d" = 0 ] && ok "no number twice"
bad "load rc=$rc and $d document_ids given twice: $(grep pulse-elt: "$W/o" | cut -c1-170)"
