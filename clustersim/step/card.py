"""How a card came by its efficiencies: fitted on it, on its siblings, or on cards with the same link."""

from collections.abc import Iterator
from functools import lru_cache

from clustersim.catalog import entry
from clustersim.scenario.schema.hardware import Accelerator
from clustersim.step.efficiency import TABLE, generation_of, generation_of_card
from clustersim.step.extrapolation import Extrapolation

FITTED_ON = "fitted_on"
"""Field of the efficiency table with the cards of the fit rows."""

SIBLING_SIGMA = 0.05
"""Spread of a catalogued card of a fitted generation without step times of its own. Assumed: about that
of held-out 16-bit rows on H100 with the software of its rows (2026)."""

STRANGER_SIGMA = 0.10
"""Spread of a card known by its link alone, or changed from the catalogue's. Assumed: twice that of a sibling."""


@lru_cache(maxsize=64)
def fitted_on(name: str) -> tuple[str, ...]:
    """Catalogue names of the cards of the fit rows behind an entry of the efficiency table; empty without any."""
    value = entry(TABLE, name).values.get(FITTED_ON)
    return tuple(value.text.split("; ")) if value else ()


@lru_cache(maxsize=64)
def _catalogued(name: str) -> Accelerator:
    return Accelerator.model_validate(name)


def card_extrapolations(accelerator: Accelerator) -> Iterator[Extrapolation]:
    """Say whose efficiencies stand in where a card of a known generation has no fitted step times of its own.

    Parameters
    ----------
    accelerator : Accelerator
        The card; one without a generation is said elsewhere.

    Yields
    ------
    Extrapolation
        At most one: changed from the catalogue's, known by its link alone, or a sibling of the fitted cards.
    """
    generation, name = generation_of(accelerator), accelerator.catalogue_entry
    if generation is None:
        return
    cards = fitted_on(generation)
    stand_in = f"the efficiencies of {generation} stand in" + (f", fitted on {', '.join(cards)}" if cards else "")
    if name is None or generation_of_card(name) is None:
        text = (
            f"GPU {name or 'without a catalogue name'} is placed by its link {accelerator.scale_up} alone; {stand_in}"
        )
        yield Extrapolation(text, STRANGER_SIGMA)
    elif _figures(accelerator) != _figures(_catalogued(name)):
        text = f"GPU differs from the catalogue's {name} in peak, memory bandwidth or power; {stand_in}"
        yield Extrapolation(text, STRANGER_SIGMA)
    elif cards and name not in cards:
        yield Extrapolation(f"no fitted step times on {name} itself; {stand_in}", SIBLING_SIGMA)


def _figures(accelerator: Accelerator) -> tuple[object, ...]:
    """What an efficiency was fitted against; a lower power limit lowers the clock."""
    return accelerator.peak, accelerator.memory_bandwidth, accelerator.tdp
