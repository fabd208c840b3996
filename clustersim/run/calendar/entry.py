"""What the entries of the calendar have in common: whom they act on, and how good nodes leave for a while."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import simpy

from clustersim.run.fleet import Fleet
from clustersim.run.job import Job
from clustersim.run.log import AbsenceRow, Log

Plan = TypeVar("Plan")


@dataclass
class Entry(Generic[Plan]):
    """One entry of the calendar, at work.

    Attributes
    ----------
    env : simpy.Environment
        The environment.
    fleet, job, log : Fleet, Job, Log
        The nodes, the job, and what is written down.
    plan : object
        The entry as planned.
    code : int
        What its incidents are filed under.
    draws : iterator of float
        Endless standard normal draws of its own.
    """

    env: simpy.Environment
    fleet: Fleet
    job: Job
    log: Log
    plan: Plan
    code: int
    draws: Iterator[float]

    def strike(self, effect: int, hits: int) -> int:
        """An incident of this entry, now; returns its index."""
        return self.log.strike(self.env.now, self.code, effect, hits)

    def send_away(self, nodes: list[int], incident: int, lasts_s: float) -> simpy.Event:
        """Take good nodes out of service, at least one; they come back by themselves.

        Parameters
        ----------
        nodes : list of int
            Nodes that work for the job or stand by.
        incident : int
            What they leave for; its row is told the nodes.
        lasts_s : float
            How long they are away [s].

        Returns
        -------
        simpy.Event
            Their return.
        """
        stay = self.fleet.send_away(nodes, incident)
        self.log.absences.append(AbsenceRow(self.env.now, self.env.now + lasts_s, len(nodes), incident))
        self.log.incidents[incident] = self.log.incidents[incident]._replace(node=nodes[0], evicted_nodes=len(nodes))
        back = simpy.Timeout(self.env, lasts_s)
        back.callbacks.append(lambda _event: self.fleet.take_back(stay, incident))
        return back
