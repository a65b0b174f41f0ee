#!/usr/bin/env bash
# Installs the Chromium that the tests of packages/web run in, on Debian and its kin, unless there is one.
set -euo pipefail

if [ -x "${CHROMIUM:-}" ] || command -v chromium chromium-browser google-chrome >/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "chromium.sh: expected a system with apt-get; install Chromium yourself and set CHROMIUM to its path." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "chromium.sh: expected root, to install Chromium; run it as root, or run: sudo apt-get install chromium" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium
