"""Ways to make one process slow: a quota of processor time, or stopping it every other moment."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

SHARE = 0.3
"""Share of one processor that a straggler keeps."""

PERIOD_S = 0.1
"""Period of quota and of stopping [s]; the kernel's default for quotas (sched-bwc, cpu.cfs_period_us)."""

V2, V1 = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/cpu")
"""Where cgroups of the second and of the first version have their processor quotas."""

_MICROSECONDS = 1e6


class Brake(Protocol):
    """Slows processes as long as it is held."""

    name: str

    def hold(self, pid: int) -> None:
        """Slow this process, and those slowed before no longer where they differ."""
        ...

    def tick(self) -> None:
        """Called every few hundredths of a second."""
        ...

    def release(self) -> None:
        """Let go and leave nothing behind."""
        ...


class Quota:
    """A cgroup with a quota of processor time.

    Parameters
    ----------
    root : Path
        Folder of cgroups that has the processor controller.
    setting : str
        File that takes the quota.
    value : str
        What is written there.

    Raises
    ------
    OSError
        If no such group can be made here.
    """

    def __init__(self, root: Path, setting: str, value: str) -> None:
        self.name = f"quota of {SHARE:g} processors in {setting}"
        self._root, self._group = root, root / f"validation-faults-{os.getpid()}"
        self._group.mkdir()
        try:
            if not (self._group / setting).exists():
                message = f"{self._group} has no {setting}"
                raise OSError(message)
            (self._group / setting).write_text(value, "ascii")
        except OSError:
            self._group.rmdir()
            raise

    def hold(self, pid: int) -> None:
        """Move a process with all its threads into the group."""
        with suppress(ProcessLookupError):
            (self._group / "cgroup.procs").write_text(str(pid), "ascii")

    def tick(self) -> None:
        """The kernel does it all."""

    def release(self) -> None:
        """Move what lives back to the root and remove the group."""
        for _turn in range(50):
            for pid in (self._group / "cgroup.procs").read_text("ascii").split():
                with suppress(OSError):
                    (self._root / "cgroup.procs").write_text(pid, "ascii")
            with suppress(OSError):
                self._group.rmdir()
                return
            time.sleep(0.02)
        self._group.rmdir()


class DutyCycle:
    """Stops the process for the rest of every tenth of a second; works everywhere, and less evenly than a quota."""

    name = f"SIGSTOP for {PERIOD_S * (1.0 - SHARE) * 1e3:.0f} of every {PERIOD_S * 1e3:.0f} ms"

    def __init__(self) -> None:
        self._pid = 0
        self._stopped = False
        self._turned_s = 0.0

    def hold(self, pid: int) -> None:
        """Take a process."""
        self.release()
        self._pid = pid

    def tick(self) -> None:
        """Stop it or let it run when its time is over."""
        now_s = time.monotonic()
        lasts_s = PERIOD_S * (1.0 - SHARE if self._stopped else SHARE)
        if self._pid and now_s - self._turned_s >= lasts_s:
            self._stopped, self._turned_s = not self._stopped, now_s
            self._signal(signal.SIGSTOP if self._stopped else signal.SIGCONT)

    def release(self) -> None:
        """Let it run."""
        if self._pid:
            self._signal(signal.SIGCONT)
        self._pid, self._stopped = 0, False

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)


def brake(v2: Path = V2, v1: Path = V1) -> Brake:
    """The best way that this machine allows: a quota of cgroup v2, one of v1, else stopping every other moment.

    Parameters
    ----------
    v2, v1 : Path
        Folders of the two versions.
    """
    period, share = PERIOD_S * _MICROSECONDS, PERIOD_S * SHARE * _MICROSECONDS
    with suppress(OSError):
        return Quota(v2, "cpu.max", f"{share:.0f} {period:.0f}")
    with suppress(OSError):
        return Quota(v1, "cpu.cfs_quota_us", f"{share:.0f}")
    return DutyCycle()
