"""What the audit knows of the loss: the law's forecast, and where the law is silent."""

from collections.abc import Callable
from dataclasses import dataclass

from clustersim._numerals import short

Interval = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class LossOutlook:
    """What a loss law says of the planned model.

    Parameters
    ----------
    corpus, tokenizer : str
        What the loss is measured on.
    tokens_per_first_step : float
        Tokens of the first step: up to there the model is untrained.
    covered_from_tokens : float
        Tokens from which the law speaks; before them a run is in its transient.
    tokens : float
        Tokens of the whole plan.
    untrained : Interval
        Loss of the first step [nats/token].
    at : callable
        5 %, 50 % and 95 % quantiles of the loss [nats/token] after some tokens.
    early : callable, optional
        The same in the transient; without it nothing is known there.
    """

    corpus: str
    tokenizer: str
    tokens_per_first_step: float
    covered_from_tokens: float
    tokens: float
    untrained: Interval
    at: Callable[[float], Interval]
    early: Callable[[float], Interval] | None = None

    def interval(self, tokens: float) -> Interval | None:
        """Forecast after ``tokens`` [nats/token]; None in a transient of which nothing is known."""
        if tokens <= self.tokens_per_first_step:
            return self.untrained
        if tokens > self.covered_from_tokens:
            return self.at(tokens)
        return self.early(tokens) if self.early else None

    def moment(self, tokens: float) -> str:
        """When a loss is read: " at the start", " after 100B tokens", " at the end"."""
        if tokens <= self.tokens_per_first_step:
            return " at the start"
        return " at the end" if tokens >= self.tokens else f" after {short(tokens)} tokens"

    def remark(self, tokens: float) -> str:
        """What the loss after ``tokens`` is measured on, or why there is no forecast of it."""
        if tokens <= self.tokens_per_first_step:
            return "loss of the untrained model: the logarithm of its vocabulary and what random weights add."
        place = f"held-out loss on {self.corpus}, {self.tokenizer} tokenizer; no other text or tokenizer compares."
        if tokens <= self.covered_from_tokens:
            fall = (
                f"The loss law speaks from {short(self.covered_from_tokens)} tokens on; before that the run warms up "
                f"and falls from about {short(self.untrained[1])} nats/token, the loss of random weights"
            )
            if not self.early:
                return f"{fall}."
            return f"{place} {fall}, as runs of 124M to 3B parameters did for the learning rate they had spent."
        return f"{place} Read in the middle of the run, under its learning rates." if tokens < self.tokens else place
