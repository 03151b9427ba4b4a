#!/usr/bin/env bash
# The whole way with real programs: a generated list is imported with suppressctl, the server is stopped
# and started again, recipients are checked in one request in each format, and the suppressed set must
# equal what sort and comm say. Then the same with kill -9 in the middle of an import, which is
# resumed. Prints each command's figures.
#
#   tests/real_input.sh                     20,000 addresses, the dev build
#   tests/real_input.sh 10000000 build/release
set -euo pipefail
rows=${1:-20000}
build=$(cd "${2:-$(dirname "$0")/../build/dev}" && pwd)
recipients=$((rows / 10))
server=$build/server/suppressd
ctl=$build/tools/suppressctl
make=$build/tools/make_recipients
export LC_ALL=C

work=$(mktemp -d)
pid=
finish() {
  [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
export XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config
started=$(date +%s.%N)

say() { printf '%7.1f s  %s\n' "$(echo "$(date +%s.%N) - $started" | bc)" "$*"; }
fail() { echo "real input: $*" >&2; [ ! -s log ] || tail -n 5 log >&2; exit 1; }
until_true() { until "$@"; do kill -0 "$pid" 2>/dev/null || fail "the server ended"; sleep 0.05; done; }
ready() { curl -fsS "$SUPPRESSCTL_SERVER/readyz" >readyz 2>/dev/null; }
entries() { curl -sS "$SUPPRESSCTL_SERVER/readyz" | sed 's/.*"entries":\([0-9]*\).*/\1/'; }
rss_mib() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status"; }

start() {  # start DATA [PORT]
  rm -f port
  "$server" --data-dir "$1" --listen "127.0.0.1:${2:-0}" --port-file "$work/port" 2>>log &
  pid=$!
  until_true test -s port
  export SUPPRESSCTL_SERVER=http://127.0.0.1:$(cat port)
  until_true ready
  SUPPRESSCTL_KEY=$(cat "$1/admin.key")
  export SUPPRESSCTL_KEY SUPPRESSCTL_ACCOUNT=real
  say "ready with $(entries) entries, $(rss_mib) MiB"
}
stop() {
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  pid=
  [ "$status" -eq 0 ] || fail "SIGTERM ended the server with $status"
  say "stopped by SIGTERM, exit 0"
}

"$make" --canonical --rows "$rows" >list.txt
"$make" --canonical --rows "$recipients" --overlap 0.1 --overlap-rows "$rows" >recipients.txt
sort list.txt >list.sorted
sort recipients.txt >recipients.sorted
comm -12 list.sorted recipients.sorted >expected.suppressed
comm -13 list.sorted recipients.sorted >expected.clear
say "$rows addresses, $recipients recipients, $(wc -l <expected.suppressed) of them on the list"

# ---- import, stop, start ----
start data
"$ctl" accounts create real --name Real >/dev/null
began=$(date +%s.%N)
"$ctl" import list.txt --reason hard_bounce >imported 2>/dev/null
say "imported in $(echo "$(date +%s.%N) - $began" | bc) s: $(tr -s ' \n' ' ' <imported)"
[ "$(entries)" -eq "$rows" ] || fail "$(entries) entries after importing $rows"
stop
start data

# ---- one request a format ----
check() {  # check CONTENT-TYPE ACCEPT BODY [QUERY] > answer
  curl -sS --fail-with-body "$SUPPRESSCTL_SERVER/v1/accounts/real/check${4:-}" \
    -H "Authorization: Bearer $SUPPRESSCTL_KEY" -H "Content-Type: $1" -H "Accept: $2" \
    -H 'Expect:' -T "$3" -X POST -o answer -w 'in %{time_total} s, %{size_download} bytes'
}
same() {  # same NAME EXPECTED ACTUAL
  sort "$3" | cmp -s "$2" - || fail "$1: the answer differs from what comm says"
}
# Rows of an answer that names indexes, as addresses.
by_index() {
  grep -o '"index":[0-9]*,"verdict":"suppressed"' answer | grep -o '[0-9]*' |
    awk 'NR == FNR { wanted[$1] = 1; next } (FNR - 1) in wanted' - recipients.txt
}
before=$(rss_mib)

figures=$(check text/plain text/plain recipients.txt)
same text expected.clear answer
say "text → text: $figures"

sed 's/.*/"&"/' recipients.txt >recipients.ndjson
figures=$(check application/x-ndjson application/x-ndjson recipients.ndjson)
grep -q '^{"summary":' answer || fail "ndjson: no summary"
by_index >suppressed
same ndjson expected.suppressed suppressed
say "NDJSON → NDJSON: $figures"

{ printf '{"addresses":['; paste -sd, recipients.ndjson; printf ']}'; } >recipients.json
figures=$(check application/json application/json recipients.json)
by_index >suppressed
same json expected.suppressed suppressed
say "JSON → JSON: $figures"

{ echo 'row,address'; awk '{ print NR "," $0 }' recipients.txt; } >recipients.csv
figures=$(check text/csv text/csv recipients.csv '?column=address')
grep ',suppressed,' answer | cut -d, -f2 >suppressed
same csv expected.suppressed suppressed
say "CSV → CSV: $figures"

figures=$(check text/plain application/octet-stream recipients.txt)
[ "$(wc -c <answer)" -eq $(((recipients + 7) / 8)) ] || fail "bitmap: wrong length"
od -An -v -tu1 -w1 answer |
  awk '{ for (b = 0; b < 8; b++) { if ($1 % 2) print NR * 8 - 8 + b; $1 = int($1 / 2) } }' |
  awk 'NR == FNR { wanted[$1] = 1; next } (FNR - 1) in wanted' - recipients.txt >suppressed
same bitmap expected.suppressed suppressed
say "text → bitmap: $figures"
say "memory raised by the checks: $(($(rss_mib) - before)) MiB"

"$ctl" check recipients.txt >clear
same suppressctl expected.clear clear
say "suppressctl check: the same"
stop

# ---- kill -9 in the middle of an import ----
start killed
"$ctl" accounts create real --name Real >/dev/null
batch=$((rows / 400 > 200 ? rows / 400 : 200)) # many small ones, so that there is a middle
"$ctl" --quiet import list.txt --reason hard_bounce --batch $batch --connections 1 --retry-for 1 \
  >imported 2>&1 &
import=$!
some_entries() { [ "$(entries)" -gt $((rows / 5)) ]; }
until_true some_entries
port=$(cat port)
{ kill -KILL "$pid" && wait "$pid"; } 2>/dev/null || true
pid=
wait "$import" && fail "the import says it finished without its server"
acknowledged=$(sed 's/.*"row":\([0-9]*\).*/\1/' state/suppressctl/import-*.json)
say "killed in the middle of an import; $acknowledged rows were acknowledged"
[ "$acknowledged" -gt 0 ] && [ "$acknowledged" -lt "$rows" ] || fail "not in the middle"

start killed "$port" # an import is resumed at the server it began with
head -n "$acknowledged" list.txt >acknowledged.txt
[ "$("$ctl" check acknowledged.txt --count)" -eq 0 ] || fail "acknowledged rows are missing"
say "all acknowledged rows are there ($(entries) entries)"
"$ctl" import list.txt --reason hard_bounce --batch $batch --resume >imported 2>/dev/null
[ "$(entries)" -eq "$rows" ] || fail "$(entries) entries after resuming, not $rows"
say "resumed: $(tr -s ' \n' ' ' <imported)"
stop
echo "real input: all answers as expected"
