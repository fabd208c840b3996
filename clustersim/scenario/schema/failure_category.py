"""One kind of failure: how often, how it shows and how much it takes with it."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import model_validator

from clustersim.scenario.schema.law import DurationLaw
from clustersim.scenario.schema.lifetime import AnyLifetime
from clustersim.scenario.schema.model import Count, PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.schema.wrong import Wrong, refuse
from clustersim.scenario.units import Fraction, UnitRate

Component = Literal[
    "gpu",
    "hbm",
    "nvlink",
    "nic",
    "cable",
    "switch",
    "host",
    "psu",
    "rack",
    "cooling",
    "power_feed",
    "storage",
    "software",
    "data",
]
Effect = Literal["crash", "hang", "corrupt", "loss_spike", "slow", "write_failure", "checkpoint_loss"]
Blast = Literal["job", "node", "rack", "leaf", "pod", "pdu", "cooling_loop", "site"]

SLOW_BY = ("slowdown", "gpu_speed", "bandwidth")
"""Settings of which a slow category has one."""
SLOW_UNITS = ("nic", "node", "leaf", "spine")
"""Units whose links may be slow."""

LASTING = ("slow", "write_failure")
"""Effects that last a while."""
GOING_ON = (*LASTING, "checkpoint_loss")
"""Effects that the job trains on through."""


class FailureCategory(Section):
    """One kind of failure, with its own clock on every unit it can strike."""

    component: Component = setting(
        description="what breaks: the label in the report, it changes nothing in the simulation"
    )
    rate: UnitRate = setting(description="failures per unit and time, e.g. 6.97 per million GPU-hours")
    published_count: PositiveInt | None = setting(
        None, description="failures behind the rate; its Poisson uncertainty is carried into the forecast"
    )
    lifetime: AnyLifetime = setting(
        {"kind": "exponential"},
        description="law of the time to failure of one unit; a new one lives 1 / rate on average",
    )
    renewal: Fraction = setting(
        1.0,
        description="share of its age that a unit loses by a failure and its repair: 100 % as good as new, 0 % as bad"
        " as old",
    )
    idle_factor: float = setting(
        1.0, ge=0.0, le=1.0, description="rate of units that stand idle, spares and the job while it is down included"
    )
    effect: Effect = setting(
        "crash",
        description="crash: seen at once; hang: seen at the timeout; corrupt: silent, found later; loss_spike: found"
        " soon, then training goes back to before it and leaves out its data; slow: steps take longer; write_failure:"
        " no checkpoint can be written; checkpoint_loss: the newest whole checkpoint cannot be read any more",
    )
    slowdown: float | None = setting(
        None, gt=1.0, description="factor on the time of a step while it lasts; with the effect slow"
    )
    gpu_speed: Fraction | None = setting(
        None,
        gt=0.0,
        lt=1.0,
        description="share of its speed that one GPU keeps while it lasts; with the effect slow, whose factor on the"
        " step the step model then works out: the GPU gates its pipeline stage",
    )
    bandwidth: Fraction | None = setting(
        None,
        lt=1.0,
        description="share of its bandwidth that the link of the failing NIC, or the links of the failing node, leaf or"
        " spine keep while it lasts; with the effect slow, whose factor on the step the step model then works out",
    )
    rewind: Count | None = setting(
        None,
        description="steps before the spike to which the weights go back at least; with the effect loss_spike, 100 when"
        " omitted",
        source="PaLM (arXiv 2204.02311, 2022), section 5.1: a checkpoint roughly 100 steps before the spike",
    )
    skip: Count | None = setting(
        None,
        description="batches of data left out afterwards; with the effect loss_spike, 350 when omitted",
        source="PaLM (arXiv 2204.02311, 2022), section 5.1: roughly 200 to 500 batches",
    )
    lasts: DurationLaw | None = setting(
        None, description="how long it lasts; with the effects slow and write_failure, which end by themselves"
    )
    hang_fraction: Fraction = setting(0.0, description="share of crashes that show as a hang instead")
    blast: Blast = setting(
        "node",
        description="what goes down with it: nothing but the job; its node; or all nodes of its rack, leaf switch, pod,"
        " power distribution unit, cooling loop or site",
    )
    evict: Fraction = setting(
        1.0,
        description="share that need the node replaced; the rest are cured by a restart. Where the job trains on, the"
        " node is replaced when the job next stops, if the trouble still lasts",
    )
    repair: DurationLaw | None = setting(
        None, description="hands-on repair of one incident; `spares.repair` when omitted"
    )

    @property
    def stops_job(self) -> bool:
        """Whether the job has to recover from it, sooner or later; it trains on through the others."""
        return self.effect not in GOING_ON

    @model_validator(mode="after")
    def _effect_has_its_settings(self) -> Self:
        refuse("FailureCategory", [*self._wrong_slowing(), *self._wrong_lasting(), *self._wrong_spike()])
        return self

    def _wrong_slowing(self) -> Iterator[Wrong]:
        effect, given = self.effect, [name for name in SLOW_BY if getattr(self, name) is not None]
        if effect == "slow" and not given:
            message = (
                "missing: how much longer a step takes while it lasts, e.g. 1.5; or what slows it down instead:"
                " gpu_speed or bandwidth"
            )
            yield Wrong(("slowdown",), effect, message)
        for name in given if effect != "slow" else given[1:]:
            message = (
                f"goes with the effect slow, not with {effect}: leave it out, or write 'effect: slow'"
                if effect != "slow"
                else f"a slow category has one of {', '.join(SLOW_BY)}, and '{given[0]}' is set: leave one out"
            )
            yield Wrong((name,), getattr(self, name), message)
        if self.bandwidth is not None and self.rate.unit not in SLOW_UNITS:
            message = (
                f"is that of the links of the failing unit, and a {self.rate.unit} has none: give the rate per"
                f" {', '.join(SLOW_UNITS[:-1])} or {SLOW_UNITS[-1]}"
            )
            yield Wrong(("bandwidth",), self.bandwidth, message)

    def _wrong_lasting(self) -> Iterator[Wrong]:
        effect = self.effect
        if effect in LASTING and self.lasts is None:
            yield Wrong(("lasts",), effect, f"missing: how long a failure with the effect {effect} lasts, e.g. 30 min")
        if effect not in LASTING and self.lasts is not None:
            message = f"goes with the effects {' and '.join(LASTING)}, not with {effect}: leave it out"
            yield Wrong(("lasts",), self.lasts, message)
        if effect not in ("crash", "hang") and self.hang_fraction:
            message = (
                f"a failure with the effect {effect} never shows as a hang: leave it out, or write 'effect: crash'"
            )
            yield Wrong(("hang_fraction",), self.hang_fraction, message)

    def _wrong_spike(self) -> Iterator[Wrong]:
        spike = self.effect == "loss_spike"
        for name in ("rewind", "skip"):
            value = getattr(self, name)
            if value is not None and not spike:
                message = f"goes with the effect loss_spike, not with {self.effect}: leave it out"
                yield Wrong((name,), value, message)
        if spike and self.blast != "job":
            message = "no node is at fault when the loss diverges: write 'blast: job'"
            yield Wrong(("blast",), self.blast, message)
