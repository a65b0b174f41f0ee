#!/usr/bin/env bash
# Installs the MPICH that the tests of packages/mpi start ranks with, on Debian and its kin, unless there is an MPI.
set -euo pipefail

if command -v mpirun >/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "mpich.sh: expected a system with apt-get; install MPICH or Open MPI yourself, with mpirun on the PATH." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "mpich.sh: expected root, to install MPICH; run it as root, or run: sudo apt-get install mpich" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends mpich
