"""Names the catalogue does not know."""


class UnknownEntry(KeyError):  # noqa: N818 - named after what is unknown, as FileNotFound would be
    """A table has no entry of this name.

    Parameters
    ----------
    table : str
        Table that was asked.
    name : str
        Name that was not found.
    known : tuple of str
        Names that would have been found.

    Attributes
    ----------
    close_matches : tuple of str
        Known names that resemble the one asked for, the closest first; at most three.
    """

    def __init__(self, table: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(table, name, known)
        self.table = table
        self.name = name
        self.close_matches = _close_matches(name, known)

    def __str__(self) -> str:
        return f"{self.table} has no entry '{self.name}'{self._hint()}"

    def _hint(self) -> str:
        if self.close_matches:
            return f", did you mean {' or '.join(repr(match) for match in self.close_matches)}?"
        return f"; list them with: clustersim catalog {self.table}"


class UnknownTable(UnknownEntry):
    """The catalogue has no table of this name.

    Parameters
    ----------
    name : str
        Name that was not found.
    known : tuple of str
        Names of the tables.
    """

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__("catalog", name, known)
        self.args = (name, known)

    def __str__(self) -> str:
        known = self.args[1]
        hint = self._hint() if self.close_matches else f"; the tables are: {', '.join(known)}"
        return f"the catalogue has no table '{self.name}'{hint}"


def _close_matches(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    # Loaded here because only a mistake needs it, and every command pays for what this package imports.
    import difflib

    by_plain = {_plain(candidate): candidate for candidate in known}
    return tuple(by_plain[match] for match in difflib.get_close_matches(_plain(name), by_plain, n=3, cutoff=0.5))


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(" ", "-")
