"""What a testbed needs of the machine, and the one message for what is missing."""

import os
import shutil
import subprocess
from collections.abc import Sequence

TOOLS = ("ip", "tc", "sysctl")


class UnavailableError(RuntimeError):
    """A testbed that the machine cannot carry. The text says why and what would help."""


def run(command: Sequence[str]) -> str:
    """Run a command of the system and return what it wrote.

    Raises
    ------
    UnavailableError
        With the command and its complaint.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"`{' '.join(command)}` failed: {done.stderr.strip() or f'exit code {done.returncode}'}"
        raise UnavailableError(message)
    return done.stdout


def require() -> None:
    """Check for root and the tools.

    Raises
    ------
    UnavailableError
        With the first thing that is missing.
    """
    if os.geteuid() != 0:
        message = "a testbed needs root, to make network namespaces; run it as root"
        raise UnavailableError(message)
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        message = f"a testbed needs {', '.join(missing)}, which this machine lacks; install iproute2 and procps"
        raise UnavailableError(message)
