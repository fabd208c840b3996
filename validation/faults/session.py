"""Measures everything a protocol names, round after round, into one file."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from validation.faults.account import NothingUndisturbed
from validation.faults.calibration import calibration
from validation.faults.disk import can_mount
from validation.faults.plan import ASSUMED_STEP_S, Protocol, Scenario, random_incidents
from validation.faults.run import JobFailed, measured
from validation.gpt.whole_file import write_whole
from validation.machine import DISTURBED
from validation.quiet import wait_for_quiet

SCHEMA = 1

RANDOM_REPEATS = 2
"""Random runs of a round, each with kills of its own."""

LONGEST = 20.0
"""Random kills are drawn for so many times the undisturbed length of the run; what comes after its end is dropped."""

Say = Callable[[str], None]
Tree = dict[str, Any]
Measure = Callable[[Scenario, Tree, bool], Tree]


def run_session(
    protocol: Protocol,
    names: Sequence[str],
    out: Path,
    rounds: int,
    *,
    seed: int,
    say: Say,
    patience_s: float = 0.0,
    measure: Measure = measured,
) -> Tree:
    """Run calibration and scenarios until each has so many undisturbed repeats.

    Parameters
    ----------
    protocol : Protocol
        Every run there is.
    names : sequence of str
        Those that are to be run; the calibration always is.
    out : Path
        The file. It is rewritten after every run; what it holds counts, so that an interrupted session goes on.
    rounds : int
        Undisturbed repeats of each run; twice as many are tried. Calibration runs stand between the others: the machine
        of an hour ago is another one.
    seed : int
        Of the order of the scenarios and of the random kills.
    say : callable
        Told what happens, a line each.
    patience_s : float
        Longest wait for a quiet machine before each run [s].
    measure : callable
        Runs a scenario once.

    Returns
    -------
    dict
        What the file holds.
    """
    tree = _opened(out)
    why = can_mount()
    tree["protocol"] = {
        "rounds": rounds,
        "seed": seed,
        "disturbed": f"others used more than {DISTURBED:.0%} of the processors; such repeats do not count if others do",
        "order": "scenarios in an order drawn anew each round, calibration runs between them, then the random runs",
        "checkpoints": "in a folder of the disk" if why else "on a small file system in memory",
    }
    order = random.Random(seed)
    for turn in range(2 * rounds):
        for kind, scenario in _runs(protocol, names, order):
            run = _of(tree, kind, scenario)
            if _undisturbed(run) >= rounds * (RANDOM_REPEATS if kind == "random" else 1):
                continue
            if scenario.needs_disk and why:
                say(f"{scenario.name}: skipped; {why}")
                continue
            if kind == "random":
                scenario = _with_kills(scenario, protocol.interval_s, seed + len(run["repeats"]))
                run |= {"interval_s": protocol.interval_s, "seed": seed}
            if not wait_for_quiet(patience_s):
                say(f"{scenario.name}: others still use the machine after {patience_s / 60.0:g} minutes")
            repeat = _tried(scenario, run["config"], bool(why), say, measure)
            _add(tree, kind, scenario, run, repeat)
            write_whole(out, tree)
            say(_told(turn, scenario, repeat))
    return tree


def _told(turn: int, scenario: Scenario, repeat: Tree) -> str:
    disturbed = " (disturbed)" if repeat["disturbed"] else ""
    return f"round {turn + 1}: {scenario.name}: ETTR {repeat['ettr']:.3f} in {repeat['wall_s']:.0f} s{disturbed}"


def _tried(scenario: Scenario, config: Tree, on_disk: bool, say: Say, measure: Measure) -> Tree:
    """Run a scenario, and once more if the job fails: a machine that others use may make it too slow."""
    try:
        return measure(scenario, config, on_disk)
    except (JobFailed, NothingUndisturbed) as error:
        say(f"{error}\n{scenario.name}: once more")
        return measure(scenario, config, on_disk)


def _runs(protocol: Protocol, names: Sequence[str], order: random.Random) -> Iterator[tuple[str, Scenario]]:
    """Runs of a round, in their order: the calibration is spread over the scenarios, its first run comes first."""
    chosen = [scenario for scenario in protocol.scenarios if scenario.name in names]
    order.shuffle(chosen)
    runs = len(protocol.calibration)
    for place, scenario in enumerate(protocol.calibration):
        yield "calibration_runs", scenario
        own = slice(place * len(chosen) // runs, (place + 1) * len(chosen) // runs)
        yield from (("scenarios", scenario) for scenario in chosen[own])
    if protocol.random.name in names:
        yield from RANDOM_REPEATS * (("random", protocol.random),)


def _with_kills(scenario: Scenario, interval_s: float, seed: int) -> Scenario:
    """A run with kills drawn anew."""
    return replace(scenario, incidents=tuple(random_incidents(interval_s, seed, LONGEST * scenario.work_s)))


def _opened(out: Path) -> Tree:
    if out.exists():
        tree: Tree = json.loads(out.read_text("utf-8"))
        return tree
    return {
        "schema": SCHEMA,
        "kind": "faults",
        "environment": {},
        "protocol": {},
        "calibration": {},
        "calibration_runs": [],
        "scenarios": [],
        "random": {},
    }


def _undisturbed(run: Tree) -> int:
    return sum(not repeat["disturbed"] for repeat in run["repeats"])


def _of(tree: Tree, kind: str, scenario: Scenario) -> Tree:
    """The entry of a scenario, made with the step time that is known when it is first run."""
    if kind == "random":
        known: Tree = tree["random"]
        return known or _entry(tree, scenario)
    found: Tree | None = next((run for run in tree[kind] if run["name"] == scenario.name), None)
    return found or _entry(tree, scenario)


def _entry(tree: Tree, scenario: Scenario) -> Tree:
    step_s = tree["calibration"].get("step_time_s", ASSUMED_STEP_S)
    return {
        "name": scenario.name,
        "config": scenario.config(step_s),
        "hang_timeout_s": scenario.hang_timeout_s,
        "incidents": [incident.tree() for incident in scenario.incidents],  # each random repeat has its own
        "repeats": [],
    }


def _add(tree: Tree, kind: str, scenario: Scenario, run: Tree, repeat: Tree) -> None:
    tree["environment"] = repeat.pop("environment")
    run["repeats"].append(repeat)
    if kind == "random":
        repeat["incidents"] = [i.tree() for i in scenario.incidents if i.at_s < repeat["wall_s"]]
        tree["random"] = run
    elif run not in tree[kind]:
        tree[kind].append(run)
    tree["calibration"] = calibration(tree["calibration_runs"])
