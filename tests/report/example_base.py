"""What the parts of the example summary share: its size, its categories and its statistics."""

import math

GPUS = 16_384
RESERVED_GPUS = 16_384 + 24 * 8
STATES = ("productive", "recompute", "checkpoint", "detect", "restart", "waiting", "rollback", "maintenance")

# category: component, effect, published count in 54 days (Table 5)
CATEGORIES = {
    "faulty_gpu": ("gpu", "crash", 148),
    "gpu_hbm3_memory": ("hbm", "crash", 72),
    "software_bug": ("software", "crash", 54),
    "network_switch_cable": ("cable", "hang", 35),
    "host_maintenance": ("software", "crash", 32),
    "gpu_sram_memory": ("gpu", "crash", 19),
    "gpu_system_processor": ("gpu", "crash", 17),
    "nic": ("nic", "hang", 7),
    "nccl_watchdog_timeout": ("software", "hang", 7),
    "silent_data_corruption": ("gpu", "corrupt", 6),
    "gpu_thermal_interface": ("gpu", "crash", 6),
    "ssd": ("storage", "crash", 3),
    "power_supply": ("psu", "crash", 3),
    "server_chassis": ("rack", "crash", 2),
    "io_expansion_board": ("nic", "crash", 2),
    "dependency": ("software", "crash", 2),
    "cpu": ("software", "crash", 2),
    "system_memory": ("software", "crash", 2),
}


def stat(mean: float, sigma: float, *, floor: float = 0.0) -> dict[str, float]:
    """A Stat with normal quantiles, cut at ``floor``."""
    quantiles = {"p5": -1.6449, "p10": -1.2816, "p50": 0.0, "p90": 1.2816, "p95": 1.6449}
    values = {name: max(floor, mean + z * sigma) for name, z in quantiles.items()}
    half = 1.96 * sigma / math.sqrt(200)
    return {"mean": mean, **values, "mean_ci95_low": mean - half, "mean_ci95_high": mean + half}


def count(mean: float) -> dict[str, float]:
    """A Stat of a Poisson count, quantiles to whole numbers."""
    rough = stat(mean, math.sqrt(mean))
    whole = {name: float(round(rough[name])) for name in ("p5", "p10", "p50", "p90", "p95")}
    return {**rough, **whole}


WALL_DAYS = stat(78.4, 3.9)
