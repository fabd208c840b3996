"""One way to run a collective on a group: its time as a function of the size alone."""

import math
from dataclasses import dataclass

from clustersim.step.collectives.protocol import Algorithm, Protocol


@dataclass(frozen=True, slots=True)
class Schedule:
    """An algorithm with a protocol on a placed group.

    Attributes
    ----------
    algorithm, protocol : str
        Which.
    latency_s : float
        Time of an empty message [s].
    transfer_s_per_byte : float
        Time each byte of the vector adds [s/byte].
    fill_s2_per_byte : float
        Square of the time that filling the pipeline of chunks costs, for each byte [s^2/byte].
    """

    algorithm: Algorithm
    protocol: Protocol
    latency_s: float
    transfer_s_per_byte: float
    fill_s2_per_byte: float

    def time_s(self, size_bytes: float) -> float:
        """Time for a vector of `size_bytes` [s]: ``L + V + 2 f sqrt(L V)``."""
        return self.latency_s + size_bytes * self.transfer_s_per_byte + math.sqrt(size_bytes * self.fill_s2_per_byte)


def schedule(
    algorithm: Algorithm, protocol: Protocol, call_s: float, steps_s: float, transfer_s_per_byte: float, fill: float
) -> Schedule:
    """Put a schedule together.

    Parameters
    ----------
    algorithm, protocol : str
        Which.
    call_s, steps_s : float
        Latency of the call, and of all steps one after the other [s].
    transfer_s_per_byte : float
        Time of a byte over the narrowest hop [s/byte].
    fill : float
        Factor before the root, see :class:`clustersim.hardware.rates.PipelineFill`.
    """
    squared = 4.0 * fill * fill * steps_s * transfer_s_per_byte
    return Schedule(algorithm, protocol, call_s + steps_s, transfer_s_per_byte, squared)
