"""The mix: which sources the job trains on, in which shares."""

import math
from collections.abc import Iterator
from typing import Self

from pydantic import model_validator

from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.schema.wrong import Wrong, refuse
from clustersim.scenario.units import Fraction, Tokens

ROUNDING = 0.011
"""By how much published shares may miss one: those of GPT-3 add up to 101 %."""


class MixSource(Section):
    """One source of tokens."""

    share: Fraction = setting(description="share of the tokens trained")
    unique: Tokens | None = setting(None, gt=0.0, description="tokens that there are of it; not known when omitted")


class Mix(Catalogued, table="mixes"):
    """Sources by name. Shares that miss 100 % by their rounding are made to sum to one."""

    sources: dict[str, MixSource] = setting(description="sources by name")

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        refuse("Mix", self._wrong_shares())
        return self

    def _wrong_shares(self) -> Iterator[Wrong]:
        total = math.fsum(source.share for source in self.sources.values())
        if not abs(total - 1.0) <= ROUNDING:
            shares = ", ".join(f"{name} {source.share:.4g}" for name, source in self.sources.items()) or "no sources"
            message = f"the shares sum to {total:.4g}, not to 1 ({shares})"
            yield Wrong(("sources",), total, message)
