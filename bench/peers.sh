#!/bin/sh
# Installs PyTorch for the comparison on Debian and Ubuntu: the distribution's own package, with the threaded
# OpenBLAS, which is much faster than the reference BLAS it comes with. The other peers come from npm.
set -eu

run() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

run apt-get update
run apt-get install --yes --no-install-recommends python3-torch libopenblas0-pthread
/usr/bin/python3 -c 'import torch; print("PyTorch", torch.__version__, "is ready")'
