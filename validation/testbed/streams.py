"""Plain TCP streams between hosts: do the links keep what they promise?"""

import json
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from validation.testbed.launch import Process, python_module, start, stop
from validation.testbed.shaping import payload_rate
from validation.testbed.sharing import Stream, fair_rates, stream_cases
from validation.testbed.stream_worker import READY
from validation.testbed.testbed import Testbed

SIZE_BYTES = 10_000_000
"""At 200 Mbps 0.4 s: the bucket's 18 KB and the round trip are below 0.3 % of it."""

_PORT = 5000
_WORKER = "validation.testbed.stream_worker"


class MeasurementError(RuntimeError):
    """A process of a measurement failed. Its text holds what it said."""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A measured stream.

    Attributes
    ----------
    source, target : str
        Hosts.
    together : int
        Streams that ran at the same time, this one among them.
    bytes : int
        Payload of one transfer.
    repeats : int
        Transfers.
    time_s, iqr_s : float
        Median of a transfer, and the distance between its quartiles.
    rate_bytes_s, expected_bytes_s : float
        Payload a second, measured, and promised by the links with their fair sharing.
    latency_s : float
        Half the median round trip of one byte, while nothing else was sent.
    """

    source: str
    target: str
    together: int
    bytes: int
    repeats: int
    time_s: float
    iqr_s: float
    rate_bytes_s: float
    expected_bytes_s: float
    latency_s: float


def measure_streams(
    bed: Testbed,
    repeats: int,
    cases: Sequence[Sequence[Stream]] | None = None,
    size_bytes: int = SIZE_BYTES,
) -> list[StreamRecord]:
    """Measure streams of a testbed, those of one case at the same time.

    Parameters
    ----------
    bed : Testbed
        Hosts that are up.
    repeats : int
        Transfers of a stream, one after the other over one connection.
    cases : sequence of sequences of (str, str), optional
        Senders and receivers; :func:`stream_cases` by default.
    size_bytes : int
        Payload of a transfer.

    Raises
    ------
    MeasurementError
        If a sender fails.
    """
    wanted = stream_cases(bed.topology) if cases is None else cases
    return [record for case in wanted for record in _measure_case(bed, case, repeats, size_bytes)]


def quartile_distance(values: Sequence[float]) -> float:
    """Distance between the quartiles; 0 for a single value."""
    if len(values) < 2:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return high - low


def _measure_case(bed: Testbed, case: Sequence[Stream], repeats: int, size_bytes: int) -> Iterator[StreamRecord]:
    with ExitStack() as cleaning:
        senders = []
        for number, (source, target) in enumerate(case):
            port = str(_PORT + number)
            receiver = start(bed, target, python_module(_WORKER, "serve", port))
            cleaning.callback(_end, receiver)
            options = (bed.topology.address(target), port, str(size_bytes), str(repeats))
            senders.append(start(bed, source, python_module(_WORKER, "send", *options), stdin=subprocess.PIPE))
            cleaning.callback(_end, senders[-1])
        outputs = _together(senders)
    for stream, output, rate in zip(case, outputs, fair_rates(bed.topology, case), strict=True):
        yield _record(stream, len(case), size_bytes, json.loads(output), payload_rate(rate))


def _together(senders: Sequence[Process]) -> list[str]:
    """Let senders begin at the same time, once all are ready, and return what they wrote afterwards."""
    pipes = [(sender.stdin, sender.stdout) for sender in senders if sender.stdin and sender.stdout]
    for sender, (_, output) in zip(senders, pipes, strict=True):
        text = ""
        while (line := output.readline()).strip() != READY:
            if not line:
                sender.wait()
                raise MeasurementError(_failed(sender, text))
            text += line
    for begin, _ in pipes:
        begin.close()
    texts = [output.read() for _, output in pipes]
    for sender, text in zip(senders, texts, strict=True):
        if sender.wait() != 0:
            raise MeasurementError(_failed(sender, text))
    return texts


def _failed(sender: Process, text: str) -> str:
    return f"a sender failed with exit code {sender.returncode}:\n{text}"


def _end(process: Process) -> None:
    stop([process])
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _record(
    stream: Stream, together: int, size_bytes: int, measured: dict[str, list[float]], expected_bytes_s: float
) -> StreamRecord:
    times_s = measured["times_s"]
    time_s = statistics.median(times_s)
    return StreamRecord(
        source=stream[0],
        target=stream[1],
        together=together,
        bytes=size_bytes,
        repeats=len(times_s),
        time_s=time_s,
        iqr_s=quartile_distance(times_s),
        rate_bytes_s=size_bytes / time_s,
        expected_bytes_s=expected_bytes_s,
        latency_s=statistics.median(measured["round_trips_s"]) / 2.0,
    )
