"""The store of the checkpoints: which writes fail, how fast it is when others use it, when what is written is whole."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from operator import attrgetter
from typing import Any

import numpy as np

from clustersim.run.log import Log, RateRow
from clustersim.run.plan import CheckpointPlan, StoragePlan
from clustersim.run.progress import ROUNDING_S
from clustersim.run.records import Column, table

_LATE_S = 1e15
"""Later than any run ends."""

_since_s: Callable[[RateRow], float] = attrgetter("t_s")
_since_bytes: Callable[[RateRow], float] = attrgetter("before_bytes")


def fails(taken_s: Any, stall_s: Any, write_s: Any, start_s: float, until_s: float) -> Any:
    """Whether the writing of a checkpoint falls into a time in which none can be written, if only in part.

    A blocking checkpoint is written during its stall, an asynchronous one after it: in its stall it is copied to the
    memory of the host, of which the storage notices nothing. Either costs its stall, written or not.

    Parameters
    ----------
    taken_s : float or array, shape (checkpoints,)
        End of the stall [s].
    stall_s, write_s : float or array, shape (checkpoints,)
        Length of the stall, and of the write after it, which is 0 when blocking [s].
    start_s, until_s : float
        The time in which writes fail; what ends as it begins, or begins as it ends, is written [s].

    Returns
    -------
    bool or array of bool, shape (checkpoints,)
    """
    begin_s = taken_s - stall_s * (write_s == 0.0)
    return (begin_s < until_s - ROUNDING_S) & ((begin_s >= start_s) | (taken_s + write_s > start_s + ROUNDING_S))


def fair_share_bytes_s(bandwidth_bytes_s: float, demand_bytes_s: float, others_bytes_s: Iterable[float]) -> float:
    """Bandwidth that one user of a shared storage gets: max-min fair.

    Nobody gets more than it asks for, and what is left over goes to the others in equal parts.

    Parameters
    ----------
    bandwidth_bytes_s : float
        Bandwidth of the storage [B/s].
    demand_bytes_s : float
        What the user asks for [B/s].
    others_bytes_s : iterable of float
        What each of the others asks for [B/s].

    References
    ----------
    .. [1] Bertsekas, D. and Gallager, R. (1992), Data Networks, 2nd edition, section 6.5.2.

    Examples
    --------
    >>> fair_share_bytes_s(10.0, 8.0, [1.0, 6.0])
    4.5
    """
    left_bytes_s, others = bandwidth_bytes_s, sorted(others_bytes_s)
    for satisfied, other_bytes_s in enumerate(others):
        equal_bytes_s = left_bytes_s / (len(others) - satisfied + 1)
        if other_bytes_s >= equal_bytes_s:
            return min(demand_bytes_s, equal_bytes_s)
        left_bytes_s -= other_bytes_s
    return min(demand_bytes_s, left_bytes_s)


class Store:
    """How fast the store takes and gives the checkpoints of the job, while others come and go."""

    def __init__(self, checkpoint: CheckpointPlan, log: Log) -> None:
        self._write_s = checkpoint.write_s
        self._size_bytes = checkpoint.size_bytes
        self._plan = checkpoint.storage
        self._rates = log.rates
        self._busy: dict[str, float] = {}
        self._rate_beside: dict[tuple[float, ...], float] = {}
        """Rate of the writes beside others who ask for so much, as far as that was worked out."""
        self.varies = self._plan is not None and bool(self._plan.tenants) and checkpoint.write_s > 0.0
        """Whether checkpoints take longer to be written at one time than at another."""
        self.on_change: Callable[[], None] | None = None
        """Called when others ask for more or less of it."""
        if self._plan is not None and self.varies:
            self._rates.append(RateRow(0.0, write_bytes_s(self._plan, ()), 0.0))

    @property
    def others_bytes_s(self) -> list[float]:
        """What others ask for now [B/s]."""
        return list(self._busy.values())

    def set_demand(self, tenant: str, demand_bytes_s: float, now_s: float) -> None:
        """From now on another user asks for so much [B/s]."""
        self._busy[tenant] = demand_bytes_s
        if self._plan is not None and self.varies:
            others = tuple(self._busy.values())
            if others not in self._rate_beside:
                self._rate_beside[others] = write_bytes_s(self._plan, others)
            rate = self._rate_beside[others]
            if rate != self._rates[-1].rate_bytes_s:
                self._rates.append(RateRow(now_s, rate, self._written_bytes(now_s)))
        if self.on_change is not None:
            self.on_change()

    def load_s(self, usual_s: float) -> float:
        """Time to load the checkpoint from the store now [s]: as usual, or as long as the storage needs for it."""
        storage = self._plan
        if storage is None or not storage.read_bytes:
            return usual_s
        read_bytes_s = fair_share_bytes_s(storage.bandwidth_bytes_s, storage.bandwidth_bytes_s, self._busy.values())
        return max(usual_s, storage.read_bytes / read_bytes_s)

    def delay_s(self, now_s: float) -> float:
        """Time since which a checkpoint must have been taken to be whole by now [s]."""
        if not self.varies:
            return self._write_s
        missing_bytes = self._written_bytes(now_s) - self._size_bytes
        at_s, rate_bytes_s, before_bytes = self._row(missing_bytes, _since_bytes)
        return now_s - at_s - (missing_bytes - before_bytes) / rate_bytes_s

    def write_s(self, taken_s: float) -> float:
        """Time from then until a checkpoint that was taken then is whole [s], at the rate of now from now on."""
        if not self.varies:
            return self._write_s
        target_bytes = self._written_bytes(taken_s) + self._size_bytes
        at_s, rate_bytes_s, before_bytes = self._row(target_bytes, _since_bytes)
        return max(0.0, at_s + (target_bytes - before_bytes) / rate_bytes_s - taken_s)

    def _written_bytes(self, now_s: float) -> float:
        """What could have been written since the start [bytes]."""
        at_s, rate_bytes_s, before_bytes = self._row(now_s, _since_s)
        return before_bytes + (now_s - at_s) * rate_bytes_s

    def _row(self, value: float, since: Callable[[RateRow], float]) -> RateRow:
        """The rate that holds at a moment, or after so much: as a rule the last."""
        rates = self._rates
        if since(rates[-1]) <= value:
            return rates[-1]
        return rates[max(bisect_right(rates, value, key=since) - 1, 0)]


def write_bytes_s(storage: StoragePlan, others_bytes_s: Iterable[float]) -> float:
    """Bandwidth at which the job writes a checkpoint while it trains and others ask for so much [B/s]."""
    taken = [*others_bytes_s, storage.data_loading_bytes_s]
    return fair_share_bytes_s(
        storage.bandwidth_bytes_s, storage.write_bytes_s, [demand for demand in taken if demand > 0.0]
    )


def mean_write_bytes_s(storage: StoragePlan) -> float:
    """Mean bandwidth at which the job writes a checkpoint, over the times at which others come and go [B/s]."""
    mean = 0.0
    for chance, demands in demands_of_others(storage):
        mean += chance * write_bytes_s(storage, demands)
    return mean


def demands_of_others(storage: StoragePlan) -> Iterator[tuple[float, list[float]]]:
    """Who may be busy at the same time: the share of the time, and what they ask for [B/s]."""
    for busy in product((False, True), repeat=len(storage.tenants)):
        chance, demands = 1.0, []
        for tenant, is_busy in zip(storage.tenants, busy, strict=True):
            share = tenant.mean_busy_s / (tenant.mean_busy_s + tenant.mean_pause_s)
            chance *= share if is_busy else 1.0 - share
            demands += [tenant.demand_bytes_s] * is_busy
        yield chance, demands


def whole_s(log: Log, taken_s: Column, write_s: Column, size_bytes: float) -> Column:
    """When checkpoints that were taken at these moments are whole [s], by the rates in the log if there are any."""
    if not log.rates:
        whole: Column = taken_s + write_s
        return whole
    rates = table(RateRow, log.rates)
    last_bytes = rates["before_bytes"][-1] + rates["rate_bytes_s"][-1] * (_LATE_S - rates["t_s"][-1])
    at_s, by_then_bytes = np.append(rates["t_s"], _LATE_S), np.append(rates["before_bytes"], last_bytes)
    target_bytes = np.interp(taken_s, at_s, by_then_bytes) + size_bytes
    found: Column = np.interp(target_bytes, by_then_bytes, at_s)
    return found
