"""What keeps learning from being read off a plan: a log of losses that cannot be one of this run."""

from collections.abc import Iterator

from clustersim.learning.loss.law import loss_law
from clustersim.learning.loss.log_table import table_of
from clustersim.learning.loss.parameters import counted_parameters
from clustersim.learning.loss.planned import planned_rates
from clustersim.scenario.schema.scenario import Scenario

Problem = tuple[str, str]
"""Dotted scenario path and message."""


def learning_problems(scenario: Scenario) -> Iterator[Problem]:
    """Find everything that is wrong with the log of a scenario; nothing where it names none.

    Yields
    ------
    (str, str)
        Dotted scenario path, and message with file, line and column of the log.
    """
    learning = scenario.learning
    if learning.log is None:
        return
    counted = counted_parameters(scenario.model, loss_law(learning.law).parameter_count)
    try:
        table = table_of(learning.log, planned_rates(scenario.training, float(counted)))
    except (OSError, UnicodeDecodeError) as error:
        yield "learning.log.file", f"cannot read {learning.log.file}: {getattr(error, 'strerror', None) or error}"
        return
    for problem in table.problems:
        yield "learning.log.file", problem
