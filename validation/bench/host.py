"""The machine that is measured."""

import os
import platform
from datetime import UTC, datetime

from validation.bench.worker import BACKENDS

Facts = dict[str, str | int | float | bool | None]


def cuda_devices() -> int:
    """CUDA devices that torch can use."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def environment(device_kind: str) -> Facts:
    """What the measured times depend on besides the parameters of the cases.

    Parameters
    ----------
    device_kind : {"cpu", "cuda"}
        What is measured.

    Returns
    -------
    dict
        Date, versions, the name of the device, processors and settings of torch.
    """
    import torch

    from validation.gpt.cpu import cpu_name

    facts: Facts = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.system() + " " + platform.release(),
        "device": device_kind,
        "name": cpu_name(),
        "cpus": os.cpu_count(),
        "backend": BACKENDS[device_kind],
        "interface": os.environ.get("GLOO_SOCKET_IFNAME" if device_kind == "cpu" else "NCCL_SOCKET_IFNAME"),
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
    }
    return facts | (_accelerator() if device_kind == "cuda" else {})


def _accelerator() -> Facts:
    import torch

    from validation.gpt.cpu import cpu_name

    properties = torch.cuda.get_device_properties(0)
    return {
        "name": properties.name,
        "cpu": cpu_name(),
        "memory_bytes": properties.total_memory,
        "count": torch.cuda.device_count(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]  # torch has no types here
    }
