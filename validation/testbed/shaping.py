"""How one direction of a link is held to its rate: the queueing disciplines and their settings, with the reasons."""

import math

from validation.testbed.topology import Link

MTU_BYTES = 9000
"""Jumbo frames, as training fabrics use them: headers cost 0.7 % of the rate instead of 4.4 % at 1,500 bytes, and the
kernel handles six times fewer packets."""

FRAME_BYTES = MTU_BYTES + 14
"""With the Ethernet header, which the token bucket counts too."""

PAYLOAD_FRACTION = (MTU_BYTES - 20 - 32) / FRAME_BYTES
"""Share of a frame that is the user's: less the headers of IPv4 (20 bytes) and of TCP with time stamps (32)."""

LEAST_BURST_FRAMES = 2
"""A bucket of one frame loses 15 % of 400 Mbps to the lateness of timers, one of two frames nothing (measured). What
fits into the bucket leaves an idle link at once, so it is kept small: 18 KB of a 64 KiB message, where the usual 128 KB
would let all of it through without any limit."""

TIMER_LATENESS_S = 0.25e-3
"""Tokens of this time must fit too, so that a fast link (above 577 Mbps) survives a late timer."""

QUEUE_BYTES = 32 * 2**20
"""Nothing is dropped: fabrics of training clusters are lossless, and the timeouts of TCP are not what is measured."""

WINDOW_BYTES = 2**20
"""Largest send and receive buffer of a connection: 50 times what a 200 Mbps link needs, and so small that flows which
share an uplink hold equal parts of its queue."""


def burst_bytes(rate_bytes_s: float) -> int:
    """Size of the token bucket."""
    return max(LEAST_BURST_FRAMES * FRAME_BYTES, math.ceil(rate_bytes_s * TIMER_LATENESS_S))


def payload_rate(rate_bytes_s: float) -> float:
    """Bytes a second that a long TCP stream carries over a link."""
    return rate_bytes_s * PAYLOAD_FRACTION


def shaping(namespace: str, interface: str, link: Link) -> list[tuple[str, ...]]:
    """Commands that hold what leaves an interface to the rate and delay of its link; none for a link without limits.

    Notes
    -----
    ``tbf`` [1]_ shapes, ``netem`` inside it delays. A packet that the sender's kernel left whole for the card to cut
    (up to 64 KiB) is larger than the bucket, so ``tbf`` cuts it into frames: what is counted is what a wire would see.

    References
    ----------
    .. [1] tc-tbf(8), iproute2.
    """
    commands = []
    root: tuple[str, ...] = ("root",)
    add = ("tc", "-n", namespace, "qdisc", "add", "dev", interface)
    if not math.isinf(link.rate_bytes_s):
        burst = burst_bytes(link.rate_bytes_s)
        rate = ("rate", f"{round(link.rate_bytes_s * 8)}bit", "burst", f"{burst}b", "limit", f"{QUEUE_BYTES}b")
        commands.append((*add, *root, "handle", "1:", "tbf", *rate))
        root = ("parent", "1:1")
    if link.delay_s > 0.0:
        packets = QUEUE_BYTES // FRAME_BYTES
        delay = ("delay", f"{round(link.delay_s * 1e6)}us", "limit", str(packets))
        commands.append((*add, *root, "handle", "10:", "netem", *delay))
    return commands
