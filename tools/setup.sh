#!/usr/bin/env bash
# Usage: tools/setup.sh VENV LOCKFILE
# Makes the virtual environment VENV if it is not there, installs exactly what LOCKFILE names, then this project in place.
# Quiet unless something fails; the whole of pip's output is in VENV/install.log.
set -euo pipefail

venv=$1
lock=$2
log=$venv/install.log

fits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local name
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if fits "$name"; then
            echo "$name"
            return
        fi
    done
    if [ -n "${PYTHON:-}" ]; then
        echo "PYTHON=$PYTHON is not a Python 3.11 or newer: $("$PYTHON" --version 2>&1 || true)" >&2
    else
        echo "PacketFlow needs Python 3.11 or newer, and none is on the path." >&2
        echo "Install one, or name it: make setup PYTHON=/path/to/python3.11" >&2
    fi
    return 1
}

make_venv() {
    local python
    python=$(find_python)
    echo "making $venv with $("$python" --version)"
    if ! "$python" -m venv "$venv"; then
        rm -rf "$venv"
        echo "$python cannot make a virtual environment; on Debian and Ubuntu install the package python3-venv." >&2
        return 1
    fi
}

install() {
    if ! "$venv/bin/python" -m pip --disable-pip-version-check --no-input install "$@" >>"$log" 2>&1; then
        grep -iE '^(ERROR|error)' "$log" | tail -n 20 >&2 || tail -n 20 "$log" >&2
        echo "installing failed; the whole story is in $log" >&2
        return 1
    fi
}

if ! fits "$venv/bin/python"; then
    make_venv
fi
count=$(grep -cE '^[A-Za-z0-9]' "$lock")
if [ -e "$log" ]; then
    echo "bringing $venv up to date with $lock"
else
    echo "installing the $count packages of $lock, about a minute"
fi
: >"$log"
install --require-hashes --requirement "$lock"
install --no-deps --no-build-isolation --editable .
