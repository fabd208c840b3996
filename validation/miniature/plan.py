"""Which runs the miniature has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SEQUENCE, BATCH = 256, 8
"""Tokens of a sequence; sequences of a step."""

WARMUP_STEPS = 60


@dataclass(frozen=True, slots=True)
class Size:
    """A model: width, layers, heads."""

    hidden: int
    layers: int
    heads: int

    def table(self, vocabulary: int) -> dict[str, Any]:
        """The job's ``[model]`` table."""
        return {
            "layers": self.layers,
            "hidden": self.hidden,
            "heads": self.heads,
            "kv_heads": self.heads,
            "ffn_hidden": 8 * self.hidden // 3 // 16 * 16,
            "vocab": vocabulary,
            "tied": True,
        }

    def parameters(self, vocabulary: int) -> int:
        """Weights with the head and without the input embedding, as the loss laws of the catalogue count them."""
        table = self.table(vocabulary)
        layer = 4 * self.hidden**2 + 3 * self.hidden * table["ffn_hidden"] + 2 * self.hidden
        return self.layers * layer + self.hidden + vocabulary * self.hidden


@dataclass(frozen=True, slots=True)
class Form:
    """How much of everything.

    Attributes
    ----------
    ladder : tuple of Size
        Models that the forecast is made from.
    target : Size
        The model that it is made for.
    steps : int
        Steps of each.
    evaluate_every, sequences : int
        Steps between two evaluations, and sequences of each.
    seeds : tuple of int
        Of the runs with and without warm-up.
    ablation_steps : int
        Steps of each of those.
    copying_steps : int
        Steps of the run that learns to copy.
    """

    ladder: tuple[Size, ...]
    target: Size
    steps: int
    evaluate_every: int
    sequences: int
    seeds: tuple[int, ...]
    ablation_steps: int
    copying_steps: int


FULL = Form(
    ladder=(Size(64, 2, 2), Size(96, 3, 3), Size(128, 4, 4), Size(192, 4, 6)),
    target=Size(256, 6, 8),
    steps=1200,
    evaluate_every=100,
    sequences=64,
    seeds=(0, 1, 2, 3),
    ablation_steps=300,
    copying_steps=2500,
)

SMALL = Form(
    ladder=(Size(32, 1, 2), Size(48, 2, 3), Size(64, 2, 2)),
    target=Size(96, 2, 3),
    steps=24,
    evaluate_every=6,
    sequences=4,
    seeds=(0,),
    ablation_steps=12,
    copying_steps=12,
)

LEARNING_RATE, HIGH_LEARNING_RATE = 2e-3, 2e-2
"""Peak of the ladder and its target; and of the runs with and without warm-up, where the difference shows."""


COPYING, COPYING_VOCABULARY = Size(128, 2, 4), 256
COPYING_SEQUENCE, COPYING_BATCH, COPYING_LEARNING_RATE = 64, 32, 3e-3
"""The run that learns to copy; two layers are the fewest that can (Olsson et al. 2022, arXiv 2209.11895)."""


def learning_run(size: Size, vocabulary: int, shards: str, form: Form) -> dict[str, Mapping[str, Any]]:
    """A run at a constant learning rate, so that its loss after any number of tokens is that of a shorter run."""
    return _tables(
        size.table(vocabulary),
        shards,
        {"steps": form.steps, "learning_rate": LEARNING_RATE, "warmup_steps": min(WARMUP_STEPS, form.steps // 4)},
        {"evaluate_every": form.evaluate_every, "evaluate_sequences": form.sequences},
    )


def ablation_run(vocabulary: int, shards: str, form: Form, seed: int, *, warmup: bool) -> dict[str, Mapping[str, Any]]:
    """A run at a high learning rate, with or without warm-up."""
    steps = form.ablation_steps
    train = {
        "steps": steps,
        "learning_rate": HIGH_LEARNING_RATE,
        "warmup_steps": min(WARMUP_STEPS, steps // 3) if warmup else 0,
        "seed": seed,
    }
    evaluation = {"evaluate_every": steps, "evaluate_sequences": form.sequences}
    return _tables(form.ladder[-2].table(vocabulary), shards, train, evaluation)


def copying_run(form: Form) -> dict[str, Mapping[str, Any]]:
    """A run on synthetic sequences, half of them blocks that repeat, probed for copying from context.

    Many short sequences: with a few long ones of as many tokens copying had not begun after 2,500 steps.
    """
    train = {
        "steps": form.copying_steps,
        "learning_rate": COPYING_LEARNING_RATE,
        "warmup_steps": min(WARMUP_STEPS, form.copying_steps // 4),
        "sequence_length": COPYING_SEQUENCE,
        "micro_batch": COPYING_BATCH // 2,
        "global_batch": COPYING_BATCH,
    }
    probe = {"copying_every": max(1, form.copying_steps // 50)}
    return _tables(COPYING.table(COPYING_VOCABULARY), "", train, probe)


def _tables(
    model: Mapping[str, Any], shards: str, train: Mapping[str, Any], measure: Mapping[str, Any]
) -> dict[str, Mapping[str, Any]]:
    return {
        "model": model,
        "train": {
            "sequence_length": SEQUENCE,
            "micro_batch": BATCH // 2,
            "global_batch": BATCH,
            "schedule": "constant",
            **train,
        },
        "parallel": {"data": 2, "threads": 1},
        "data": {"shards": shards},
        "measure": measure,
    }
