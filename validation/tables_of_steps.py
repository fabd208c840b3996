"""Tables of published step times against prediction: by class, by source, and the worst rows."""

import re

from clustersim.calibration.errors_by import CLASSES, Errors, Scored, errors_by, scoreboard_class, source_of
from clustersim.report.words import STEP_PARTS, label_of
from clustersim.step.step_time import BREAKDOWN_KEYS
from validation.markdown import markdown, share, signed
from validation.predicted import cell, clusters, held_out, single_node
from validation.remarks import REMARKS

WORST = 12
_PARTS = 3


def classes_table() -> str:
    """Errors of held-out rows by class, with those of the rows of the fit beside them."""
    items = (*clusters(), *single_node())
    tested = {one.name: one for one in errors_by([i for i in items if held_out(i)], scoreboard_class, CLASSES)}
    fitted = {one.name: one for one in errors_by([i for i in items if not held_out(i)], scoreboard_class, CLASSES)}
    rows = [(f"**{name}**", *_errors(one), *_short(fitted.get(name))) for name, one in tested.items()]
    columns = ("class", "rows held out", "median", "90th percentile", "bias", "rows of the fit", "median there")
    return markdown(columns, rows)


def _errors(one: Errors) -> tuple[str, ...]:
    return f"{one.rows:,}", f"**{share(one.median)}**", share(one.p90), signed(one.bias)


def _short(one: Errors | None) -> tuple[str, str]:
    return (f"{one.rows:,}", share(one.median)) if one else ("0", "")


def sources_table() -> str:
    """Errors of held-out rows by source."""
    tested = [item for item in clusters() if held_out(item)]
    rows = [
        (_short_source(one.name), f"{one.rows:,}", share(one.median), share(one.p90), signed(one.bias))
        for one in errors_by(tested, source_of)
    ]
    return markdown(("source", "rows held out", "median", "90th percentile", "bias"), rows)


def _short_source(name: str) -> str:
    """A source without what its name says in brackets of files and records."""
    return re.sub(r" \((?:times|images)[^)]*\)", "", name)


def worst_table() -> str:
    """Worst held-out rows, one for each model, GPU, format and container, with what their prediction is made of."""
    shown: dict[tuple[str, ...], Scored] = {}
    tested = [item for item in clusters() if held_out(item)]
    for item in sorted(tested, key=lambda one: -abs(one[2])):
        shown.setdefault(tuple(cell(item, name) for name in ("model", "gpu", "precision", "stack")), item)
    columns = (
        "row",
        "run",
        "published",
        "predicted",
        "error",
        "largest parts of the prediction",
        "why, as far as known",
    )
    return markdown(columns, [_worst_row(item) for item in list(shown.values())[:WORST]], words=2, tail=2)


def _worst_row(item: Scored) -> tuple[str, ...]:
    _, predicted, error = item
    name = cell(item, "id")
    run = f"{cell(item, 'model')}, {cell(item, 'n_gpus')} {cell(item, 'gpu')}, {cell(item, 'precision')}"
    published_s, predicted_s = predicted.row.step_time_s, predicted.step.mean_s
    return name, run, f"{published_s:.4g} s", f"{predicted_s:.4g} s", signed(error), _parts(item), REMARKS.get(name, "")


def _parts(item: Scored) -> str:
    parts = item[1].step.breakdown_s
    largest = sorted(BREAKDOWN_KEYS, key=lambda name: -parts[name])[:_PARTS]
    total_s = item[1].step.mean_s
    return ", ".join(f"{label_of(STEP_PARTS, name)} {100.0 * parts[name] / total_s:.0f} %" for name in largest)
