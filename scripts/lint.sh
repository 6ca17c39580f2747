#!/bin/sh
# Style, types, borders, dependencies, migrations, generated files.
set -eu
step() { printf '\n== %s\n' "$1"; }
step "ruff"
"$BIN/ruff" check .
"$BIN/ruff" format --check .
step "mypy --strict"
"$BIN/mypy"
step "borders (import-linter)"
"$BIN/lint-imports" --no-cache
step "dependencies (deptry)"
"$BIN/deptry" .
step "migrations (squawk)"
"$BIN/python" scripts/migrations_sql.py build/migrations
"$BIN/squawk" --config deploy/squawk.toml build/migrations/*.sql
step "generated files"
"$BIN/python" scripts/specs.py openapi --check
"$BIN/python" scripts/specs.py asyncapi --check
step "compose file and images"
"$BIN/python" scripts/compose_check.py
