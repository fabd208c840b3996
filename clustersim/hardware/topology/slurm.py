"""What a Slurm topology file says: switches with their nodes and the switches below them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from clustersim.hardware.topology.hostlist import HostlistError, expand_hostlist
from clustersim.scenario.quantity import suggestion

_KEYS = ("SwitchName", "Switches", "Nodes", "LinkSpeed", "BlockName", "BlockSizes")
_FORM = "write e.g. SwitchName=s0 Nodes=node[001-064] or SwitchName=top Switches=s[0-7]"


@dataclass(frozen=True)
class Switch:
    """One switch, or one block of the block plugin.

    Attributes
    ----------
    name : str
        As the file names it.
    nodes, switches : tuple of str
        What hangs on it.
    link_speed : float or None
        Of its uplink, in the file's own unit.
    line : int
        Where the file defines it.
    """

    name: str
    nodes: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    link_speed: float | None = None
    line: int = 0


@dataclass
class SlurmTopology:
    """Switches in the order of the file, and what is wrong with it, as ``file:line: message``."""

    file: str
    switches: list[Switch] = field(default_factory=list)
    blocks: bool = False
    problems: list[str] = field(default_factory=list)

    def wrong(self, line: int, message: str) -> None:
        """Note a problem."""
        self.problems.append(f"{self.file}:{line}: {message}")

    @property
    def nodes(self) -> tuple[str, ...]:
        """Nodes in the order of the file, which ranks follow."""
        return tuple(node for switch in self.switches for node in switch.nodes)

    def text(self) -> str:
        """Write it as a ``topology.conf`` that reads back as the same."""
        name, children = ("BlockName", "Nodes") if self.blocks else ("SwitchName", "Switches")
        lines = []
        for switch in self.switches:
            parts = [f"{name}={switch.name}"]
            parts += [f"Nodes={','.join(switch.nodes)}"] if switch.nodes else []
            parts += [f"{children}={','.join(switch.switches)}"] if switch.switches else []
            parts += [f"LinkSpeed={switch.link_speed:g}"] if switch.link_speed is not None else []
            lines.append(" ".join(parts))
        return "\n".join(lines) + "\n"


def read_topology_conf(text: str, file: str = "topology.conf") -> SlurmTopology:
    """Read a ``topology.conf`` of the tree or the block plugin.

    Parameters
    ----------
    text : str
        Contents. Keys in any case; ``#`` starts a comment; a backslash at the end continues a line.
    file : str
        Name in messages.

    Returns
    -------
    SlurmTopology
        With every problem found.

    References
    ----------
    topology.conf(5), Slurm manual (SchedMD, 2025).
    """
    found = SlurmTopology(file)
    for number, line in _lines(text):
        _read_line(found, number, line)
    check_tree(found)
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first physical one."""
    held, start = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.partition("#")[0].rstrip()
        start = start or number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        if (held + line).strip():
            yield start, (held + line).strip()
        held, start = "", 0
    if held.strip():
        yield start, held.strip()


def _read_line(found: SlurmTopology, number: int, line: str) -> None:
    values = _values(found, number, line)
    if values is None:
        return
    if "BlockSizes" in values and len(values) == 1:
        return
    name = values.pop("SwitchName", None) or values.pop("BlockName", None)
    if name is None:
        found.wrong(number, f"names neither a switch nor a block: {_FORM}")
        return
    found.blocks = found.blocks or line.lower().startswith("blockname")
    lists = {key: hosts(found, number, values.get(key, "")) for key in ("Nodes", "Switches")}
    speed = _speed(found, number, values.get("LinkSpeed"))
    found.switches += [
        Switch(one, lists["Nodes"], lists["Switches"], speed, number) for one in hosts(found, number, name)
    ]


def _values(found: SlurmTopology, number: int, line: str) -> dict[str, str] | None:
    """Keys and values of a line; None, with the problem noted, where a word is neither."""
    values: dict[str, str] = {}
    for word in line.split():
        key, equals, value = word.partition("=")
        known = next((name for name in _KEYS if name.lower() == key.lower()), None)
        problem = None
        if not equals or not value:
            problem = f"'{word}' is not Key=value: {_FORM}"
        elif known is None:
            problem = f"unknown key '{key}'{suggestion(key, _KEYS) or '; known: ' + ', '.join(_KEYS)}"
        elif known in values:
            problem = f"'{key}' is given twice"
        if problem is not None or known is None:
            found.wrong(number, str(problem))
            return None
        values[known] = value
    return values


def hosts(found: SlurmTopology, line: int, text: str) -> tuple[str, ...]:
    """Write out a host list; an error of it is noted as a problem of the line."""
    try:
        return tuple(expand_hostlist(text)) if text else ()
    except HostlistError as error:
        found.wrong(line, str(error))
        return ()


def _speed(found: SlurmTopology, line: int, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed < float("inf"):
        found.wrong(line, f"LinkSpeed={text} is not a positive number, write e.g. LinkSpeed=400")
        return None
    return speed


def check_tree(found: SlurmTopology) -> None:
    """Note what keeps the switches from being a tree: names given twice, unknown or with two parents, loops."""
    names = {switch.name: switch for switch in found.switches}
    if not found.switches and not found.problems:
        found.wrong(1, f"defines no switch and no block: {_FORM}")
    _twice(found, [(switch.name, switch.line) for switch in found.switches], "switch '{}' is defined twice")
    below = [(child, switch.line) for switch in found.switches for child in switch.switches]
    _twice(found, below, "switch '{}' hangs on two switches: Slurm's tree gives it one")
    nodes = [(node, switch.line) for switch in found.switches for node in switch.nodes]
    _twice(found, nodes, "node '{}' hangs on two switches: keep it under one")
    for child, line in below:
        if child not in names:
            near = suggestion(child, names) or f": add a line SwitchName={child} Nodes=..."
            found.wrong(line, f"switch '{child}' is not defined{near}")
    for switch in found.switches:
        if not switch.nodes and not switch.switches:
            found.wrong(switch.line, f"switch '{switch.name}' has neither Nodes nor Switches: {_FORM}")
    _loops(found, names)


def _twice(found: SlurmTopology, named: Iterable[tuple[str, int]], message: str) -> None:
    seen: dict[str, int] = {}
    for name, line in named:
        if name in seen:
            found.wrong(line, f"{message.format(name)} (first in line {seen[name]})")
        seen.setdefault(name, line)


def _loops(found: SlurmTopology, names: dict[str, Switch]) -> None:
    parent = {child: switch.name for switch in found.switches for child in switch.switches}
    for name, switch in names.items():
        above, steps = parent.get(name), 0
        while above is not None and above != name and steps <= len(names):
            above, steps = parent.get(above), steps + 1
        if above == name:
            found.wrong(switch.line, f"switch '{name}' hangs on itself, through the switches below it")
            return
