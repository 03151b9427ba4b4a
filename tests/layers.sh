#!/usr/bin/env bash
# The layer rule: server → persistence → core. Include lines tell; this reads them all.
set -u
cd "$(dirname "$0")/.." || exit 2
failed=0

forbid() {  # forbid FOLDER REGEX WHY [FILES-TO-SKIP-REGEX]
  local hits
  hits=$(grep -rnE --include='*.cpp' --include='*.hpp' "^#include [<\"]($2)" "$1" | grep -vE "${4:-^$}")
  if [ -n "$hits" ]; then
    printf '%s\n%s\n' "layer rule: $3" "$hits"
    failed=1
  fi
}

forbid core '(server|persistence|tools|bench|tests)/' 'core includes no layer above it'
forbid core '(boost|rocksdb|spdlog|fstream|filesystem|iostream|chrono|sys/socket)' \
  'core knows no files, sockets, clocks, logging, Boost or RocksDB'
forbid persistence '(server|tools|bench|tests)/' 'persistence includes no layer above it'
forbid persistence 'boost' 'persistence knows no Boost'
forbid persistence 'rocksdb' 'RocksDB appears only in .cpp files of persistence' '\.cpp:'
forbid server '(tools|bench|tests)/' 'server includes no tool, bench or test'
forbid server 'rocksdb' 'RocksDB appears only in persistence'
forbid server 'boost/beast' 'Beast appears only in the listener, the session and the fetch of webhooks' \
  '^server/(listener|session|https_fetch)\.(cpp|hpp):'
forbid tools 'rocksdb' 'RocksDB appears only in persistence'

top=$(git ls-files 2>/dev/null | sed 's,/.*,,' | sort -u |
  grep -vxE 'CMakeLists.txt|CMakePresets.json|server|core|persistence|bench|tests|tools|README.md|LICENSE|\..*')
if [ -n "$top" ]; then
  printf 'layer rule: unexpected at the top level:\n%s\n' "$top"
  failed=1
fi
[ "$failed" -eq 0 ] && echo "layer rule holds"
exit "$failed"
