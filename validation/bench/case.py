"""What is timed, described by plain values, so that it can be sent to other processes and written to a file."""

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | float | bool
Record = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Case:
    """One operation on one set of sizes, in one process or in several at once.

    Attributes
    ----------
    section : str
        The group of cases it belongs to.
    parameters : Mapping
        What distinguishes it from the others of its section; written into its record as it is.
    processes : int
        Processes that do it at the same time.
    flop : int
        Floating-point operations of one operation in one process, a multiply-add counting two; 0 where that says
        nothing.
    bytes : int
        Bytes that one operation must move in one process; 0 where that says nothing.
    operations : int
        Operations in one call of what is prepared: 2 for a message that goes and comes back.
    batched : bool
        Whether one sample may hold several calls. Not so where something must be done before each.
    slowest : bool
        Whether a sample is the time of the slowest process, as for a collective, and not of each on its own.
    """

    section: str
    parameters: Mapping[str, Value]
    processes: int = 1
    flop: int = 0
    bytes: int = 0
    operations: int = 1
    batched: bool = True
    slowest: bool = False

    def record(self, **measured: Value) -> Record:
        """The case and what is known of it as one flat record."""
        counts = {name: value for name, value in (("flop", self.flop), ("bytes", self.bytes)) if value}
        return {"section": self.section, **self.parameters, "processes": self.processes, **counts, **measured}
