#!/usr/bin/env bash
# What action.yml runs: finds or installs goldenpath, fetches signed approvals as git objects, and runs one command.
# Everything comes in through variables; nothing is pasted into shell text, and nothing is evaluated.
#   GP_VERSION       the version that must run
#   GP_SOURCE        a checkout of goldenpath to install from, with its hash-locked requirement files; may be empty
#   GP_EXTRAS        requirement files beside the base one, by word: aws kubernetes
#   GP_ARGUMENTS     the command's arguments, one on each line, empty lines left out; empty to install only
#   GP_FETCH         true to fetch the approvals that people signed
#   GP_SUMMARY       true to let the command write into the job's summary
#   GP_ACCEPT        exit codes that are taken for success
#   GP_OUTPUT_FILE   name of a file in the runner's temporary folder that takes standard output
#   GP_TOKEN         token for fetching and for the forge; in the environment of git and of the command only
set -euo pipefail

server=${GITHUB_SERVER_URL:-https://github.com}
temporary=${RUNNER_TEMP:-${TMPDIR:-/tmp}}
token=${GP_TOKEN:-}
unset GP_TOKEN INPUT_TOKEN

refuse() {
  printf '::error title=goldenpath::%s\n' "$1"
  exit 2
}

checked() { # name, value, pattern: a value of another shape is refused, and not repeated
  [[ -z $2 || $2 =~ ^$3$ ]] || refuse "the input $1 has an unexpected form"
}

is_wanted() {
  [ -x "$1" ] && [ "$("$1" --version)" = "goldenpath $GP_VERSION" ]
}

install_from() {
  local venv=$1 source=$2 extra
  python3 -I -m venv "$venv"
  for extra in runtime ${GP_EXTRAS:-}; do
    "$venv/bin/python" -I -m pip install --quiet --no-input --disable-pip-version-check --require-hashes --no-deps \
      -r "$source/requirements/$extra.txt" >&2
  done
  "$venv/bin/python" -I -m pip install --quiet --no-input --disable-pip-version-check --no-deps --no-build-isolation "$source" >&2
}

find_or_install() {
  local found venv="$temporary/goldenpath-$GP_VERSION"
  found=$(command -v goldenpath || true)
  if [ -n "$found" ] && is_wanted "$found"; then
    printf '%s' "$found"
  elif is_wanted "$venv/bin/goldenpath"; then
    printf '%s' "$venv/bin/goldenpath"
  elif [ -n "${GP_SOURCE:-}" ] && [ -f "$GP_SOURCE/requirements/runtime.txt" ]; then
    install_from "$venv" "$GP_SOURCE" && printf '%s' "$venv/bin/goldenpath"
  fi
}

# The token reaches git by a variable: it is in no argument and in no file, and ends with this step.
lend_token() {
  [ -n "$token" ] || return 0
  export GITHUB_TOKEN=$token
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="credential.$server.helper"
  # shellcheck disable=SC2016 # git's shell expands it, when it asks
  export GIT_CONFIG_VALUE_0='!answer() { test "$1" != get || printf "username=x-access-token\npassword=%s\n" "$GITHUB_TOKEN"; }; answer'
}

fetch_approvals() {
  git -c core.hooksPath=/dev/null -c protocol.ext.allow=never -c gc.auto=0 -c submodule.recurse=false fetch --quiet --no-tags \
    --no-write-fetch-head --no-recurse-submodules origin "+refs/notes/goldenpath-*:refs/notes/goldenpath-*"
}

run_program() {
  local code=0 accepted
  if [ -n "${GP_OUTPUT_FILE:-}" ]; then
    printf 'file=%s\n' "$temporary/$GP_OUTPUT_FILE" >>"${GITHUB_OUTPUT:-/dev/null}"
    "$program" "$@" >"$temporary/$GP_OUTPUT_FILE" || code=$?
  else
    "$program" "$@" || code=$?
  fi
  for accepted in ${GP_ACCEPT:-}; do
    [ "$code" -ne "$accepted" ] || code=0
  done
  return "$code"
}

checked version "${GP_VERSION:-}" '[0-9A-Za-z.+]+'
checked extras "${GP_EXTRAS:-}" '(aws|kubernetes)( (aws|kubernetes))*'
checked accept "${GP_ACCEPT:-}" '[0-9]{1,3}( [0-9]{1,3})*'
checked output-file "${GP_OUTPUT_FILE:-}" '[A-Za-z0-9][A-Za-z0-9._-]*'
[ -n "${GP_VERSION:-}" ] || refuse "the input version is missing"

program=$(find_or_install)
[ -n "$program" ] || refuse "goldenpath $GP_VERSION is neither on this runner nor can it be installed from the action's checkout"
printf 'command=%s\n' "$program" >>"${GITHUB_OUTPUT:-/dev/null}"

lend_token
[ "${GP_FETCH:-false}" != true ] || fetch_approvals

[ -n "${GP_ARGUMENTS:-}" ] || exit 0
arguments=()
while IFS= read -r line; do
  [ -z "$line" ] || arguments+=("$line")
done <<<"$GP_ARGUMENTS"
[ "${GP_SUMMARY:-false}" != true ] || [ -z "${GITHUB_STEP_SUMMARY:-}" ] || arguments+=(--summary "$GITHUB_STEP_SUMMARY")
run_program "${arguments[@]}"
