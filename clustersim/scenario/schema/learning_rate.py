"""The learning rate over the run: its peak, how it climbs and how it comes down."""

from itertools import pairwise
from typing import Literal, Self

from pydantic import model_validator

from clustersim._numerals import short
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Fraction, Tokens

ScheduleKind = Literal["cosine", "wsd", "linear", "constant", "drops", "points"]
CooldownShape = Literal["linear", "one_minus_sqrt", "exponential"]


class RatePoint(Section):
    """A learning rate at some point of the run."""

    at: Tokens = setting(gt=0.0, description="tokens trained when it is reached")
    share: Fraction = setting(description="learning rate there, as a share of the peak")


class LearningRate(Section):
    """Schedule of the learning rate over all phases; batches ramp with the phases' global_batch."""

    peak: float | None = setting(None, gt=0.0, description="peak learning rate, e.g. 8e-5; unknown when omitted")
    schedule: ScheduleKind = setting(
        "cosine",
        description="how it comes down: cosine, wsd (warm-up, stable, decay), linear, constant, drops (at once, at each"
        " of the points) or points (straight from one to the next)",
        source="Llama 3 (arXiv 2407.21783, 2024), section 3.4.1: cosine",
    )
    warmup_steps: float | None = setting(
        None,
        ge=0.0,
        description="steps of linear warm-up; when neither it nor warmup_tokens is given, 8,000 or 2 % of all steps,"
        " whichever is less",
    )
    warmup_tokens: Tokens | None = setting(None, ge=0.0, description="the same in tokens")
    floor: Fraction = setting(
        "1 %",
        description="learning rate at the end, as a share of the peak: of cosine, wsd and linear",
        source="Llama 3 (arXiv 2407.21783, 2024), section 3.4.1: 8e-5 to 8e-7",
    )
    cooldown_share: Fraction = setting(
        "20 %",
        description="share of all steps that the decay of wsd takes",
        source="Hägele et al. 2024 (arXiv 2405.18392): 20 % matches a cosine",
    )
    cooldown: CooldownShape = setting(
        "one_minus_sqrt",
        description="shape of the decay of wsd: linear, one_minus_sqrt or exponential",
        source="Hägele et al. 2024 (arXiv 2405.18392): one minus a square root does best",
    )
    points: tuple[RatePoint, ...] = setting((), description="of drops and points, in order of tokens")

    @model_validator(mode="after")
    def _says_what_its_schedule_takes(self) -> Self:
        wrong = self._setting_of_another_schedule() or self._impossible_points()
        if not wrong and self.warmup_steps is not None and self.warmup_tokens is not None:
            wrong = "takes either 'warmup_steps' or 'warmup_tokens'"
        if not wrong and self.schedule == "wsd" and self.cooldown == "exponential" and self.floor == 0.0:
            wrong = "an exponential cool-down never reaches zero; give a 'floor' above 0 %"
        if wrong:
            raise ValueError(wrong)
        return self

    def _setting_of_another_schedule(self) -> str:
        # Compared with the default, not with what was written: a resolved scenario writes every setting.
        belongs = {
            "floor": (0.01, ("cosine", "wsd", "linear")),
            "cooldown_share": (0.2, ("wsd",)),
            "cooldown": ("one_minus_sqrt", ("wsd",)),
            "points": ((), ("drops", "points")),
        }
        for name, (default, kinds) in belongs.items():
            if getattr(self, name) != default and self.schedule not in kinds:
                return f"'{name}' goes with the schedule {' or '.join(kinds)}, not with {self.schedule}"
        return ""

    def _impossible_points(self) -> str:
        tokens = [point.at for point in self.points]
        if self.schedule in ("drops", "points") and not tokens:
            return f"the schedule {self.schedule} takes 'points', e.g. [{{at: 1T tokens, share: 30 %}}]"
        for before, after in pairwise(tokens):
            if after <= before:
                return (
                    f"'points' are in rising order of tokens: {short(before)} stands before {short(after)} tokens; put "
                    "them in order, each once"
                )
        return ""
