"""The months-long run: a SimPy engine that turns a plan into records, and metrics that read them."""

from typing import TYPE_CHECKING, Any

from clustersim.run.engine import simulate
from clustersim.run.plan import RunPlan
from clustersim.run.records import Records

if TYPE_CHECKING:
    from clustersim.run.compile import compile_plan

__all__ = ["Records", "RunPlan", "compile_plan", "simulate"]


def __getattr__(name: str) -> Any:
    """Import the compiler when it is asked for: worker processes run plans and need no scenario, step or pydantic."""
    if name != "compile_plan":
        message = f"module 'clustersim.run' has no attribute {name!r}"
        raise AttributeError(message)
    from clustersim.run.compile import compile_plan

    return compile_plan
