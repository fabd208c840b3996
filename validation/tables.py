"""Works out the tables of the pages of ``validation``, :data:`PAGES`, and writes them into these pages.

A table stands between ``<!-- table: name -->`` and ``<!-- end -->``. ``--check`` writes nothing and fails if one is
not what would be written; ``--print`` shows all of them.
"""

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from validation.predicted import HERE
from validation.tables_of_collectives import collective_classes, collective_sources, worst_collectives
from validation.tables_of_learning import corpora_table, final_losses_table, schedules_table, scores_table
from validation.tables_of_miniature import bill_table, copying_table, curve_table, ladder_table, warmup_table
from validation.tables_of_real import (
    held_out_table,
    killed_at_random_table,
    killed_table,
    real_errors_table,
    sessions_table,
    statistics_table,
    testbed_collectives_table,
    testbed_table,
    worst_fitted_table,
)
from validation.tables_of_runs import (
    fitted_runs_table,
    held_out_runs_table,
    left_out_table,
    misses_table,
    tally_table,
)
from validation.tables_of_scaling import (
    growing_table,
    llama_table,
    order_table,
    ranking_table,
    slopes_table,
    strong_table,
    weak_table,
)
from validation.tables_of_steps import classes_table, sources_table, worst_table

PAGES = (HERE / "README.md", HERE / "real.md", HERE / "runs.md", HERE / "learning.md")

TABLES: Mapping[str, Callable[[], str]] = {
    "classes": classes_table,
    "sources": sources_table,
    "worst": worst_table,
    "slopes": slopes_table,
    "weak": weak_table,
    "strong": strong_table,
    "growing": growing_table,
    "ranking": ranking_table,
    "order": order_table,
    "llama": llama_table,
    "collectives": collective_classes,
    "collective sources": collective_sources,
    "worst collectives": worst_collectives,
    "sessions": sessions_table,
    "real errors": real_errors_table,
    "statistics": statistics_table,
    "held out": held_out_table,
    "worst fitted": worst_fitted_table,
    "killed": killed_table,
    "killed at random": killed_at_random_table,
    "testbed": testbed_table,
    "testbed collectives": testbed_collectives_table,
    "ladder": ladder_table,
    "curve": curve_table,
    "warmup": warmup_table,
    "copying": copying_table,
    "bill": bill_table,
    "runs tally": tally_table,
    "runs held out": held_out_runs_table,
    "runs fitted": fitted_runs_table,
    "runs missed": misses_table,
    "runs left out": left_out_table,
    "final losses": final_losses_table,
    "schedules": schedules_table,
    "scores": scores_table,
    "corpora": corpora_table,
}

_PLACE = re.compile(r"(<!-- table: (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rewritten(text: str) -> str:
    """A page with its tables worked out anew.

    Raises
    ------
    KeyError
        If the page asks for a table that does not exist.
    """
    return _PLACE.sub(lambda place: f"{place[1]}{TABLES[place['name']]()}{place[3]}", text)


def main(arguments: list[str] | None = None) -> int:
    """Write the tables, print them, or check them."""
    parser = argparse.ArgumentParser(prog="python -m validation.tables", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a table is not up to date")
    parser.add_argument("--print", action="store_true", help="write nothing; print all tables")
    chosen = parser.parse_args(arguments)
    if chosen.print:
        for name, table in TABLES.items():
            sys.stdout.write(f"{name}\n\n{table()}\n")
        return 0
    return max(_handled(page, check=chosen.check) for page in PAGES)


def _handled(page: Path, *, check: bool) -> int:
    text = page.read_text("utf-8")
    found = rewritten(text)
    if not check:
        page.write_text(found, "utf-8")
    elif found != text:
        sys.stderr.write(f"{page.name}: tables are not up to date; run python -m validation.tables\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
