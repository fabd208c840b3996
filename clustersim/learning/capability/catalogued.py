"""Capability laws in the catalogue: read from its fields, and written to them."""

from collections.abc import Iterator, Mapping

import numpy as np

from clustersim.catalog import entry, names
from clustersim.learning.capability.law import CapabilityLaw, Family, HeldOut, Member, Spread

TABLE = "capability_laws"
DIGITS = 4
COEFFICIENTS = ("slope", "tokens_slope", "intercept", "ceiling")
HELD_OUT = ("rmse", "logistic_rmse", "step_rmse", "coverage", "above_rmse", "above_bias", "above_coverage")
SPREAD = ("family", "model", "score")


def capability_law(task: str) -> CapabilityLaw:
    """Read a law from the catalogue.

    Raises
    ------
    UnknownEntry
        If there is none of that benchmark; the message names the ones that come close.
    """
    found = entry(TABLE, task)
    fields = {field: value.text for field, value in found.values.items()}
    return law_from_fields(task, found.title, fields, found.values["floor"].source)


def capability_tasks() -> tuple[str, ...]:
    """Benchmarks with a law in the catalogue."""
    return tuple(names(TABLE))


def law_from_fields(task: str, title: str, fields: Mapping[str, str], source: str) -> CapabilityLaw:
    """Make a law from the text of its catalogue fields."""
    draws = np.array([row.split() for row in fields["draws"].split(";")], dtype=np.float64)
    return CapabilityLaw(
        task=task,
        title=title,
        floor=float(fields["floor"]),
        best=np.array([float(fields[f"best.{name}"]) for name in COEFFICIENTS]),
        draws=draws,
        spread=Spread(*(float(fields[f"spread.{name}"]) for name in SPREAD)),
        families=dict(_families(fields["families"], len(draws))),
        models=int(fields["fitted.models"]),
        min_flops=float(fields["fitted.min_flops"]),
        max_flops=float(fields["fitted.max_flops"]),
        held_out=HeldOut(*(float(fields[f"held_out.{name}"]) for name in HELD_OUT)),
        source=source,
    )


def fields_of(law: CapabilityLaw) -> Iterator[tuple[str, str]]:
    """Fields and texts of a law, the inverse of :func:`law_from_fields` up to the digits kept."""
    yield "floor", _digits(law.floor)
    yield from ((f"best.{name}", _digits(value)) for name, value in zip(COEFFICIENTS, law.best.tolist(), strict=True))
    yield from ((f"spread.{name}", _digits(getattr(law.spread, name))) for name in SPREAD)
    yield "fitted.models", str(law.models)
    yield "fitted.min_flops", _digits(law.min_flops)
    yield "fitted.max_flops", _digits(law.max_flops)
    yield from ((f"held_out.{name}", _digits(getattr(law.held_out, name))) for name in HELD_OUT)
    yield "draws", ";".join(" ".join(map(_digits, draw)) for draw in law.draws.tolist())
    yield "families", ";".join(_family_text(name, family) for name, family in law.families.items())


def _families(text: str, draws: int) -> Iterator[tuple[str, Family]]:
    for part in text.split(";"):
        name, mask, *members = part.split("|")
        absent = np.array([bool(int(mask, 16) >> draw & 1) for draw in range(draws)])
        yield name, Family(tuple(map(_member, members)), absent)


def _member(text: str) -> Member:
    model, *numbers = text.rsplit(" ", 3)
    return Member(model, *map(float, numbers))


def _family_text(name: str, family: Family) -> str:
    mask = sum(1 << draw for draw in np.flatnonzero(family.absent).tolist())
    members = (
        f"{member.model} {member.log_compute:.4g} {member.log_ratio:.4g} {member.score:.4g}"
        for member in family.members
    )
    return "|".join([name, f"{mask:x}", *members])


def _digits(value: float) -> str:
    return f"{value:.{DIGITS}g}"
