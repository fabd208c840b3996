"""Predicts measured collectives line by line, and says on what each prediction rests."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clustersim.calibration.collectives.hardware import Setup, place_of, setup_of
from clustersim.calibration.collectives.rows import MeasuredCollective, bus_factor, model_name
from clustersim.calibration.rows.faults import fault_of
from clustersim.hardware.rates import RatesTable, calibrated_rates
from clustersim.step.collectives import Chosen, NotPossible, choose, send_s

PREDICTED_COLUMNS = (
    "predicted_time_us",
    "predicted_busbw_gbps",
    "algorithm",
    "protocol",
    "extrapolated",
    "reason",
    "filled",
)


@dataclass(frozen=True, slots=True)
class PredictedCollective:
    """One line with its prediction.

    Attributes
    ----------
    row : MeasuredCollective
        The line.
    setup : Setup or None
        Its machines; None where they could not be read.
    time_s : float or None
        Predicted time [s]; None where the line cannot be predicted.
    algorithm, protocol : str
        What was chosen, "" without a prediction.
    extrapolated : str
        What lies outside the fitted range, "" inside it.
    reason : str
        Why the line could not be predicted, without its number; "" where it was.
    """

    row: MeasuredCollective
    setup: Setup | None
    time_s: float | None
    algorithm: str
    protocol: str
    extrapolated: str
    reason: str

    @property
    def relative_error(self) -> float | None:
        """Predicted over measured time, less one; None where either is missing."""
        if self.time_s is None or self.row.time_s is None:
            return None
        return self.time_s / self.row.time_s - 1.0

    @property
    def bus_bytes_s(self) -> float | None:
        """Predicted bus bandwidth [bytes/s], as nccl-tests define it; None without a prediction."""
        if self.time_s is None or self.row.size_bytes is None or self.row.ranks is None:
            return None
        return self.row.size_bytes * bus_factor(self.row.collective, self.row.ranks) / self.time_s

    def cells(self) -> dict[str, str]:
        """The line as it stood, with :data:`PREDICTED_COLUMNS` added."""
        time_us = "" if self.time_s is None else f"{self.time_s * 1e6:.6g}"
        bus = "" if self.bus_bytes_s is None else f"{self.bus_bytes_s / 1e9:.4g}"
        filled = "; ".join((*(() if self.setup is None else self.setup.filled), *self.row.unreadable))
        reason = self.reason and f"line {self.row.line}, {self.reason}"
        values = (time_us, bus, self.algorithm, self.protocol, self.extrapolated, reason, filled)
        return {**self.row.cells, **dict(zip(PREDICTED_COLUMNS, values, strict=True))}


def predict_collectives(
    rows: Sequence[MeasuredCollective], table: RatesTable | None = None
) -> list[PredictedCollective]:
    """Predict every line; none is dropped.

    Parameters
    ----------
    rows : sequence of MeasuredCollective, shape (n,)
        Lines, see :func:`clustersim.calibration.collectives.read_collectives`.
    table : mapping, optional
        Rates; the catalogue's when omitted.

    Returns
    -------
    list of PredictedCollective, shape (n,)
        In the order of the lines.
    """
    return [_predict(row, table) for row in rows]


def _predict(row: MeasuredCollective, table: RatesTable | None) -> PredictedCollective:
    try:
        setup = setup_of(row)
    except Exception as problem:
        setup = fault_of(problem)
    if isinstance(setup, str):
        return PredictedCollective(row, None, None, "", "", "", setup)
    try:
        chosen = predicted(row, setup, table)
    except NotPossible as impossible:
        return PredictedCollective(row, setup, None, "", "", "", str(impossible))
    except Exception as problem:
        # Cells that pass one by one can be absurd together; a table is predicted to its end all the same.
        return PredictedCollective(row, setup, None, "", "", "", fault_of(problem))
    if not 0.0 < chosen.time_s < math.inf:
        return PredictedCollective(row, setup, None, "", "", "", f"too extreme to be computed: {chosen.time_s} s")
    extrapolated = "; ".join(_extrapolations(row, setup, table))
    return PredictedCollective(row, setup, chosen.time_s, chosen.algorithm, chosen.protocol, extrapolated, "")


def predicted(row: MeasuredCollective, setup: Setup, table: RatesTable | None = None) -> Chosen:
    """Predict one line whose machines are known.

    Raises
    ------
    NotPossible
        If nothing that the line allows can run on its group.
    """
    place = place_of(setup, table)
    size_bytes = row.size_bytes or 0.0
    collective = model_name(row.collective)
    if collective is not None:
        return choose(collective, size_bytes, place, setup.allowed)
    link = place.fabric.scale_up if setup.domains == 1 else place.fabric.scale_out
    return Chosen("direct", "Simple", send_s(size_bytes, link))


def _extrapolations(row: MeasuredCollective, setup: Setup, table: RatesTable | None) -> list[str]:
    rates = table or calibrated_rates()
    found: list[str] = []
    for name in filter(None, (setup.scale_up, setup.network)):
        fitted = rates[name]
        if fitted.get("rows", 0.0) == 0.0:
            found.append(f"{name} has no fitted measurements")
            continue
        if name == setup.network and setup.ranks > fitted["gpus_max"]:
            found.append(f"{setup.ranks:,} GPUs, {name} was fitted up to {fitted['gpus_max']:,.0f}")
        if row.size_bytes is not None and not fitted["bytes_min"] <= row.size_bytes <= fitted["bytes_max"]:
            found.append(
                f"{row.size_bytes:,.0f} bytes, {name} was fitted from {fitted['bytes_min']:,.0f}"
                f" to {fitted['bytes_max']:,.0f}"
            )
    return found
