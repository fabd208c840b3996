"""The catalogue table ``capability_laws``, made from a table of scores."""

from collections.abc import Iterator
from pathlib import Path

from clustersim.calibration.learning.capability.fit import DRAWS, fit_capability
from clustersim.calibration.learning.capability.rows import read_scores, scores_by_task
from clustersim.calibration.learning.capability.titles import title_of
from clustersim.learning.capability.catalogued import fields_of

Row = tuple[str, str, str, str]

SCORES = "ObsScaling 4d6e1e4 (Apache-2.0), Ruan et al. 2024"
SOURCE_OF = {
    "floor": f"{SCORES}; chance, or the lowest score",
    "held_out": "clustersim, families left out of the fit, 2026",
}


def catalogue_rows(data: Path, draws: int = DRAWS) -> Iterator[Row]:
    """Rows of the catalogue table: entry, field, value, source."""
    for task, scores in scores_by_task(read_scores(data)).items():
        law = fit_capability(task, title_of(task), scores, SCORES, draws)
        yield task, "title", law.title, SCORES
        for field, text in fields_of(law):
            yield task, field, text, SOURCE_OF.get(field.partition(".")[0], f"clustersim fit of {SCORES}")
