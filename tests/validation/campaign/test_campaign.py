"""The campaign: which jobs, in which order, what counts, and that an interrupted one goes on."""

import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from validation.campaign import run as campaign
from validation.campaign.plan import FIT, TEST, Job, by_name, jobs, small
from validation.gpt.config_file import config_from_tables
from validation.gpt.config_text import toml_text
from validation.machine import Usage, foreign_share

ROOT = Path(__file__).parents[3]


def test_no_held_out_job_is_fitted() -> None:
    assert not set(FIT) & set(TEST)
    assert len(TEST) >= 12
    names = [job.name for job in jobs()]
    assert len(set(names)) == len(names)


def test_held_out_jobs_span_what_is_claimed() -> None:
    layouts = Counter(layout for _, layout, *_ in TEST)
    assert {"one", "ddp", "fsdp", "tp", "pp"} <= layouts.keys()
    assert {size for size, *_ in TEST} - {size for size, *_ in FIT}, "a model that no fitted job has"
    assert {job.world for job in jobs(("test",))} == {1, 2}


@pytest.mark.parametrize("job", [*jobs(), *small()], ids=lambda job: job.name)
def test_every_job_is_possible(job: Job) -> None:
    tables = tomllib.loads(toml_text(job.config))
    assert tables == job.config
    config, problems = config_from_tables(tables)
    assert problems == []
    assert config is not None
    assert config.parallel.world == job.world
    assert config.accumulation >= 1


class Machine:
    """Stands in for the jobs: each run takes a little longer than the one before; some are disturbed."""

    def __init__(self, disturbed: set[int] = frozenset(), stop_after: int = 10**6) -> None:  # type: ignore[assignment]
        self.ran: list[str] = []
        self._disturbed = disturbed
        self._stop_after = stop_after

    def __call__(self, job: Job) -> dict[str, Any]:
        if len(self.ran) == self._stop_after:
            raise KeyboardInterrupt
        self.ran.append(job.name)
        turn = len(self.ran)
        return {
            "step_time_s": 1.0 + 0.01 * turn, "iqr_s": 0.0, "load": 0.1, "foreign_share": 0.0, "parts": {}, "steps": 5,
            "disturbed": turn in self._disturbed, "parameters": 10, "environment": {"device": "cpu"},
            "config": job.config, "collectives": {},
        }  # fmt: skip


def run(monkeypatch: pytest.MonkeyPatch, machine: Machine, out: Path, rounds: int = 2) -> dict[str, Any]:
    monkeypatch.setattr(campaign, "measured", machine)
    return campaign.run_campaign(small(), out, rounds, seed=1, say=lambda _: None)


def test_rounds_are_interleaved_in_new_orders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine()
    run(monkeypatch, machine, tmp_path / "c.json", rounds=3)
    turns = [machine.ran[start : start + 8] for start in (0, 8, 16)]
    assert all(sorted(turn) == sorted(job.name for job in small()) for turn in turns)
    assert len({tuple(turn) for turn in turns}) == 3


def test_disturbed_repeats_do_not_count_and_are_run_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine(disturbed={3})
    tree = run(monkeypatch, machine, tmp_path / "c.json")
    name = machine.ran[2]
    (item,) = [one for one in tree["runs"] if one["name"] == name]
    assert len(item["repeats"]) == 3
    clean = [one["step_time_s"] for one in item["repeats"] if not one["disturbed"]]
    assert item["step_time_s"] == min(clean)
    assert item["spread"] == pytest.approx(max(clean) / min(clean) - 1.0)


def test_a_machine_that_is_never_quiet_ends_and_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine(disturbed=set(range(1000)))
    tree = run(monkeypatch, machine, tmp_path / "c.json")
    assert len(machine.ran) == 2 * 2 * 8
    assert all(one["disturbed"] for item in tree["runs"] for one in item["repeats"])
    assert all(item["step_time_s"] > 1.0 for item in tree["runs"])


def test_an_interrupted_campaign_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = tmp_path / "c.json"
    first = Machine(stop_after=5)
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, first, out)
    held = json.loads(out.read_text("utf-8"))
    assert sum(len(item["repeats"]) for item in held["runs"]) == 5
    second = Machine()
    run(monkeypatch, second, out)
    assert len(second.ran) == 2 * 8 - 5
    assert list(tmp_path.iterdir()) == [out]


def test_share_of_others() -> None:
    before, after = Usage(100.0, 1.0, 10.0, 0.0), Usage(118.0, 2.0, 20.0, 0.0)
    # 19 s of 2 x 10 s were busy or stolen, 10 s of them the job's own.
    assert foreign_share(before, after, 10.0, 2) == pytest.approx(0.45)
    assert foreign_share(None, after, 10.0, 2) is None
    assert foreign_share(before, before, 10.0, 2) == 0.0


def test_only_some() -> None:
    assert [job.name for job in by_name(jobs(), ("33M-pp",))] == ["33M-pp-gpipe-s256-m2-b8"]


def test_wrong_names_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "validation.campaign", "--only", "none"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no such job" in done.stderr


def test_one_real_job(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (job,) = (one for one in small() if one.name == "tiny-64-one")
    tree = campaign.run_campaign((job,), tmp_path / "c.json", 1, seed=0, say=lambda _: None)
    (item,) = tree["runs"]
    assert item["parameters"] == 2 * (64 * 64 * 3 + 3 * 64 * 128 + 2 * 64) + 2 * 4096 * 64 + 64
    assert 0.0 < item["step_time_s"] < 10.0
    assert item["repeats"][0]["parts"].keys() >= {"forward_s", "backward_s", "optimizer_s"}


def test_a_job_that_fails_says_why() -> None:
    pytest.importorskip("torch")
    broken = Job("broken", "fit", {**small()[0].config, "model": {"layers": 0}})
    with pytest.raises(campaign.JobFailed, match=r"broken: exit code 2\n(.|\n)*model.hidden: missing"):
        campaign.measured(broken)
