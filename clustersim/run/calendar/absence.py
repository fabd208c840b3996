"""Good nodes that are out of service for a while."""

import simpy

from clustersim.run.fleet import Fleet
from clustersim.run.log import AbsenceRow, Log


def send_away(
    env: simpy.Environment, fleet: Fleet, log: Log, nodes: list[int], incident: int, lasts_s: float
) -> simpy.Event:
    """Take good nodes out of service; they come back by themselves.

    Parameters
    ----------
    env : simpy.Environment
        The environment.
    fleet : Fleet
        The nodes.
    log : Log
        Where it is written down; the incident's row is told the nodes.
    nodes : list of int
        Nodes that work for the job or stand by, at least one.
    incident : int
        What they leave for.
    lasts_s : float
        How long they are away [s].

    Returns
    -------
    simpy.Event
        Their return.
    """
    stay = fleet.send_away(nodes, incident)
    log.absences.append(AbsenceRow(env.now, env.now + lasts_s, len(nodes), incident))
    log.incidents[incident] = log.incidents[incident]._replace(node=nodes[0], evicted_nodes=len(nodes))
    back = simpy.Timeout(env, lasts_s)
    back.callbacks.append(lambda _event: fleet.take_back(stay, incident))
    return back
