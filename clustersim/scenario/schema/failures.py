"""What breaks: the categories, the incidents that are known, and what ails the fleet as a whole."""

from collections.abc import Iterator
from typing import Self

from pydantic import model_validator

from clustersim.scenario.quantity import suggestion
from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.failure_category import LASTING, FailureCategory
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.schema.wrong import Wrong, refuse
from clustersim.scenario.units import Duration, Fraction


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
        refuse("Failures", self._wrong_incidents())
        return self

    def _wrong_incidents(self) -> Iterator[Wrong]:
        for index, incident in enumerate(self.incidents):
            name, path = incident.category, ("incidents", index)
            if name not in self.categories:
                near = suggestion(name, self.categories) or f"; categories: {', '.join(self.categories) or 'none'}"
                message = f"there is no failure category '{name}'{near}"
                yield Wrong((*path, "category"), name, message)
                continue
            category = self.categories[name]
            effect = category.effect
            if incident.lasts is not None and effect not in LASTING:
                message = f"'{name}' has the effect {effect}, which does not last: leave it out"
                yield Wrong((*path, "lasts"), incident.lasts, message)
            if incident.detection is not None and not category.stops_job:
                message = f"'{name}' has the effect {effect}, which nobody has to detect: leave it out"
                yield Wrong((*path, "detection"), incident.detection, message)
