"""What the hand-worked event logs share.

Undisturbed: restart until 60, 10 steps until 160, checkpoint until 165, 10 steps until 265, checkpoint until 270,
5 steps until 320, checkpoint until 325.
"""

from clustersim.run.records import HITS, Records

START = (0, 60, "restart", -1)
FIRST = [START, (60, 160, "productive", -1), (160, 165, "checkpoint", -1)]
UNDISTURBED = [*FIRST, (165, 265, "productive", -1), (265, 270, "checkpoint", -1), (270, 320, "productive", -1)]
CRASH_AT_212 = [*FIRST, (165, 205, "productive", -1), (205, 212, "recompute", 0), (212, 242, "detect", 0)]


def resumed(
    at_s: float, redone_from: int = 10, redone_to: int = 14, cause: int = 0
) -> list[tuple[float, float, str, int]]:
    """Four steps again, six new ones, and the last five of the plan."""
    assert (redone_from, redone_to) == (10, 14)
    return [
        (at_s, at_s + 40, "recompute", cause),
        (at_s + 40, at_s + 100, "productive", -1),
        (at_s + 100, at_s + 105, "checkpoint", -1),
        (at_s + 105, at_s + 155, "productive", -1),
        (at_s + 155, at_s + 160, "checkpoint", -1),
    ]


def hits(records: Records) -> list[str]:
    return [HITS[code] for code in records.incidents["hits"]]
