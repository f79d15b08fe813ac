#!/usr/bin/env bash
# Usage: tools/check.sh FOLDER...
# Runs every check, also when an earlier one failed, and fails at the end if any did. Says more only of what failed.
set -uo pipefail

failed=()

check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok      $name"
    else
        failed+=("$name")
        printf '%s\nFAILED  %s\n' "$output" "$name"
    fi
}

check format ruff format --check "$@"
check lint ruff check --output-format concise "$@"
check types basedpyright
check imports lint-imports --no-logo
check budgets python tools/budgets.py
check changelog python tools/changelog.py

if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}" >&2
    exit 1
fi
