import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.loss.course import LearningRates, cosine_rates
from clustersim.learning.loss.log_table import MOST_TOLD, LogTable, read_log_table, table_of
from clustersim.scenario.schema.learning import LossLog

END = 1e11
RATES = cosine_rates(END, 1e9, 3e-4, 1e6)
RAMP = LearningRates(np.array([0.0, 1e9, 9e9]), np.array([0.0, 1000.0, 3000.0]), np.array([0.0, 1e-4, 1e-5]), 1e-4)
"""1M tokens a step at first, then 4M."""


def read(text: str, rates: LearningRates = RATES) -> LogTable:
    return read_log_table(text, "losses.csv", rates)


def rows(table: LogTable) -> list[tuple[float, float]]:
    assert table.problems == ()
    return list(zip(table.log.tokens.tolist(), table.log.loss_nats.tolist(), strict=True))


def test_tokens_and_losses() -> None:
    table = read("tokens,loss\n0,11.9\n1e9,4.5\n2000000000,3.9\n")
    assert rows(table) == [(0.0, 11.9), (1e9, 4.5), (2e9, 3.9)]
    assert table.notes == ()


def test_steps_become_tokens_by_the_ramp_of_the_plan() -> None:
    table = read("step,loss\n500,5.0\n1000,4.5\n1500,4\n", RAMP)
    assert rows(table) == [(5e8, 5.0), (1e9, 4.5), (3e9, 4.0)]
    assert table.notes == ("The log counts steps; the phases of the plan say how many tokens they are.",)


def test_an_export_has_other_columns_gaps_and_names_of_its_own() -> None:
    text = (
        '"_runtime","_step","lr","Loss"\n"3.1","1,000","3e-4","4.5"\n4,1010,3e-4,\n5,1020,3e-4,NaN\n6,1030,3e-4,-nan\n'
        "7,,,\n8,2000,3e-4,4.0\n"
    )
    assert rows(read(text)) == [(1e9, 4.5), (2e9, 4.0)]


def test_tokens_count_where_steps_are_there_too() -> None:
    assert rows(read("step,tokens,loss\n3,1e9,4.5\n")) == [(1e9, 4.5)]


def test_of_a_column_of_the_user_and_one_of_the_logger_the_former_counts() -> None:
    assert rows(read("_step,step,loss\n7,1000,4.5\n")) == [(1e9, 4.5)]


def test_what_was_trained_again_counts() -> None:
    table = read("tokens,loss\n1e9,4.5\n2e9,4.0\n3e9,9.9\n4e9,9.8\n2.5e9,3.9\n3e9,3.8\n3e9,3.7\n")
    assert rows(table) == [(1e9, 4.5), (2e9, 4.0), (2.5e9, 3.9), (3e9, 3.7)]
    assert table.notes == ("The log goes back and trains 3 rows again; what it says last counts.",)


def test_infinite_losses_are_left_out_and_counted() -> None:
    table = read("tokens,loss\n1e9,4.5\n2e9,inf\n3e9,-Infinity\n4e9,3.5\n")
    assert rows(table) == [(1e9, 4.5), (4e9, 3.5)]
    assert table.notes == ("Left out of the log: 2 infinite losses.",)


def test_every_cell_that_is_wrong_is_named_at_once() -> None:
    table = read('tokens,loss\n1e9,4.5\nlots,4.4\n-5,4.3\n,4.2\n2e9,"4,1"\n3e9,0\n4e9,-2\n5e9,3,1\n')
    assert [problem.partition(";")[0] for problem in table.problems] == [
        "losses.csv:3:1: tokens: 'lots' is no number",
        "losses.csv:4:1: tokens: '-5' is negative",
        "losses.csv:5:1: tokens: is empty beside a loss",
        "losses.csv:6:2: loss: '4,1' is no number",
        "losses.csv:7:2: loss: '0' is not above zero",
        "losses.csv:8:2: loss: '-2' is not above zero",
        "losses.csv:9:3: 3 cells under 2 columns",
    ]
    assert all("; " in problem for problem in table.problems), "each says the way out"
    assert table.log.tokens.size == 0


