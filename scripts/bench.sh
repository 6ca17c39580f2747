#!/bin/sh
# Every benchmark, one after the other: a table each, and JSON in build/benchmarks/.
set -eu
mkdir -p build/benchmarks
for name in intake imports search assess pipeline redeem issue replay; do
    printf '\n== %s\n' "$name"
    "$BIN/python" -m "benchmarks.$name" --json "build/benchmarks/$name.json"
done
