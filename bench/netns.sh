#!/usr/bin/env bash
# Two network namespaces on this machine, joined by a cable that delays every packet, and ranks that have nothing else
# between them: bench/mpi.mjs, as over a network. Needs root, iproute2 and MPICH; leaves nothing behind.
#
#   bench/netns.sh MILLISECONDS [arguments of bench/mpi.mjs]     one way, such as 0.5; 0 for no delay
#
# The cable is a veth pair with netem at both ends. Where the kernel has no netem, as on small virtual machines, it is
# bench/delayline.py between two TAP devices (needs python3); that takes some of a processor's time from the ranks.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

# MPICH's mpirun calls this in place of ssh: options, a host, a command. Hosts a and b are the namespaces.
if [ "${1:0:1}" = - ]; then
  while [ "${1:0:1}" = - ]; do shift; done
  host="$1"
  shift
  exec ip netns exec "batchnorm-$host" sh -c "$*"
fi

delay="${1:?expected a delay in milliseconds, such as 0.5}"
shift
carrier=""
cleanup() {
  if [ -n "$carrier" ]; then kill "$carrier" 2> /dev/null || true; fi
  ip netns del batchnorm-a 2> /dev/null || true
  ip netns del batchnorm-b 2> /dev/null || true
}
trap cleanup EXIT
cleanup
ip netns add batchnorm-a
ip netns add batchnorm-b

veth() {
  ip link add batchnorm0 netns batchnorm-a type veth peer name batchnorm0 netns batchnorm-b
  if [ "$delay" = 0 ]; then return; fi
  for side in a b; do
    tc -n "batchnorm-$side" qdisc add dev batchnorm0 root netem delay "${delay}ms" 2> /dev/null || return 1
  done
}
taps() {
  ip -n batchnorm-a link del batchnorm0
  coproc python3 "$here/delayline.py" batchnorm-a0 batchnorm-b0 "${delay}e-3"
  carrier="$COPROC_PID"
  read -r _ <&"${COPROC[0]}"
  for side in a b; do
    ip link set "batchnorm-${side}0" netns "batchnorm-$side" name batchnorm0 mtu 65000
  done
}
if veth; then cable="a veth pair"; else
  taps
  cable="bench/delayline.py, for want of netem"
fi
for side in a:10.77.0.1 b:10.77.0.2; do
  ns="batchnorm-${side%%:*}"
  ip -n "$ns" addr add "${side#*:}/24" dev batchnorm0
  ip -n "$ns" link set batchnorm0 up
  ip -n "$ns" link set lo up
done
for ns in batchnorm-a batchnorm-b; do
  until ip -n "$ns" -br link show batchnorm0 | grep -Eq '[<,]LOWER_UP[,>]'; do sleep 0.1; done
done
echo "Two namespaces, $delay ms one way: $cable" >&2
# Nothing but TCP, over this interface: otherwise ranks of one machine would use its memory.
export UCX_TLS=tcp,self UCX_NET_DEVICES=batchnorm0
hydra="mpirun -launcher ssh -launcher-exec $here/netns.sh -localhost 10.77.0.1 -hosts a,b -ppn 1 -np {}"
ip netns exec batchnorm-a node "$here/mpi.mjs" --launcher "$hydra" "$@"
