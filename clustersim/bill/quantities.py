"""What each claim speaks of: the unit it is shown in, the words for it, and what exactly is counted."""

from dataclasses import dataclass

SECONDS_PER_HOUR = 3600.0
SECONDS_PER_DAY = 86400.0
DAYS_PER_MONTH = 30.4375
"""365.25 days in a year, over 12."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A result that can be claimed.

    Parameters
    ----------
    unit : str
        Unit it is shown in.
    scale : float
        SI units in one of that unit.
    noun : str
        What follows the number in a sentence.
    counted : str
        What the forecast counts, so that like is compared with like.
    """

    unit: str
    scale: float
    noun: str
    counted: str


QUANTITIES: dict[str, Quantity] = {
    "gpus": Quantity("GPUs", 1.0, "GPUs", "the most GPUs the job uses at a time, spares not"),
    "gpu_time": Quantity(
        "GPU-hours",
        SECONDS_PER_HOUR,
        "GPU-hours",
        "every GPU of the job from start to finish, all phases and stops included, spares not",
    ),
    "main_gpu_time": Quantity(
        "GPU-hours",
        SECONDS_PER_HOUR,
        "GPU-hours of the main run",
        "every GPU of the job during the main phases, stops included, spares not",
    ),
    "wall_time": Quantity(
        "days", SECONDS_PER_DAY, "days from start to finish", "calendar time of all phases, stops included"
    ),
    "cost": Quantity(
        "USD",
        1.0,
        "for the run",
        "reserved GPU-hours, spares included, at the price of a GPU-hour; staff and trial runs not",
    ),
    "energy": Quantity("MWh", 3.6e9, "MWh", "electricity of the job's nodes and the spares, times the site's PUE"),
    "carbon": Quantity(
        "tonnes",
        1000.0,
        "tonnes of carbon dioxide",
        "electricity at the grid's average intensity; making the hardware not",
    ),
    "steps": Quantity("steps", 1.0, "optimizer steps", "updates of the weights, each made once for all replicas"),
    "tokens": Quantity("tokens", 1.0, "tokens", "tokens that the final model keeps, work done again not"),
    "step_time": Quantity("s", 1.0, "s a step", "an undisturbed optimizer step"),
    "model_flops_per_gpu": Quantity(
        "TFLOP/s",
        1e12,
        "TFLOP/s per GPU",
        "model FLOPs of an undisturbed step, recomputation not, over the GPUs of the job",
    ),
    "effective_training_time": Quantity(
        "fraction", 1.0, "effective training time", "time that advances the model, as a share of wall time"
    ),
    "unexpected_interruptions": Quantity(
        "", 1.0, "unexpected interruptions", "failures that stop the job; planned stops not"
    ),
    "planned_interruptions": Quantity("", 1.0, "planned interruptions", "maintenance stops of the job"),
    "manual_interventions": Quantity(
        "", 1.0, "failures that waited for a person", "interruptions that the scheduler could not recover by itself"
    ),
    "mean_time_to_interruption": Quantity(
        "hours", SECONDS_PER_HOUR, "hours between interruptions", "wall time over unexpected interruptions"
    ),
    "loss": Quantity("nats/token", 1.0, "nats/token", "held-out loss"),
    "cost_of_a_tenth": Quantity(
        "USD",
        1.0,
        "for a tenth of a nat",
        "the price of the tokens that lower the loss by 0.1 nats from there on, the same model trained longer",
    ),
    "score": Quantity("fraction", 1.0, "of the answers right", "score of a base model by its training compute"),
    "transition": Quantity(
        "decades",
        1.0,
        "decades of training compute",
        "from a tenth to nine tenths of the way from chance to the ceiling",
    ),
    "corpus_share": Quantity("fraction", 1.0, "of the tokens", "share of published mixes"),
    "divergence": Quantity(
        "fraction", 1.0, "chance of divergence without warm-up", "a run whose learning rate starts at its peak"
    ),
}
"""Every quantity of a claim, by its name in the scenario."""
