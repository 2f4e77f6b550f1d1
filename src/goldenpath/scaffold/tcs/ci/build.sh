#!/usr/bin/env bash
# Your build. secret-build.yml runs it with the declared keys of one request in its environment, for as long as it runs; what it prints is
# masked. Do not write a value into a file or an argument.
set -euo pipefail
echo "building"
