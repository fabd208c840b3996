"""What breaks, how often, how it shows and how much it takes with it."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, Self

from pydantic import ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from clustersim.scenario.quantity import suggestion
from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.law import DurationLaw
from clustersim.scenario.schema.lifetime import AnyLifetime
from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Duration, Fraction, UnitRate

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
Effect = Literal["crash", "hang", "corrupt", "slow", "write_failure", "checkpoint_loss"]
Blast = Literal["job", "node", "rack", "leaf", "pod", "pdu", "cooling_loop", "site"]

LASTING = ("slow", "write_failure")
"""Effects that last a while."""
GOING_ON = (*LASTING, "checkpoint_loss")
"""Effects that the job trains on through."""


class _Wrong(NamedTuple):
    """What is wrong with one of the settings below a section."""

    path: tuple[str | int, ...]
    given: object
    message: str


def _refuse(section: str, problems: Iterable[_Wrong]) -> None:
    """Raise all problems at once, each where it was written."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{error}", {"error": wrong.message}),
            loc=wrong.path,
            input=wrong.given,
        )
        for wrong in problems
    ]
    if details:
        raise ValidationError.from_exception_data(section, details)


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
        description="crash: seen at once; hang: seen at the timeout; corrupt: silent, found later; slow: steps take"
        " `slowdown` times as long; write_failure: no checkpoint can be written; checkpoint_loss: the newest whole"
        " checkpoint cannot be read any more",
    )
    slowdown: float | None = setting(
        None, gt=1.0, description="factor on the time of a step while it lasts; with the effect slow"
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
        _refuse("FailureCategory", self._wrong_settings())
        return self

    def _wrong_settings(self) -> Iterator[_Wrong]:
        effect = self.effect
        if effect == "slow" and self.slowdown is None:
            yield _Wrong(("slowdown",), effect, "missing: how much longer a step takes while it lasts, e.g. 1.5")
        if effect != "slow" and self.slowdown is not None:
            message = f"goes with the effect slow, not with {effect}: leave it out, or write 'effect: slow'"
            yield _Wrong(("slowdown",), self.slowdown, message)
        if effect in LASTING and self.lasts is None:
            yield _Wrong(("lasts",), effect, f"missing: how long a failure with the effect {effect} lasts, e.g. 30 min")
        if effect not in LASTING and self.lasts is not None:
            message = f"goes with the effects {' and '.join(LASTING)}, not with {effect}: leave it out"
            yield _Wrong(("lasts",), self.lasts, message)
        if not self.stops_job and self.hang_fraction:
            message = (
                f"a failure with the effect {effect} never shows as a hang: leave it out, or write 'effect: crash'"
            )
            yield _Wrong(("hang_fraction",), self.hang_fraction, message)


class RecordedIncident(Section):
    """Something that did happen, or is supposed to, at a moment that is known."""

    at: Duration = setting(ge=0.0, description="when it strikes, in wall time since the start of the job")
    category: str = setting(description="failure category it is one of")
    lasts: Duration | None = setting(
        None, gt=0.0, description="how long this one lasts, in place of the category's `lasts`"
    )
    detection: Duration | None = setting(
        None, ge=0.0, description="time until this one is seen, in place of what `recovery.detection` says"
    )


class InfantMortality(Section):
    """A new fleet fails more often, and less so every day."""

    factor: float = setting(ge=1.0, description="factor on every rate when the fleet is new")
    decay: Duration = setting(
        "30 d",
        gt=0.0,
        description="age at which what the factor has above 1 has fallen to 1/e",
        source="SuperBench (USENIX ATC 2024): 10 % of new nodes are defective; the time scale of a month is assumed",
    )


class Temperature(Section):
    """Temperature over the day and the year, and what it does to every rate."""

    daily_swing: float = setting(0.0, ge=0.0, description="from the coldest to the hottest hour of a day [K]")
    yearly_swing: float = setting(0.0, ge=0.0, description="from the coldest to the hottest day of a year [K]")
    factor_per_10_k: float = setting(gt=0.0, description="factor on every rate for a temperature higher by 10 K")


class Lemons(Section):
    """Nodes that keep failing, until they are retired."""

    fraction: Fraction = setting(
        "1.2 %",
        description="share of the nodes",
        source="RSC-1 and RSC-2 (arXiv 2410.21680, 2024): 1.2 % of nodes were found to be lemons",
    )
    factor: float = setting(
        225.0,
        ge=1.0,
        description="factor on the rates of the categories that strike one node",
        source="derived: without its lemons RSC saw 4 % instead of 14 % of jobs on 512 and more GPUs fail"
        " (arXiv 2410.21680, 2024); ln 0.86 / ln 0.96 = 1 + 1.2 % (factor - 1)",
    )


class Failures(Catalogued, table="failures"):
    """The failure model: categories with independent clocks."""

    categories: dict[str, FailureCategory] = setting(description="failure categories by name")
    incidents: tuple[RecordedIncident, ...] = setting(
        (), description="recorded incidents: they strike in every replication, beside what the rates bring"
    )
    rate_multiplier: float = setting(1.0, ge=0.0, description="every rate times this")
    fleet_age: Duration = setting(
        "0 s",
        ge=0.0,
        description="age of every unit at the start; matters to lifetimes with a memory and to infant mortality",
    )
    infant_mortality: InfantMortality | None = setting(None, description="what ails a new fleet")
    drift_per_year: float = setting(
        0.0, gt=-1.0, description="share by which every rate grows in a year, e.g. 0.1; below 0 it falls"
    )
    temperature: Temperature | None = setting(None, description="how heat speeds failures up")
    lemons: Lemons | None = setting(None, description="nodes that keep failing")

    @model_validator(mode="after")
    def _incidents_are_of_a_category(self) -> Self:
        _refuse("Failures", self._wrong_incidents())
        return self

    def _wrong_incidents(self) -> Iterator[_Wrong]:
        for index, incident in enumerate(self.incidents):
            name, path = incident.category, ("incidents", index)
            if name not in self.categories:
                near = suggestion(name, self.categories) or f"; categories: {', '.join(self.categories) or 'none'}"
                message = f"there is no failure category '{name}'{near}"
                yield _Wrong((*path, "category"), name, message)
                continue
            category = self.categories[name]
            effect = category.effect
            if incident.lasts is not None and effect not in LASTING:
                message = f"'{name}' has the effect {effect}, which does not last: leave it out"
                yield _Wrong((*path, "lasts"), incident.lasts, message)
            if incident.detection is not None and not category.stops_job:
                message = f"'{name}' has the effect {effect}, which nobody has to detect: leave it out"
                yield _Wrong((*path, "detection"), incident.detection, message)
