"""What a catalogue holds: entries made of values, each with the source it was read from."""

import re
from typing import Any, NamedTuple

Scalar = int | float | bool | str

_INTEGER = re.compile(r"[-+]?\d+")
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?")
_BOOLEANS = {"true": True, "false": False}


class Value(NamedTuple):
    """One value of an entry.

    Parameters
    ----------
    text : str
        The value as a user would write it in a scenario ("989.4 TFLOP/s", "true", "128").
    source : str
        Where it was read: paper or datasheet, with its year.
    """

    text: str
    source: str


class Entry(NamedTuple):
    """One named thing of a catalogue table.

    Parameters
    ----------
    name : str
        Name a scenario refers to it by.
    table : str
        Table it stands in.
    title : str
        Name to show to people.
    values : dict of str to Value
        Values by dotted field path ("peak.bf16"), in the order of the file.
    also : tuple of str
        Other names that it is found by.
    """

    name: str
    table: str
    title: str
    values: dict[str, Value]
    also: tuple[str, ...] = ()

    def tree(self) -> dict[str, Any]:
        """Nest the values by their dotted paths, with scalars typed as YAML would type them.

        Returns
        -------
        dict
            A new tree at each call, ready to be merged with a user's own settings.
        """
        tree: dict[str, Any] = {}
        for field, value in self.values.items():
            *parents, leaf = field.split(".")
            branch = tree
            for parent in parents:
                branch = branch.setdefault(parent, {})
            branch[leaf] = typed_scalar(value.text)
        return tree


def typed_scalar(text: str) -> Scalar:
    """Type a bare scalar: integer, float, boolean, else the text itself.

    Parameters
    ----------
    text : str
        The value as written.

    Returns
    -------
    int, float, bool or str
        The typed value. A number with a unit stays text.

    Examples
    --------
    >>> [typed_scalar(text) for text in ("128", "0.9", "true", "80 GiB")]
    [128, 0.9, True, '80 GiB']
    """
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
