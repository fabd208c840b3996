"""What the model learns: the loss a run will reach. A reading of the plan; it never touches the engine."""

from clustersim.learning.loss.forecast import (
    CurvePoint,
    extrapolations,
    final_loss,
    loss_curve,
    loss_interval,
    notes,
    token_grid,
)
from clustersim.learning.loss.law import LossLaw, law_from_fields, loss_law, loss_nats
from clustersim.learning.loss.parameters import counted_parameters
from clustersim.learning.loss.transient import untrained_interval, untrained_loss

__all__ = [
    "CurvePoint",
    "LossLaw",
    "counted_parameters",
    "extrapolations",
    "final_loss",
    "law_from_fields",
    "loss_curve",
    "loss_interval",
    "loss_law",
    "loss_nats",
    "notes",
    "token_grid",
    "untrained_interval",
    "untrained_loss",
]
