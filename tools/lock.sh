#!/usr/bin/env bash
# Writes requirements/*.txt: every version pinned, every file hashed, for every supported Python; no address in any of them.
# Needs uv (pip install uv); users and CI need only pip.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { # out, args...
  local out=$1; shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links "$@" --output-file "requirements/$out.txt"
}
compile runtime pyproject.toml --group build
compile aws pyproject.toml --extra aws --group build
compile kubernetes pyproject.toml --extra kubernetes --group build
compile dev pyproject.toml --all-extras --group build --group test --group lint --group docs --group package
if grep -n '://' requirements/*.txt; then echo "a lock file holds an address" >&2; exit 1; fi
