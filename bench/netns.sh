#!/usr/bin/env bash
# Two network namespaces on this machine, joined by a veth pair that delays every packet, and ranks that have nothing else
# between them: bench/mpi.mjs, as over a network. Needs root, iproute2 and MPICH; leaves nothing behind.
#
#   bench/netns.sh DELAY [arguments of bench/mpi.mjs]     DELAY one way, such as 0.1ms; 0 for none
#
# A delay needs the kernel's sch_netem, which small virtual machines may lack.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

# MPICH's mpirun calls this in place of ssh: options, a host, a command. Hosts a and b are the namespaces.
if [ "${1:0:1}" = - ]; then
  while [ "${1:0:1}" = - ]; do shift; done
  host="$1"
  shift
  exec ip netns exec "batchnorm-$host" sh -c "$*"
fi

delay="${1:?expected a delay, such as 0.1ms}"
shift
cleanup() {
  ip netns del batchnorm-a 2> /dev/null || true
  ip netns del batchnorm-b 2> /dev/null || true
}
trap cleanup EXIT
cleanup
ip netns add batchnorm-a
ip netns add batchnorm-b
ip link add batchnorm0 netns batchnorm-a type veth peer name batchnorm0 netns batchnorm-b
for side in a:10.77.0.1 b:10.77.0.2; do
  ns="batchnorm-${side%%:*}"
  ip -n "$ns" addr add "${side#*:}/24" dev batchnorm0
  ip -n "$ns" link set batchnorm0 up
  ip -n "$ns" link set lo up
  if [ "$delay" != 0 ] && ! tc -n "$ns" qdisc add dev batchnorm0 root netem delay "$delay"; then
    echo "bench/netns.sh: this kernel has no netem to delay packets with; a DELAY of 0 goes without" >&2
    exit 1
  fi
done
for ns in batchnorm-a batchnorm-b; do
  until ip -n "$ns" -br link show batchnorm0 | grep -q ' UP '; do sleep 0.1; done
done
# Nothing but TCP, over this interface: otherwise ranks of one machine would use its memory.
export UCX_TLS=tcp,self UCX_NET_DEVICES=batchnorm0
hydra="mpirun -launcher ssh -launcher-exec $here/netns.sh -localhost 10.77.0.1 -hosts a,b -ppn 1 -np {}"
ip netns exec batchnorm-a node "$here/mpi.mjs" --launcher "$hydra" "$@"
