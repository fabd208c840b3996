"""Runs everything and gathers what was learned."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from validation.gpt.config_text import toml_text
from validation.miniature import plan
from validation.miniature.forecast import forecast, form_error_of, law_of
from validation.miniature.plan import Form, Size

SCHEMA = 1

DIVERGED = 3
"""Exit code of a job whose loss is no number any more."""

THINNED = 100
"""Points kept of a loss curve."""

Said = Callable[[str], None]


class RunFailed(RuntimeError):  # noqa: N818 - named after what it says
    """A run that did not end; the message has the end of what it printed."""


def run_miniature(shards: Path, form: Form, say: Said) -> dict[str, Any]:
    """Run the ladder, forecast the target, run it, and then the other questions.

    Parameters
    ----------
    shards : Path
        Packed shards of a corpus (``python -m validation.corpus``).
    form : Form
        How much of everything.
    say : callable
        Told what happens, a line each.
    """
    index = json.loads((shards / "index.json").read_text("utf-8"))
    vocabulary, folder, began = int(index["vocab"]), str(shards.resolve()), time.time()
    ladder = []
    for size in form.ladder:
        ladder.append(_learned(size, vocabulary, folder, form))
        say(f"ladder, {ladder[-1]['parameters']:,} parameters: {ladder[-1]['evaluations'][-1]['loss']:.3f} nats")
    made = _forecast(form, ladder, vocabulary)
    say(f"forecast of {form.target}: {made['points'][-1]['loss']:.3f} nats")
    target = _learned(form.target, vocabulary, folder, form)
    say(f"measured: {target['evaluations'][-1]['loss']:.3f} nats")
    warmup = {
        name: [_ablated(vocabulary, folder, form, seed, warmup=on) for seed in form.seeds]
        for name, on in (("with", True), ("without", False))
    }
    say("warm-up: done")
    copying = copying_part(form)
    say("copying: done")
    return {
        "schema": SCHEMA,
        "kind": "miniature",
        "environment": target.pop("environment"),
        "corpus": {"vocabulary": vocabulary, "train_tokens": sum(one["tokens"] for one in index["shards"]["train"])},
        "ladder": [{key: value for key, value in run.items() if key != "environment"} for run in ladder],
        "forecast": made,
        "target": target,
        "warmup": {"learning_rate": plan.HIGH_LEARNING_RATE, **warmup},
        "copying": copying["copying"],
        "bill": {"wall_s": time.time() - began, "cpu_s": _cpu_s(), "model_flop": _model_flop(form, vocabulary)},
    }


def copying_again(tree: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """A miniature whose copying is measured anew; what that takes is added to its bill."""
    began, bill = time.time(), tree["bill"]
    copying = copying_part(form)
    flop = _model_flop(form, tree["corpus"]["vocabulary"])
    more = {"wall_s": bill["wall_s"] + time.time() - began, "cpu_s": bill["cpu_s"] + _cpu_s(), "model_flop": flop}
    return {**tree, "copying": copying["copying"], "copying_environment": copying["environment"], "bill": more}


def copying_part(form: Form) -> dict[str, Any]:
    """The run that learns to copy."""
    return _job(plan.copying_run(form))


def _cpu_s() -> float:
    """Time that the processors have worked on the runs so far [s]."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _model_flop(form: Form, vocabulary: int) -> float:
    """Six times parameters times tokens (Kaplan et al. 2020, arXiv 2001.08361), over all runs [FLOP]."""
    runs = [(size.parameters(vocabulary), form.steps) for size in (*form.ladder, form.target)]
    runs += [(form.ladder[-2].parameters(vocabulary), form.ablation_steps)] * (2 * len(form.seeds))
    learned = sum(parameters * steps for parameters, steps in runs) * plan.SEQUENCE * plan.BATCH
    copied = plan.COPYING.parameters(plan.COPYING_VOCABULARY) * form.copying_steps
    return 6.0 * (learned + copied * plan.COPYING_SEQUENCE * plan.COPYING_BATCH)


def _forecast(form: Form, ladder: list[dict[str, Any]], vocabulary: int) -> dict[str, Any]:
    tokens = [point["tokens"] for point in ladder[-1]["evaluations"]]
    law, error = law_of(ladder), form_error_of(ladder)
    parameters = form.target.parameters(vocabulary)
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "law": [float(value) for value in law.best],
        "form_error": error,
        "parameters": parameters,
        "points": forecast(law, parameters, tokens, error),
    }


def _learned(size: Size, vocabulary: int, shards: str, form: Form) -> dict[str, Any]:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    found = _job(plan.learning_run(size, vocabulary, shards, form))
    return {
        "parameters": size.parameters(vocabulary),
        "started": started,
        "evaluations": found["evaluations"],
        "loss": found["loss"],
        "clipped": found["clipped"],
        "environment": found["environment"],
    }


def _ablated(vocabulary: int, shards: str, form: Form, seed: int, *, warmup: bool) -> dict[str, Any]:
    found = _job(plan.ablation_run(vocabulary, shards, form, seed, warmup=warmup))
    evaluations = found["evaluations"]
    return {
        "seed": seed,
        "diverged": found["diverged"],
        "clipped": found["clipped"],
        "highest_gradient_norm": found["highest_gradient_norm"],
        "loss": found["loss"],
        "final_loss": evaluations[-1]["loss"] if evaluations and not found["diverged"] else None,
    }


def _job(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Run one job and read its log."""
    with TemporaryDirectory() as folder:
        config, out = Path(folder) / "job.toml", Path(folder) / "out"
        config.write_text(toml_text(tables), "utf-8")
        command = [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
            *("-m", "validation.gpt", str(config), "--out", str(out)),
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        log = out / "log.jsonl"
        events = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
        ended = [event for event in events if event["event"] == "end"]
        if done.returncode != 0 and not (ended and "diverge" in str(ended[-1].get("reason"))):
            tail = "\n".join((done.stderr or done.stdout).splitlines()[-8:])
            problem = f"exit code {done.returncode}\n{tail}"
            raise RunFailed(problem)
    return _read(events, tables, diverged=done.returncode != 0)


def _read(events: list[dict[str, Any]], tables: Mapping[str, Mapping[str, Any]], *, diverged: bool) -> dict[str, Any]:
    steps = [event for event in events if event["event"] == "step"]
    per_step = tables["train"]["sequence_length"] * tables["train"]["global_batch"]
    clip = float(tables["train"].get("clip", 1.0))
    norms = [step["gradient_norm"] for step in steps if step["gradient_norm"] is not None]
    every = max(1, len(steps) // THINNED)
    return {
        "environment": next(event["environment"] for event in events if event["event"] == "start"),
        "evaluations": [
            {"tokens": event["step"] * per_step, "loss": event["loss"]}
            for event in events
            if event["event"] == "evaluation" and event["step"] > 0
        ],
        "copying": [
            {"tokens": event["step"] * per_step, "accuracy": event["accuracy"]}
            for event in events
            if event["event"] == "copying"
        ],
        "loss": [[step["step"] * per_step, step["loss"]] for step in steps[::every]],
        "clipped": sum(norm > clip for norm in norms) / max(1, len(norms)),
        "highest_gradient_norm": max(norms, default=None),
        "diverged": diverged,
    }
