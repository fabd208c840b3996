"""Which writes fail, for one checkpoint and for arrays of them."""

import numpy as np

from clustersim.run.storage import fails


def test_what_fails_is_the_same_one_by_one_and_all_at_once() -> None:
    """A blocking write from 160 to 165 and an asynchronous one from 165 to 185."""
    for start_s, until_s, expected in [
        (150.0, 160.0, (False, False)), (160.0, 165.0, (True, False)), (164.0, 165.5, (True, True)),
        (165.0, 166.0, (False, True)), (185.0, 190.0, (False, False)), (100.0, 300.0, (True, True)),
    ]:  # fmt: skip
        one_by_one = tuple(bool(fails(165.0, 5.0, write_s, start_s, until_s)) for write_s in (0.0, 20.0))
        together = fails(np.array([165.0, 165.0]), np.array([5.0, 5.0]), np.array([0.0, 20.0]), start_s, until_s)
        assert one_by_one == tuple(together.tolist()) == expected
