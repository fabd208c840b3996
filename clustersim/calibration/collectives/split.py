"""Which measured collectives may be fitted: the split of ``validation/published/nccl_bandwidth.csv``, as a rule.

Whole groups are held out so that the test has cards, fabrics and scales that the fit has never seen; of every other
group each third size is.
"""

import math
from typing import Literal

from clustersim.calibration.collectives.rows import MeasuredCollective

Split = Literal["fit", "test"]

EVERY_NTH_SIZE = 3

_UNSEEN_CARDS = ("gb300",)
_UNSEEN_NETWORKS = ("mi300x.8 roce", "sophia")
_UNSEEN_SCALES = (
    ("nvlink4", "ib", (32,)),
    ("", "", (96,)),
    ("gb200", "", (128,)),
    ("", "none", (5, 7)),
)
"""Words of the link and of the nic, and the ranks held out there."""

_UNSEEN_COLLECTIVES = ("reduce_scatter",)


def split_of(row: MeasuredCollective) -> tuple[Split, str]:
    """Split of a row and the rule that put it there.

    Returns
    -------
    split : {"fit", "test"}
        A ``test`` row is never fitted.
    rule : str
        "unseen card", "unseen network", "unseen scale", "unseen collective" for whole groups; "every third size" for
        sizes of ``2**(3k)`` up to ``2**(3k+1)`` bytes; "" for rows to fit.
    """
    link, nic = row.text("nvlink gen").lower(), row.text("nic").lower()
    if any(card in link for card in _UNSEEN_CARDS):
        return "test", "unseen card"
    if any(words in nic for words in _UNSEEN_NETWORKS):
        return "test", "unseen network"
    if row.collective in _UNSEEN_COLLECTIVES:
        return "test", "unseen collective"
    if _unseen_scale(row, link, nic):
        return "test", "unseen scale"
    if row.size_bytes is not None and math.floor(math.log2(row.size_bytes)) % EVERY_NTH_SIZE == 0:
        return "test", "every third size"
    return "fit", ""


def _unseen_scale(row: MeasuredCollective, link: str, nic: str) -> bool:
    if "polaris" in nic and row.ranks == 32:
        return row.collective in ("all_gather", "all_reduce")
    return any(
        words in link and name in ["", *nic.replace("(", " ").split()] and row.ranks in ranks
        for words, name, ranks in _UNSEEN_SCALES
    )
