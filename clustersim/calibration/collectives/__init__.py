"""Measured collectives against the model: read a table, predict every row, score the predictions, fit the rates.

``read_collectives(path)`` -> rows, ``predict_collectives(rows)`` -> predictions, ``score_collectives(predictions)`` ->
errors; ``fit_collectives(rows)`` -> rates. The rows are those of nccl-tests: columns ``collective, n_gpus,
message_bytes`` needed, ``gpus_per_node, nic, nvlink gen, time_us, algbw_gbps, busbw_gbps, source, split`` used where
there, all others kept. No row is dropped: one that cannot be predicted says why in ``reason``.

>>> from clustersim.calibration.collectives import measured_collective, predict_collectives
>>> row = measured_collective({"collective": "all_reduce", "n_gpus": "16", "gpus_per_node": "8", "nic": "8x400G IB",
...                            "nvlink gen": "NVLink4 (H100)", "message_bytes": "8589934592", "time_us": "41015"}, 2)
>>> predict_collectives([row])[0].algorithm
'nvls_tree'
"""

from clustersim.calibration.collectives.fit import CollectivesFit, Coverage, FittedRate, fit_collectives
from clustersim.calibration.collectives.predict import PREDICTED_COLUMNS, PredictedCollective, predict_collectives
from clustersim.calibration.collectives.rows import (
    COLUMNS,
    BadTable,
    MeasuredCollective,
    measured_collective,
    read_collectives,
)
from clustersim.calibration.collectives.score import (
    CollectiveScore,
    CollectiveScores,
    score_collectives,
    worst_collectives,
)

__all__ = [
    "COLUMNS",
    "PREDICTED_COLUMNS",
    "BadTable",
    "CollectiveScore",
    "CollectiveScores",
    "CollectivesFit",
    "Coverage",
    "FittedRate",
    "MeasuredCollective",
    "PredictedCollective",
    "fit_collectives",
    "measured_collective",
    "predict_collectives",
    "read_collectives",
    "score_collectives",
    "worst_collectives",
]