def test_many_wrong_cells_are_counted() -> None:
    table = read("tokens,loss\n" + "1e9,x\n" * 50)
    assert len(table.problems) == MOST_TOLD + 1
    assert table.problems[-1] == "... and 30 more"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["losses.csv:1:1: no heading; the first line names the columns: tokens (or step) and loss"]),
        ("tokens;loss\n1;2\n", ["losses.csv:1:1: not separated by commas; export"]),
        ("Step,run-7 - train/loss\n1,2\n", ["losses.csv:1:1: no column 'loss'; rename 'run-7 - train/loss' if that"]),
        ("train/global_step,loss\n1,2\n", ["no column 'tokens' or 'step'; rename 'train/global_step' if that is it"]),
        ("a,b\n1,2\n", ["no column 'loss'; the columns are 'a', 'b'", "no column 'tokens' or 'step'; the columns"]),
        ("step,Step,loss\n1,1,2\n", ["losses.csv:1:2: 'step' and 'Step' are both the column 'step'; rename one"]),
        ("tokens,loss\n", ["losses.csv:1:2: loss: no row has a loss; export"]),
        ("tokens,loss\n1e9,inf\n2e9,\n", ["losses.csv:1:2: loss: no row has a loss; export"]),
        ('tokens,loss\n1e9,"4.5\n', ["losses.csv:2: not a CSV: "]),
        ("tokens,loss\n3e9,4\n2e9,5\n1e9,6\n", ["losses.csv:2:1: tokens: falls from row to row, the newest first"]),
    ],
)
def test_says_why_a_table_is_no_log(text: str, problems: list[str]) -> None:
    found = read(text).problems
    assert len(found) == len(problems), found
    for problem, expected in zip(found, problems, strict=True):
        assert expected in problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "tokens,loss\n9e10,3\n1.01e11,3\n2e11,3\n",
            "losses.csv:3:1: tokens: 101B tokens (1 more) is past the end of the plan, step 100,000 at 100B",
        ),
        ("loss,step\n3,100001\n", "losses.csv:2:2: step: 100,001 is past the end of the plan, step 100,000 at 100B"),
    ],
)
def test_a_log_longer_than_the_plan_is_not_of_this_run(text: str, problem: str) -> None:
    (found,) = read(text).problems
    assert problem in found


def test_the_last_step_may_overshoot_the_plan() -> None:
    assert rows(read(f"tokens,loss\n9e10,3\n{END + 9e5:.0f},3\n"))[-1][0] == END
    assert rows(read("step,loss\n100000,3\n"))[-1][0] == END


def test_a_log_is_read_from_the_scenario_or_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    path.write_text("tokens,loss\n1e9,4.5\n", "utf-8")
    kept = LossLog(file="gone.csv", text="tokens,loss\n2e9,4.5\n")
    assert rows(table_of(kept, RATES)) == [(2e9, 4.5)]
    assert rows(table_of(LossLog(file=str(path)), RATES)) == [(1e9, 4.5)]


LOSSES = st.lists(st.floats(0.01, 20.0), min_size=1, max_size=40)


@given(LOSSES, st.integers(1, 10**9), st.booleans())
def test_what_is_written_is_read(losses: list[float], stride: int, grouped: bool) -> None:
    tokens = [(index + 1) * stride for index in range(len(losses))]
    text = "_tokens,Loss\n" + "".join(
        f'"{at:,}",{loss!r}\n' if grouped else f"{at},{loss!r}\n" for at, loss in zip(tokens, losses, strict=True)
    )
    assert rows(read(text)) == [(float(at), loss) for at, loss in zip(tokens, losses, strict=True)]


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0.01, 20.0)), min_size=1, max_size=60))
def test_tokens_rise_whatever_a_run_went_through(found: list[tuple[int, float]]) -> None:
    table = read("tokens,loss\n" + "".join(f"{at},{loss!r}\n" for at, loss in found))
    if table.problems:
        assert all(later[0] < row[0] for row, later in pairwise(found))
        return
    seen = rows(table)
    assert seen[-1] == (float(found[-1][0]), found[-1][1])
    assert all(math.isfinite(loss) for _, loss in seen)
    assert np.all(np.diff(table.log.tokens) > 0.0)
