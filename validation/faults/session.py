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
    measure: Measure = measured,
) -> Tree:
    """Run calibration and scenarios so many times.

    Parameters
    ----------
    protocol : Protocol
        Every run there is.
    names : sequence of str
        Those that are to be run; the calibration always is.
    out : Path
        The file. It is rewritten after every run; what it holds counts, so that an interrupted session goes on.
    rounds : int
        Repeats of each run. Calibration runs stand between the others: the machine of an hour ago is another one.
    seed : int
        Of the order of the scenarios and of the random kills.
    say : callable
        Told what happens, a line each.
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
        "order": "scenarios in an order drawn anew each round, calibration runs between them, then the random runs",
        "checkpoints": "in a folder of the disk" if why else "on a small file system in memory",
    }
    order = random.Random(seed)
    for turn in range(rounds):
        for kind, scenario in _runs(protocol, names, turn, seed, order):
            if _has(tree, kind, scenario, turn):
                continue
            if scenario.needs_disk and why:
                say(f"{scenario.name}: skipped; {why}")
                continue
            run = _of(tree, kind, scenario)
            if kind == "random":
                run |= {"name": protocol.random.name, "interval_s": protocol.interval_s, "seed": seed, "incidents": []}
            repeat = _tried(scenario, run["config"], bool(why), say, measure)
            _add(tree, kind, scenario, run, repeat)
            _write(tree, out)
            say(f"round {turn + 1} of {rounds}: {scenario.name}: ETTR {repeat['ettr']:.3f} in {repeat['wall_s']:.0f} s")
    return tree


def _tried(scenario: Scenario, config: Tree, on_disk: bool, say: Say, measure: Measure) -> Tree:
    """Run a scenario, and once more if the job fails: a machine that others use may make it too slow."""
    try:
        return measure(scenario, config, on_disk)
    except (JobFailed, NothingUndisturbed) as error:
        say(f"{error}\n{scenario.name}: once more")
        return measure(scenario, config, on_disk)


def _runs(
    protocol: Protocol, names: Sequence[str], turn: int, seed: int, order: random.Random
) -> Iterator[tuple[str, Scenario]]:
    """Runs of a round, in their order: the calibration is spread over the scenarios, its first run comes first."""
    chosen = [scenario for scenario in protocol.scenarios if scenario.name in names]
    order.shuffle(chosen)
    runs = len(protocol.calibration)
    for place, scenario in enumerate(protocol.calibration):
        yield "calibration_runs", scenario
        own = slice(place * len(chosen) // runs, (place + 1) * len(chosen) // runs)
        yield from (("scenarios", scenario) for scenario in chosen[own])
    if protocol.random.name in names:
        for number in range(RANDOM_REPEATS):
            draws = random_incidents(
                protocol.interval_s, seed + RANDOM_REPEATS * turn + number, LONGEST * protocol.random.work_s
            )
            yield (
                "random",
                replace(protocol.random, name=f"{protocol.random.name} {number + 1}", incidents=tuple(draws)),
            )


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


def _has(tree: Tree, kind: str, scenario: Scenario, turn: int) -> bool:
    """Whether the repeat of this round is in the file."""
    if kind == "random":
        number = RANDOM_REPEATS * turn + int(scenario.name.split()[-1])
        return len(tree["random"].get("repeats", ())) >= number
    return any(run["name"] == scenario.name and len(run["repeats"]) > turn for run in tree[kind])


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
        "incidents": [incident.tree() for incident in scenario.incidents],
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


def _write(tree: Tree, out: Path) -> None:
    part = out.with_name(out.name + ".part")
    part.write_text(json.dumps(tree, indent=1) + "\n", "utf-8")
    part.replace(out)
