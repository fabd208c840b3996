"""Bus bandwidth of collectives over the message size, measured and predicted, on a few fabrics."""

from collections.abc import Sequence

from clustersim.calibration.collectives import PredictedCollective
from validation.panels import Panel, Series, power_axis, value_axis
from validation.predicted import collectives
from validation.sheet import Sheet

_SIZES = ((2.0**13, "8 KiB"), (2.0**20, "1 MiB"), (2.0**27, "128 MiB"), (2.0**34, "16 GiB"))
_HEADER = ("panel", "collective", "gpus", "bytes", "split", "measured_bus_gb_s", "predicted_bus_gb_s", "algorithm")

_SHOWN = (
    ("All-reduce, 8 A100 in one node", "all_reduce", 8, "single A100 node"),
    ("All-reduce, 16 H100, 8 x 400G IB", "all_reduce", 16, "qoofyk, 2 nodes"),
    ("All-reduce, 32 H100 (VM), 8 x 400G", "all_reduce", 32, "qoofyk, 4 nodes"),
    ("All-reduce, 16 H100, EFA", "all_reduce", 16, "p5"),
    ("All-reduce, 16 A100, EFA", "all_reduce", 16, "p4de"),
    ("All-reduce, 16 H100, GPUDirect-TCPXO", "all_reduce", 16, "ztan"),
    ("All-reduce, 32 A100, Slingshot 11", "all_reduce", 32, "nccl_2_21/n8"),
    ("All-gather, 512 A100, Slingshot 11", "all_gather", 512, "nccl_2_18/n128"),
    ("All-to-all, 16 A100, DGX A100", "all_to_all", 16, "results_sophia"),
)


def collectives_sheet() -> Sheet:
    """A panel for each of a few fabrics."""
    panels, rows = [], []
    for title, collective, ranks, words in _SHOWN:
        members = _members(collective, ranks, words)
        panels.append(_panel(title, members))
        rows += [_row(title, item) for item in members]
    return Sheet(
        "collectives",
        "Collectives: bus bandwidth over message size",
        "Measured and predicted bus bandwidth of nccl-tests over the size of the message, on nine fabrics.",
        tuple(panels), 3, _HEADER, tuple(rows),
    )  # fmt: skip


def _members(collective: str, ranks: int, words: str) -> list[PredictedCollective]:
    found = [
        item
        for item in collectives()
        if item.row.collective == collective
        and item.row.ranks == ranks
        and words in f"{item.row.text('source')} {item.row.text('nic')}"
    ]
    return sorted(found, key=lambda item: item.row.size_bytes or 0.0)


def _panel(title: str, members: Sequence[PredictedCollective]) -> Panel:
    measured = {split: [_point(item) for item in members if _split(item) == split] for split in ("test", "fit")}
    predicted = [(item.row.size_bytes or 0.0, (item.bus_bytes_s or 0.0) / 1e9) for item in members]
    bandwidths = [value for _, value in (*measured["test"], *measured["fit"], *predicted)]
    series = Series("blue", title, measured["test"], measured["fit"], predicted)
    low, high = predicted[0][0], predicted[-1][0]
    return Panel(title, power_axis(low, high, _SIZES, "message"), value_axis(max(bandwidths), "GB/s"), (series,))


def _point(item: PredictedCollective) -> tuple[float, float]:
    """Size and measured bus bandwidth: the predicted one stretched by the error of the time."""
    return item.row.size_bytes or 0.0, (item.bus_bytes_s or 0.0) / 1e9 * (1.0 + (item.relative_error or 0.0))


def _split(item: PredictedCollective) -> str:
    return item.row.cells.get("split", "")


def _row(title: str, item: PredictedCollective) -> tuple[str, ...]:
    size, measured = _point(item)
    predicted = (item.bus_bytes_s or 0.0) / 1e9
    numbers = (f"{size:.0f}", _split(item), f"{measured:.4g}", f"{predicted:.4g}")
    return title, item.row.collective, str(item.row.ranks), *numbers, item.algorithm
