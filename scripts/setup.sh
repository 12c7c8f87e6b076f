#!/usr/bin/env bash
# Gets the machine ready: the packages that package-lock.json pins, and a Node that can run them.
# All that it needs is npm. It works in this folder alone, and does nothing when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."

needed='24.12'
# The lockfile of the last installation that went through.
installed='node_modules/.installed-package-lock.json'

say() { echo "setup: $*" >&2; }

is_new_enough() {
  "$1" -e "
    const [major, minor] = process.versions.node.split('.').map(Number);
    const [leastMajor, leastMinor] = '$needed'.split('.').map(Number);
    process.exit(major > leastMajor || (major === leastMajor && minor >= leastMinor) ? 0 : 1);
  " 2>/dev/null
}

install_packages() {
  if cmp -s package-lock.json "$installed"; then return; fi
  if ! command -v npm >/dev/null; then
    say "npm is needed, and is not on the PATH. Install Node.js (https://nodejs.org), any version from 18 on; the right one is fetched from there."
    exit 1
  fi
  say "installing what package-lock.json pins (npm ci), with npm $(npm --version)"
  # engine-strict speaks to people who install by hand with an old Node. Here an old one will do: the packages bring
  # the Node that everything then runs with.
  npm ci --engine-strict=false --loglevel=error --no-update-notifier >&2
  cp package-lock.json "$installed"
}

choose_node() {
  local pinned='node_modules/.bin/node' own
  if [ -e "$pinned" ] && is_new_enough "$pinned"; then return; fi
  own="$(command -v node || true)"
  if [ -n "$own" ] && is_new_enough "$own"; then
    rm -f "$pinned" # npm scripts would find it first, and it does not run on this machine
    return
  fi
  say "Node.js $needed or newer is needed. The one that npm installs for Linux (x64, arm64) does not run on this machine,"
  say "and its own is ${own:-missing}${own:+ $("$own" --version)}. Install one from https://nodejs.org and run this again."
  exit 1
}

install_packages
choose_node
