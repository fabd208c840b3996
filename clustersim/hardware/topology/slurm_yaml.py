"""Slurm's ``topology.yaml``: several topologies in one file, each a tree or blocks."""

from collections.abc import Mapping
from typing import Any

from clustersim.hardware.topology.slurm import SlurmTopology, Switch, check_tree, hosts
from clustersim.scenario.document import Document, Path
from clustersim.scenario.problems import ScenarioError
from clustersim.scenario.quantity import suggestion
from clustersim.scenario.yaml_source import read_text

_KINDS = ("tree", "block", "flat")
_FORM = "write e.g. '- topology: default', then 'tree: {switches: [{switch: s1, nodes: node[01-64]}]}'"


def read_topology_yaml(text: str, file: str = "topology.yaml", name: str | None = None) -> SlurmTopology:
    """Read one topology of a ``topology.yaml``.

    Parameters
    ----------
    text : str
        Contents.
    file : str
        Name in messages.
    name : str, optional
        Which topology; the first with ``cluster_default: true`` when omitted, or the only one.

    Returns
    -------
    SlurmTopology
        With every problem found.

    References
    ----------
    topology.yaml(5), Slurm manual (SchedMD, 2025).
    """
    found = SlurmTopology(file)
    try:
        document = read_text(text, file)
    except ScenarioError as error:
        found.problems += [str(problem) for problem in error.problems]
        return found
    found.problems += [str(problem) for problem in document.problems]
    index = _chosen(found, document, name)
    if index is not None:
        _read_topology(found, document, index)
    return found


def _chosen(found: SlurmTopology, document: Document, name: str | None) -> int | None:
    if not isinstance(document.value, tuple) or not all(isinstance(entry, dict) for entry in document.value):
        found.wrong(1, f"is not a list of topologies: {_FORM}")
        return None
    names = [str(entry.get("topology")) for entry in document.value]
    if name is not None:
        if name not in names:
            near = suggestion(name, names) or f"; it has {', '.join(names)}"
            found.wrong(1, f"has no topology '{name}'{near}")
            return None
        return names.index(name)
    default = [i for i, entry in enumerate(document.value) if entry.get("cluster_default") is True]
    if not default and len(names) != 1:
        found.wrong(1, f"marks none of its topologies with cluster_default: choose one of {', '.join(names)}")
        return None
    return default[0] if default else 0


def _read_topology(found: SlurmTopology, document: Document, index: int) -> None:
    entry = document.value[index]
    kinds = [kind for kind in _KINDS if kind in entry]
    line = document.place((index,)).line or 1
    if kinds == ["flat"]:
        found.wrong(line, "the topology is flat: it names no switches; use a fabric of another kind, e.g. clos")
        return
    if len(kinds) != 1:
        found.wrong(line, f"the topology has {' and '.join(kinds) or 'neither tree nor block'}: give one. {_FORM}")
        return
    found.blocks = kinds == ["block"]
    what, children = ("block", "blocks") if found.blocks else ("switch", "switches")
    path: Path = (index, kinds[0], children)
    rows = document.get(path)
    if not isinstance(rows, tuple):
        found.wrong(line, f"'{kinds[0]}' has no list of {children}: {_FORM}")
        return
    for number, row in enumerate(rows):
        at = document.place((*path, number)).line or line
        if not isinstance(row, Mapping) or what not in row:
            found.wrong(at, f"the entry does not name its {what}: {_FORM}")
            continue
        found.switches.append(_switch(found, row, what, at))
    check_tree(found)


def _switch(found: SlurmTopology, row: Mapping[str, Any], what: str, line: int) -> Switch:
    known = (what, "nodes", "children")
    for key in row.keys() - set(known):
        found.wrong(line, f"unknown key '{key}'{suggestion(str(key), known) or '; known: ' + ', '.join(known)}")
    nodes, switches = (hosts(found, line, str(row.get(key) or "")) for key in ("nodes", "children"))
    return Switch(str(row[what]), nodes, switches, None, line)
