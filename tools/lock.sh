#!/usr/bin/env bash
# Usage: tools/lock.sh [UV OPTION...]    for example --upgrade, or --upgrade-package pydantic
# Renews the lock files: every platform, hashes for every file, and no index address.
# The benchmarks' peers are held to the versions of the first lock, so that they never change what is measured; but for
# autogen-core, which cannot be: it has an environment of its own.
set -euo pipefail

lock() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header "$@"
}

lock --all-extras --group dev --output-file requirements.lock "$@" pyproject.toml
lock --constraint requirements.lock --output-file requirements-bench.lock "$@" requirements-bench.in
lock --output-file requirements-bench-autogen.lock "$@" requirements-bench-autogen.in
