"""Why a row cannot be predicted, in one line, whatever went wrong on the way."""

from clustersim.calibration.rows.cells import RowError


def fault_of(problem: Exception) -> str:
    """One line on a fault: columns and values where the schema names them, never a traceback or an address.

    Parameters
    ----------
    problem : Exception
        A :class:`RowError` keeps its words; a refusal of the schema names setting and value; of anything else its kind
        and its first line are told.
    """
    from pydantic import ValidationError

    if isinstance(problem, ValidationError):
        return "; ".join(_refused(dict(item)) for item in problem.errors(include_url=False, include_context=False))
    first = (str(problem).splitlines() or [""])[0]
    if isinstance(problem, RowError) or (type(problem) is ValueError and first):
        return first
    return f"too extreme to be computed ({type(problem).__name__}{': ' if first else ''}{first})"


def _refused(item: dict[str, object]) -> str:
    place = item.get("loc")
    name = ".".join(str(part) for part in place) if isinstance(place, tuple) else ""
    words, value = str(item["msg"]).removeprefix("Value error, "), item.get("input")
    told = f" (it is {value!r})" if isinstance(value, (int, float, str)) and not isinstance(value, bool) else ""
    return f"{name or 'shape'}: {words}{told}"
