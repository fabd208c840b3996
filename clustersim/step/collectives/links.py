"""Bandwidths of a placed group under each protocol."""

import math

from clustersim.hardware.placement import Place
from clustersim.step.collectives.protocol import LL128_SHARE, Protocol


def nominal_scale_up_bytes_s(place: Place) -> float:
    """Bandwidth of the scale-up links to the group's members before any loss [bytes/s]."""
    return place.scale_up_bytes_s / place.fabric.scale_up_rates.ring


def inside_bytes_s(place: Place, share: float, protocol: Protocol) -> float:
    """Bandwidth inside the domain of an algorithm that reaches `share` of the link with Simple [bytes/s]."""
    rates = place.fabric.scale_up_rates
    factor = {"LL": min(rates.low_latency, 0.5 * share), "LL128": LL128_SHARE * share, "Simple": share}[protocol]
    return nominal_scale_up_bytes_s(place) * factor


def leaving_bytes_s(place: Place, share: float, protocol: Protocol) -> float:
    """Bandwidth out of a domain of an algorithm that reaches `share` of the interfaces with Simple [bytes/s].

    Zero where the network does not support the protocol.
    """
    rates = place.fabric.network_rates
    factor = {"LL": min(rates.low_latency, 0.5 * share), "LL128": rates.line128 * share, "Simple": share}[protocol]
    return place.leaving_bytes_s(factor / rates.ring)


def network_step_s(place: Place, published_s: float, protocol: Protocol) -> float:
    """Time of a step between domains [s]: the published one, scaled, and what distance adds."""
    rates = place.fabric.network_rates
    scale = rates.simple_scale
    if protocol != "Simple":
        scale = rates.eager_scale * math.pow(max(2, place.domains) / 2.0, rates.eager_growth)
    return published_s * scale + place.fabric.far_latency_s


def supported(place: Place, protocol: Protocol) -> bool:
    """Whether the links of a group carry a protocol."""
    return place.domains == 1 or protocol != "LL128" or place.fabric.network_rates.line128 > 0.0
