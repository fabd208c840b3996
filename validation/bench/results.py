"""The file of results: whole at every moment, whatever ends the benchmark."""

from collections.abc import Sequence
from pathlib import Path

from validation.bench.case import Record
from validation.bench.host import Facts
from validation.gpt.whole_file import write_whole

SCHEMA = 1


class Results:
    """What has been measured so far, and its file.

    Parameters
    ----------
    path : Path
        The file; replaced as a whole each time something is added.
    environment : dict
        The machine.
    """

    def __init__(self, path: Path, environment: Facts) -> None:
        self._path = path
        self._environment = environment
        self._records: dict[str, Sequence[Record]] = {}
        self._states: dict[str, str] = {}
        self._loads: dict[str, dict[str, float]] = {}

    @property
    def states(self) -> dict[str, str]:
        """What became of each section."""
        return dict(self._states)

    @property
    def count(self) -> int:
        """Records so far."""
        return sum(map(len, self._records.values()))

    def set_records(self, section: str, records: Sequence[Record]) -> None:
        """Keep the records of a section in place of those it had, and write the file."""
        self._records[section] = list(records)
        self._write()

    def set_state(self, section: str, state: str, **load: float) -> None:
        """Keep how a section stands and how busy the machine is, and write the file.

        Parameters
        ----------
        section : str
            Its name.
        state : str
            ``done in ... s``, ``not run: ...``, ``failed: ...`` or how far it has come.
        **load : float
            Load average, by when it was read: ``before`` or ``after``.
        """
        self._states[section] = state
        if load:
            self._loads.setdefault(section, {}).update(load)
        self._write()

    def _write(self) -> None:
        content = {
            "schema": SCHEMA,
            "kind": "microbenchmarks",
            "environment": self._environment,
            "records": [record for records in self._records.values() for record in records],
            "sections": self._states,
            "load": self._loads,
        }
        write_whole(self._path, content)
