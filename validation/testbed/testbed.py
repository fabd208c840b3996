"""Brings testbeds up and takes them down."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from validation.testbed import registry
from validation.testbed.requirements import UnavailableError, require, run
from validation.testbed.topology import Topology
from validation.testbed.wiring import HOST_INTERFACE, Command, Names, wiring

MASTER_PORT = 29500
"""Where rank 0 listens: torchrun's default. Free in every testbed, as nothing else lives in its namespaces."""

_GONE_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Testbed:
    """A topology that is up.

    Attributes
    ----------
    topology : Topology
        What was built.
    names : Names
        What its parts are called.
    """

    topology: Topology
    names: Names

    def inside(self, host: str, command: Sequence[str]) -> Command:
        """The command that runs another one in a host."""
        return ("ip", "netns", "exec", self.names.namespace(host), *command)

    def environment(self, host: str) -> dict[str, str]:
        """Variables that ``torch.distributed`` needs in a host for a job of one process a host."""
        hosts = self.topology.hosts
        return {
            "RANK": str(hosts.index(host)),
            "WORLD_SIZE": str(len(hosts)),
            "LOCAL_RANK": "0",
            "LOCAL_WORLD_SIZE": "1",
            "MASTER_ADDR": self.topology.address(hosts[0]),
            "MASTER_PORT": str(MASTER_PORT),
            "GLOO_SOCKET_IFNAME": HOST_INTERFACE,
        }


@contextmanager
def brought_up(topology: Topology) -> Iterator[Testbed]:
    """A topology that is up inside the ``with`` block, and gone after it whatever happens in there.

    Raises
    ------
    UnavailableError
        Without root or the tools, or when the kernel refuses a part of it.
    """
    require()
    identifier, lock = registry.claim(topology.name)
    with lock:
        try:
            yield _built(topology, identifier)
        finally:
            with _undisturbed():
                _clear(identifier)


def leave_up(topology: Topology) -> Testbed:
    """Bring a topology up and leave it so, for :func:`remove` to take down.

    Raises
    ------
    UnavailableError
        As :func:`brought_up`; then nothing is left.
    """
    require()
    identifier, lock = registry.claim(topology.name)
    with lock:
        try:
            return _built(topology, identifier)
        except BaseException:
            with _undisturbed():
                _clear(identifier)
            raise


def remove(identifier: str) -> bool:
    """End what still runs in a testbed and take it down.

    Returns
    -------
    bool
        False where a living command holds it: then nothing was touched.
    """
    with registry.abandoned(identifier) as free:
        if free:
            _clear(identifier)
        return free


def _built(topology: Topology, identifier: str) -> Testbed:
    names = Names(identifier)
    for command in wiring(names, topology):
        try:
            run(command)
        except UnavailableError as error:
            raise UnavailableError(_advised(command, str(error))) from None
    return Testbed(topology, names)


def _advised(command: Command, complaint: str) -> str:
    if "netem" in command and "kind is unknown" in complaint:
        return (
            "a link with a delay needs the kernel's netem (CONFIG_NET_SCH_NETEM), which this one lacks; leave delay out"
        )
    if "tbf" in command and "kind is unknown" in complaint:
        return "a link with a rate needs the kernel's tbf (CONFIG_NET_SCH_TBF), which this one lacks"
    if "not permitted" in complaint:
        return f"{complaint}\nthis root lacks CAP_NET_ADMIN or CAP_SYS_ADMIN; run where it may administer networks"
    return complaint


def _clear(identifier: str) -> None:
    spaces = registry.namespaces_of(identifier)
    _end_processes(spaces)
    for space in spaces:
        run(("ip", "netns", "delete", space))
    registry.forget(identifier)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back signals, so that a second Ctrl-C does not leave half a testbed; they are delivered after the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_processes(spaces: Sequence[str]) -> None:
    """Kill all that runs in namespaces. Only a testbed puts anything there."""
    deadline_s = time.monotonic() + _GONE_WITHIN_S
    while alive := [pid for space in spaces for pid in _processes(space)]:
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        if time.monotonic() > deadline_s:
            message = f"processes {', '.join(alive)} do not end; they keep the testbed"
            raise UnavailableError(message)
        time.sleep(0.02)


def _processes(space: str) -> list[str]:
    # Who is killed between making the name of a namespace and the namespace leaves a name that holds nothing.
    with suppress(UnavailableError):
        return run(("ip", "netns", "pids", space)).split()
    return []
