"""The processor of this machine."""

import platform
from pathlib import Path


def cpu_name() -> str:
    """Model of the processor as Linux names it; elsewhere what Python knows."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
