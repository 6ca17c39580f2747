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
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
install_debian
sh scripts/lint.sh
printf '\n== tests\n'
"$BIN/python" -m pytest -n "$WORKERS" --dist loadgroup tests
