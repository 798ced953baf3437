#!/bin/bash
# In a locale of ISO-8859-1 the landing gate must not crash on its own Data Docs (cf. dbt-core#440, #6919); needs localedef
. "${0%/*}/common.sh"

localedef -i de_DE -f ISO-8859-1 "$W/de_DE.ISO-8859-1" >/dev/null 2>&1
[ -d "$W/de_DE.ISO-8859-1" ] || { echo "SKIP localedef cannot make de_DE.ISO-8859-1; Debian's package locales can"; exit 77; }
"$E" load "$P/examples/legacy" >/dev/null 2>&1
LOCPATH=$W LC_ALL=de_DE.ISO-8859-1 PULSE_ELT_DATA_DOCS=$W/docs "$E" check landing >"$W/o" 2>&1
rc=$?
[ $rc = 4 ] || grep -q Unicode "$W/o" && bad "check rc=$rc: $(grep Unicode "$W/o" | cut -c1-120)"
ok "check rc=$rc"
