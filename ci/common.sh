# common.sh - what the scripts of ci/ share: where things are, how they speak. Sourced, not run.
# Sets root (the source tree or the bundle), script and caller (the folder one was in), and goes to
# root. Next: setup
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
caller=$PWD
script=$(cd "$(dirname "$0")" && pwd)/${0##*/}
cd "$root" || exit

say() {
  printf '%s\n' "$*"
}

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 2
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# The comment at the head of the calling script is its help.
show_help() {
  awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$script"
}

# A path given by the caller, as seen from root.
from_caller() {
  case $1 in
  /*) say "$1" ;;
  *) say "$caller/$1" ;;
  esac
}

# meson 1.0.1 or newer; ci/setup puts one here where the distribution's is older.
PATH=$root/.cache/meson/bin:$PATH

# The tests of suite "device" in the build folder, one command a line: program, then arguments.
device_tests() {
  meson introspect build --tests | python3 -c '
import json, sys
for test in json.load(sys.stdin):
    if any(suite.split(":")[-1] == "device" for suite in test["suite"]):
        print(*test["cmd"])'
}
