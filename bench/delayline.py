"""A cable with a delay: carries frames between two TAP devices, each some time after it came. What netem does, for kernels
without it.

    python3 bench/delayline.py NAME_A NAME_B SECONDS     makes both devices, prints "ready", and carries until it is killed
"""

import fcntl
import os
import select
import struct
import sys
import time
from collections import deque

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
LARGEST_FRAME = 65_550


def tap(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return device


def carry(a: int, b: int, delay: float) -> None:
    other = {a: b, b: a}
    on_the_way: deque[tuple[float, int, bytes]] = deque()  # when due, to whom, what; in the order of time
    while True:
        left = max(0.0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
        # A sleeper wakes late: the last tenth of a millisecond is waited for awake.
        ready, _, _ = select.select([a, b], [], [], left and max(0.0, left - 1e-4))
        for device in ready:
            try:
                frame = os.read(device, LARGEST_FRAME)
            except BlockingIOError:
                continue
            on_the_way.append((time.monotonic() + delay, other[device], frame))
        while on_the_way and on_the_way[0][0] <= time.monotonic():
            _, to, frame = on_the_way.popleft()
            try:
                os.write(to, frame)
            except OSError:
                pass  # the device is not up: a frame lost, as on a cable


if __name__ == "__main__":
    first, second, seconds = sys.argv[1:]
    devices = tap(first), tap(second)
    print("ready", flush=True)
    carry(*devices, float(seconds))
