"""Times collectives, run in every host at once: ``PLAN.json FOLDER``. Needs torch.

The plan is that of :mod:`validation.testbed.collectives`. Every rank writes ``rank-N.json`` into the folder: the times
of its calls, one list a case and size, empty where it takes no part. Rank 0 adds what the links carried and how busy
the processors were.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from validation.leaving import leave
from validation.machine import busy_share, usage

FLOAT_BYTES = 4

Call = Callable[[], object]


def main(arguments: Sequence[str]) -> None:
    """Run the plan."""
    plan = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    groups = {tuple(ranks): dist.new_group(ranks) for ranks in _distinct(plan["cases"])}
    results = []
    for case in plan["cases"]:
        mine = [ranks for ranks in case["groups"] if dist.get_rank() in ranks]
        for size in case["sizes"]:
            call = _call(case["op"], size["bytes"], groups[tuple(mine[0])], len(mine[0])) if mine else None
            results.append(_measured(call, size["calls"], plan["repeats"], plan["links"]))
    path = Path(arguments[1]) / f"rank-{dist.get_rank()}.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    dist.barrier()
    dist.destroy_process_group()


def _distinct(cases: Sequence[dict[str, Any]]) -> list[tuple[int, ...]]:
    return list(dict.fromkeys(tuple(ranks) for case in cases for ranks in case["groups"]))


def _call(op: str, size_bytes: int, group: Any, members: int) -> Call:
    """The collective on a tensor of so many bytes; of what is gathered and of what is scattered, that is the whole."""
    whole = torch.zeros(size_bytes // FLOAT_BYTES)
    part = torch.zeros(size_bytes // FLOAT_BYTES // members)
    gather = _renamed("all_gather_single", "all_gather_into_tensor")
    scatter = _renamed("reduce_scatter_single", "reduce_scatter_tensor")
    calls: dict[str, Call] = {
        "all_reduce": lambda: dist.all_reduce(whole, group=group),
        "all_gather": lambda: gather(whole, part, group=group),
        "reduce_scatter": lambda: scatter(part, whole, group=group),
    }
    return calls[op]


def _renamed(name: str, former: str) -> Any:
    """A collective by the name that torch gives it from 2.13 on, or by the one before."""
    return getattr(dist, name, None) or getattr(dist, former)


def _measured(call: Call | None, calls: int, repeats: int, links: dict[str, list[list[str]]]) -> dict[str, Any]:
    if call is not None:
        call()
    dist.barrier()
    is_first = dist.get_rank() == 0
    before = _counters(links) if is_first else {}
    used, begin_s = usage() if is_first else None, time.monotonic()
    times_s = [_timed(call, calls) for _ in range(repeats)]
    dist.barrier()
    result: dict[str, Any] = {"times_s": times_s if call is not None else []}
    if is_first:
        result["busy"] = busy_share(used, usage(), time.monotonic() - begin_s, os.cpu_count() or 1)
        per_call = calls * repeats
        result["links"] = {
            name: [(after - start) / per_call for after, start in zip(ends, before[name], strict=True)]
            for name, ends in _counters(links).items()
        }
    dist.barrier()
    return result


def _timed(call: Call | None, calls: int) -> float:
    """Time of one of several calls in a row, which all ranks begin together."""
    dist.barrier()
    begin_s = time.perf_counter()
    if call is not None:
        for _ in range(calls):
            call()
    return (time.perf_counter() - begin_s) / calls


def _counters(links: dict[str, list[list[str]]]) -> dict[str, list[int]]:
    """Bytes that the two ends of every link have sent, read in the namespaces that hold them."""
    sent: dict[tuple[str, str], int] = {}
    for space in {space for ends in links.values() for space, _ in ends}:
        command = ("ip", "-n", space, "-s", "-j", "link", "show")
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        sent |= {(space, item["ifname"]): item["stats64"]["tx"]["bytes"] for item in json.loads(answer)}
    return {name: [sent[space, interface] for space, interface in ends] for name, ends in links.items()}


if __name__ == "__main__":
    main(sys.argv[1:])
    leave()
