#!/bin/sh
# Pins every dependency with hashes. No index address, no local path: a lock works with any mirror.
set -eu
"$BIN/python" -m pip --disable-pip-version-check install --quiet uv
lock() {
    out=$1
    shift
    "$BIN/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate --no-emit-index-url --no-emit-find-links "$@" -o "$out"
}
lock requirements.lock pyproject.toml requirements-build.in
lock requirements-assets.lock --constraint requirements.lock requirements-assets.in
lock requirements-dev.lock --extra dev --constraint requirements.lock pyproject.toml requirements-build.in
if grep -nE '://' requirements*.lock; then
    echo "a lock file names an address" >&2
    exit 1
fi
