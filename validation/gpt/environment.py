"""Where a measurement was made."""

import datetime
import os
import platform
from typing import Any

import torch

from validation.gpt.cpu import cpu_name
from validation.gpt.processes import Processes


def environment(processes: Processes) -> dict[str, Any]:
    """Describe machine, versions and date, as they are kept with every measurement."""
    on_gpu = processes.device.type == "cuda"
    found: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "device": processes.device.type,
        "name": torch.cuda.get_device_name() if on_gpu else cpu_name(),
        "cpu": cpu_name(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "backend": processes.backend,
        "cuda": torch.version.cuda,
    }
    if on_gpu:
        properties = torch.cuda.get_device_properties(processes.device)
        found["gpus"] = torch.cuda.device_count()
        found["gpu_memory_bytes"] = properties.total_memory
        found["nccl"] = ".".join(map(str, torch.cuda.nccl.version()))  # type: ignore[no-untyped-call]
    return found


def load_average() -> float:
    """Processes that ran or waited to run, averaged over the last minute."""
    return os.getloadavg()[0]


def peak_memory_bytes(device: torch.device) -> int:
    """Most memory this process has held: allocated on its GPU, or resident in the host."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import resource  # not on Windows, where only GPUs are measured

    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
