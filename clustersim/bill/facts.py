"""What a plan fixes before anything is simulated."""

from dataclasses import dataclass

from clustersim._numerals import short


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """Numbers of the plan itself, exact.

    Parameters
    ----------
    gpus : int
        Most GPUs the job uses at a time, spares not counted.
    tokens : float
        Tokens of all phases.
    steps : float
        Optimizer steps of all phases.
    micro_batches : float
        Forward and backward passes that one replica makes over the run.
    replicas : int
        Most data-parallel replicas at a time.
    price_low_usd_per_gpu_s, price_high_usd_per_gpu_s : float
        Ends of the price range of a GPU [USD/s].
    least_gpus : int, optional
        Fewest GPUs the job uses at a time; the most when omitted.
    """

    gpus: int
    tokens: float
    steps: float
    micro_batches: float
    replicas: int
    price_low_usd_per_gpu_s: float
    price_high_usd_per_gpu_s: float
    least_gpus: int | None = None

    def known(self) -> dict[tuple[str, str | None, str | None], tuple[float, float, float]]:
        """Forecast quantiles of what the plan fixes: all three the same."""
        values = {"gpus": float(self.gpus), "tokens": self.tokens, "steps": self.steps}
        return {(name, None, None): (value, value, value) for name, value in values.items()}

    def micro_batch_remark(self) -> str:
        """Say what else could have been counted instead of steps, and how much that is."""
        return (
            f"Forward and backward passes instead: {short(self.micro_batches)} on each replica; only summed over "
            f"{self.replicas:,} replicas, which work at the same time, are they "
            f"{short(self.micro_batches * self.replicas)}."
        )
