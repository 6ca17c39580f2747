#!/bin/sh
# Everything: lint, then the suite. What a machine lacks is installed where that is ours to do (root on
# Debian), and listed at the end where it is not. SONGBAN_REQUIRE=kafka,chromium makes a lack an error.
set -eu
install_debian() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    missing=""
    command -v chromium >/dev/null || missing="$missing chromium"
    command -v java >/dev/null || missing="$missing default-jdk-headless"
    command -v mvn >/dev/null || missing="$missing maven"
    [ -n "$missing" ] || return 0
    echo "installing$missing"
    # shellcheck disable=SC2086
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null; } ||
        echo "could not be installed:$missing (what needs it is listed at the end)"
}
install_debian
sh scripts/lint.sh
printf '\n== tests\n'
"$BIN/python" -m pytest -n "$WORKERS" --dist loadgroup tests
