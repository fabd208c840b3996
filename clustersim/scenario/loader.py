"""From a file, and what the command line sets, to a checked scenario."""

import os
from collections.abc import Iterable

from pydantic import ValidationError

from clustersim.scenario.document import Document, dotted
from clustersim.scenario.extends import read_scenario
from clustersim.scenario.files import with_files
from clustersim.scenario.loaded import Loaded
from clustersim.scenario.messages import problems_of
from clustersim.scenario.overrides import apply_override
from clustersim.scenario.problems import Problem, ScenarioError, in_reading_order
from clustersim.scenario.references import reference_problems
from clustersim.scenario.schema.scenario import Scenario


def load(path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Loaded:
    """Read a scenario file, fill in presets, catalogue entries and defaults, and check it.

    Parameters
    ----------
    path : str or path
        The YAML file.
    overrides : iterable of str
        ``PATH=VALUE`` each, laid over the file in turn: ``spares.warm=16``, ``training.phases[0].tokens=1T tokens``.

    Returns
    -------
    Loaded
        The scenario, and where each of its values comes from.

    Raises
    ------
    ScenarioError
        With every problem found, in the order of the file.
    """
    document = with_files(_with_overrides(read_scenario(path), overrides))
    try:
        scenario = Scenario.model_validate(document.value)
    except ValidationError as error:
        raise _error(document, problems_of(error, document, Scenario)) from None
    problems = [
        Problem.at(document.place(where), dotted(where), message) for where, message in reference_problems(scenario)
    ]
    if problems or document.problems:
        raise _error(document, problems)
    return Loaded(scenario, document)


def _with_overrides(document: Document, overrides: Iterable[str]) -> Document:
    wrong: list[Problem] = []
    for override in overrides:
        try:
            document = apply_override(document, override)
        except ScenarioError as error:
            wrong += error.problems
    if wrong:
        raise _error(document, wrong)
    return document


def _error(document: Document, problems: list[Problem]) -> ScenarioError:
    return ScenarioError(in_reading_order([*document.problems, *problems], document.file))
