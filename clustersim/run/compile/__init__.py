"""From a scenario and its step times to the plain numbers the engine runs on."""

from clustersim.run.compile.checkpoints import checkpoint_size_bytes, checkpoint_times_s
from clustersim.run.compile.failures import job_mtbf_s
from clustersim.run.compile.laws import compile_law
from clustersim.run.compile.recovery import RESTART_PARTS
from clustersim.run.compile.scenario import compile_plan
from clustersim.run.compile.size import job_nodes

__all__ = [
    "RESTART_PARTS",
    "checkpoint_size_bytes",
    "checkpoint_times_s",
    "compile_law",
    "compile_plan",
    "job_mtbf_s",
    "job_nodes",
]
