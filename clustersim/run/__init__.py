"""The months-long run: a SimPy engine that turns a plan into records, and metrics that read them."""

from clustersim.run.compile import compile_plan
from clustersim.run.engine import simulate
from clustersim.run.plan import RunPlan
from clustersim.run.records import Records

__all__ = ["Records", "RunPlan", "compile_plan", "simulate"]
