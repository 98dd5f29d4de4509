#!/usr/bin/env bash
# The steps of `action.yml`: `install` puts the cudafix beside this script into an environment of its own; `check` writes
# the report for code scanning, then the annotations, and exits as `cudafix check` does.
#
# CUDAFIX_PATHS, CUDAFIX_ARGS: one path, or option, on each line. CUDAFIX_BASELINE, CUDAFIX_SARIF: files; empty for none.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
environment=${CUDAFIX_ENVIRONMENT:-${RUNNER_TEMP:-/tmp}/cudafix}

install() {
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check "$here"
}

# Read what stands on the lines of a text; nothing in it is expanded by the shell.
read_lines() {
  local line
  lines=()
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ -n ${line//[[:space:]]/} ]]; then lines+=("$line"); fi
  done <<< "$1"
}

check() {
  read_lines "${CUDAFIX_ARGS:-}"
  local options=(${lines[@]+"${lines[@]}"})
  if [[ -n ${CUDAFIX_BASELINE:-} ]]; then options+=("--baseline=$CUDAFIX_BASELINE"); fi
  read_lines "${CUDAFIX_PATHS:-.}"
  local paths=("${lines[@]}")
  if [[ -n ${CUDAFIX_SARIF:-} ]]; then
    "$environment/bin/cudafix" check ${options[@]+"${options[@]}"} --exit-zero --output-format sarif \
      --output-file "$CUDAFIX_SARIF" -- "${paths[@]}"
    printf 'sarif-file=%s\n' "$CUDAFIX_SARIF" >> "${GITHUB_OUTPUT:-/dev/stdout}"
  fi
  "$environment/bin/cudafix" check ${options[@]+"${options[@]}"} --output-format github -- "${paths[@]}"
}

case ${1:-} in
  install) install ;;
  check) check ;;
  *) echo "usage: github-action.sh install|check" >&2; exit 2 ;;
esac
