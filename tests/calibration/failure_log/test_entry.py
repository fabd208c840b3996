"""The entry that is written: it loads, takes the place of the base's failures, and says where it comes from."""

from pathlib import Path

import pytest

from clustersim import scenario as cs
from clustersim.calibration.failure_log.entry import entry_text, rate_text
from clustersim.calibration.failure_log.kinds import USUAL
from clustersim.calibration.failure_log.log_fit import Question, fit_log
from clustersim.scenario.schema.failures import Failures
from clustersim.scenario.schema.lifetime import WeibullLifetime
from tests.calibration.failure_log.logs import Write, struck_s

PLAN = """\
extends: [h100-cluster, own.yaml]
name: With failures of our own
model: llama3-405b
training:
  start: 2027-01-01
  layout: {tensor_parallel: 8, pipeline_parallel: 16, virtual_pipeline: 8, data_parallel: 128}
  phases: [{name: all, tokens: 1T tokens, sequence_length: 8192, global_batch: 2048}]
"""


def loaded(text: str, folder: Path) -> Failures:
    (folder / "own.yaml").write_text(text, "utf-8")
    (folder / "plan.yaml").write_text(PLAN, "utf-8")
    return cs.load(folder / "plan.yaml").scenario.failures


@pytest.mark.parametrize("kind", USUAL)
def test_every_kind_of_unit_loads(kind: str, write: Write, tmp_path: Path) -> None:
    path = write("time_h,unit,unit_kind,category,effect", f"30,a,{kind},Odd: 7 #1,hang", f"50,b,{kind},Odd: 7 #1,")
    found = fit_log(Question(path, begin="0 h", end="100 h", units=(f"{kind}=8",)))
    failures = loaded(entry_text(found), tmp_path)
    (name,) = failures.categories
    category = failures.categories[name]
    assert name == "odd_7_1"
    assert category.rate.unit == kind
    assert category.rate.per_second == pytest.approx(2.0 / (8 * 100 * 3600.0), rel=1e-3)
    assert (category.published_count, category.lifetime.kind, category.effect) == (2, "exponential", "crash")
    assert category.hang_fraction == 0.5
    assert (category.component, category.blast) == (USUAL[kind].component, USUAL[kind].blast)  # type: ignore[index]


def test_a_shape_loads_and_says_what_it_needs(write: Write, tmp_path: Path) -> None:
    log = struck_s(0.5, 60, 100.0, 1)
    rows = [f"{t_s!r},u{unit},optics,cable" for unit, own in log.items() for t_s in own]
    path = write("time_s,unit,category,component", *rows)
    text = entry_text(fit_log(Question(path, end="100 s", units=("nic=60",), fleet_age="0 s")))
    category = loaded(text, tmp_path).categories["optics"]
    assert isinstance(category.lifetime, WeibullLifetime)
    assert category.lifetime.shape == pytest.approx(0.5, abs=0.12)
    assert category.component == "cable"
    assert "failures.fleet_age" in text
    assert "one over the mean lifetime; 90 %: x" in text


def test_a_category_without_failures_in_the_window_says_so(write: Write, tmp_path: Path) -> None:
    path = write("time_d,unit,category", "3,a,fan", "40,b,psu")
    text = entry_text(fit_log(Question(path, begin="0 d", end="30 d", units=("node=100",))))
    psu = loaded(text, tmp_path).categories["psu"]
    assert (psu.rate.per_second, psu.published_count) == (0.0, None)
    # 3.0 failures in 100 nodes x 30 days.
    assert "none in the window: at most 41.61 per million node-hours at 95 %" in text


def test_every_category_names_its_source(write: Write) -> None:
    path = write("time,unit,category", "2026-01-03,a,fan", "2026-01-04,b,psu")
    text = entry_text(fit_log(Question(path, begin="2026-01-01", end="2026-02-01", units=("node=2048",))))
    assert text.count("# source: log.csv, 2026-01-01 to 2026-02-01, 2,048 nodes, failures: 1") == 2


def test_rates_have_four_digits() -> None:
    assert rate_text(1.0 / 3600e6, "gpu") == "1 per million GPU-hours"
    assert rate_text(2.0 / 86400.0, "job") == "2 per job-day"
