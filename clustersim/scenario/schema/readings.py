"""What is read off a finished run: windows, and claims to hold it against."""

from typing import Annotated, Literal, Self, overload

from pydantic import ValidationInfo, field_validator, model_validator

from clustersim._numerals import short
from clustersim.scenario.schema.catalogued import entry_of
from clustersim.scenario.schema.failure_category import Component
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Duration, Tokens, parse_number, parse_quantity

CLAIMED_QUANTITIES: dict[str, str | None] = {
    "gpus": None,
    "gpu_time": "gpu time",
    "main_gpu_time": "gpu time",
    "wall_time": "time",
    "cost": "money",
    "energy": "energy",
    "carbon": "mass",
    "steps": None,
    "tokens": "tokens",
    "step_time": "time",
    "model_flops_per_gpu": "flop rate",
    "effective_training_time": "fraction",
    "unexpected_interruptions": None,
    "planned_interruptions": None,
    "manual_interventions": None,
    "mean_time_to_interruption": "time",
    "loss": None,
    "cost_of_a_tenth": "money",
    "score": "fraction",
    "transition": None,
    "corpus_share": "fraction",
    "divergence": "fraction",
}
"""What a claim may speak of, and the dimension of its value (None: a plain number)."""

ClaimedQuantity = Literal[
    "gpus",
    "gpu_time",
    "main_gpu_time",
    "wall_time",
    "cost",
    "energy",
    "carbon",
    "steps",
    "tokens",
    "step_time",
    "model_flops_per_gpu",
    "effective_training_time",
    "unexpected_interruptions",
    "planned_interruptions",
    "manual_interventions",
    "mean_time_to_interruption",
    "loss",
    "cost_of_a_tenth",
    "score",
    "transition",
    "corpus_share",
    "divergence",
]

CorpusPart = Literal["web", "code", "papers", "books"]

_OF_LEARNING = ("loss", "cost_of_a_tenth", "score", "transition", "corpus_share", "divergence")
_OF_BENCHMARKS = ("score", "transition")
_AT_A_MOMENT = ("loss", "cost_of_a_tenth", "score")


class Window(Section):
    """A stretch of wall time that is reported by itself, such as a published snapshot."""

    name: str = setting(description="what the window is called")
    start: Duration = setting("0 s", ge=0.0, description="wall time from the start of the job")
    length: Duration = setting(gt=0.0, description="length of the window")


class Claim(Section):
    """A number somebody published or promised. It is compared with the forecast and changes nothing in it."""

    quantity: ClaimedQuantity = setting(description="which result it speaks of")
    equals: str | float | None = setting(None, description="the claimed value, e.g. 30.84M GPU-hours")
    at_least: str | float | None = setting(
        None, description="lower end of the claim; beside `equals`, of the band that its source leaves around it"
    )
    at_most: str | float | None = setting(None, description="upper end of the claim, or of the band")
    components: tuple[Component, ...] = setting(
        (), description="components whose failures it counts, as the categories name them; all when omitted"
    )
    window: str | None = setting(None, description="window it speaks of; the whole run when omitted")
    phase: str | None = setting(None, description="phase it speaks of; the whole run when omitted")
    at: Tokens | None = setting(
        None,
        ge=0.0,
        description="tokens trained when a claimed loss, score or price of a tenth of a nat is read; the end when"
        " omitted",
    )
    benchmark: Annotated[str, entry_of("capability_laws")] | None = setting(
        None, description="benchmark of a claimed score or transition, as the catalogue names it"
    )
    parameters: float | None = setting(
        None,
        gt=0.0,
        description="parameters of another model whose score is claimed, trained on the tokens of 'at'; the plan's"
        " model when omitted",
    )
    part: CorpusPart | None = setting(
        None, description="part of the corpus of a claimed share: web, code, papers or books"
    )
    source: str = setting(description="who says so, and where")

    @field_validator("equals", "at_least", "at_most", mode="before")
    @classmethod
    def _value_has_the_right_unit(cls, value: object, info: ValidationInfo) -> object:
        quantity = info.data.get("quantity")
        if quantity is not None and isinstance(value, str | int | float) and not isinstance(value, bool):
            _claimed(value, quantity)
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        wrong = self._impossible_value() or self._setting_of_another_quantity()
        if wrong:
            raise ValueError(wrong)
        return self

    def _impossible_value(self) -> str:
        open_ends = (self.at_least, self.at_most).count(None)
        if self.equals is None and open_ends == 2:
            return "give either equals, or at_least and/or at_most"
        if self.equals is not None and open_ends == 1:
            return "beside equals, give both ends of its band, at_least and at_most, or neither"
        low, high = self.bounds()
        if low is not None and high is not None and low > high:
            return f"at_least {self.at_least} is more than at_most {self.at_most}"
        value = self.value()
        if value is not None and low is not None and high is not None and not low <= value <= high:
            return f"equals {self.equals} lies outside its band, {self.at_least} to {self.at_most}"
        return ""

    def _setting_of_another_quantity(self) -> str:
        goes_with = {
            "at": (self.at, _AT_A_MOMENT),
            "components": (self.components or None, ("unexpected_interruptions",)),
            "benchmark": (self.benchmark, _OF_BENCHMARKS),
            "parameters": (self.parameters, ("score",)),
            "part": (self.part, ("corpus_share",)),
        }
        for name, (value, quantities) in goes_with.items():
            if value is not None and self.quantity not in quantities:
                return f"'{name}' goes with the quantity {' or '.join(quantities)}, not with {self.quantity}"
        for name in ("window", "phase"):
            if self.quantity in _OF_LEARNING and getattr(self, name) is not None:
                return f"{self.quantity} is of no {name}: a moment of the run is the tokens trained by then, 'at'"
        if self.parameters is not None and self.at is None:
            return "'parameters' of another model need the tokens it was trained on, 'at'"
        for name, quantities in (("benchmark", _OF_BENCHMARKS), ("part", ("corpus_share",))):
            if self.quantity in quantities and getattr(self, name) is None:
                return f"the quantity {self.quantity} needs '{name}'"
        return ""

    @property
    def of(self) -> tuple[str, ...]:
        """What it is of, where it is not of the run as a whole: components, a benchmark, a part of the corpus."""
        model = () if self.parameters is None else (f"{short(self.parameters)} parameters",)
        return (*self.components, *(name for name in (self.benchmark, self.part) if name), *model)

    def value(self) -> float | None:
        """The one number it claims, in SI units; None for a bound or a range."""
        return _claimed(self.equals, self.quantity)

    def bounds(self) -> tuple[float | None, float | None]:
        """Claimed lower and upper end in SI units: the band around ``equals``, or twice its value; None where open."""
        if self.equals is not None and self.at_least is None:
            return self.value(), self.value()
        return _claimed(self.at_least, self.quantity), _claimed(self.at_most, self.quantity)


@overload
def _claimed(text: str | float, quantity: str) -> float: ...
@overload
def _claimed(text: str | float | None, quantity: str) -> float | None: ...
def _claimed(text: str | float | None, quantity: str) -> float | None:
    dimension = CLAIMED_QUANTITIES[quantity]
    if text is None:
        return None
    return parse_number(text) if dimension is None else parse_quantity(text, dimension)


class Study(Section):
    """How often the run is simulated and what is uncertain."""

    replications: int = setting(200, ge=2, description="independent simulated runs")
    parameter_uncertainty: bool = setting(
        True, description="draw step-time error and failure rates anew in each run, within what is known of them"
    )
