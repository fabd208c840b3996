import tomllib
from pathlib import Path

import pytest

from validation.testbed.collectives import Case, calls_in_a_row
from validation.testbed.steps import fitted, gpt_job, layout_groups, shipped_jobs
from validation.testbed.streams import MeasurementError, quartile_distance
from validation.testbed.topology import Topology

HOSTS = ("h0", "h1", "h2", "h3")


def test_groups_of_each_dimension() -> None:
    groups = layout_groups(HOSTS, {"pipeline": 1, "data": 2, "tensor": 2})
    assert groups == {"data": [["h0", "h2"], ["h1", "h3"]], "tensor": [["h0", "h1"], ["h2", "h3"]]}
    groups = layout_groups(HOSTS, {"pipeline": 2, "data": 2, "tensor": 1})
    assert groups == {"pipeline": [["h0", "h2"], ["h1", "h3"]], "data": [["h0", "h1"], ["h2", "h3"]]}
    assert layout_groups(HOSTS, {"pipeline": 1, "data": 4, "tensor": 1}) == {"data": [list(HOSTS)]}


def test_shipped_jobs_are_made_for_four_hosts() -> None:
    jobs = shipped_jobs()
    assert set(jobs) == {"data-parallel", "fsdp", "pipeline-data", "tensor-data"}
    for path in jobs.values():
        assert fitted(path, 4) == {}


def test_jobs_and_the_real_job_agree_on_the_configuration() -> None:
    pytest.importorskip("torch")
    config_file = pytest.importorskip("validation.gpt.config_file")
    for path in shipped_jobs().values():
        config = config_file.read_config(path, [])
        assert config.parallel.world == 4


def test_a_job_keeps_its_work_per_host_on_fewer_hosts() -> None:
    jobs = shipped_jobs()
    batch = tomllib.loads(jobs["data-parallel"].read_text())["train"]["global_batch"]
    assert fitted(jobs["data-parallel"], 2) == {"parallel.data": 2, "train.global_batch": batch // 2}
    assert fitted(jobs["tensor-data"], 2)["parallel.data"] == 1


def test_a_layout_that_does_not_divide_the_hosts_is_named() -> None:
    with pytest.raises(MeasurementError, match="tensor-data: 3 hosts are no multiple of tensor 2 x pipeline 1"):
        fitted(shipped_jobs()["tensor-data"], 3)


def test_the_command_of_the_real_job(shipped: dict[str, Topology], tmp_path: Path) -> None:
    config = shipped_jobs()["data-parallel"]
    job = gpt_job("data-parallel", config)
    command = job.command(shipped["one-switch"], tmp_path)
    assert tuple(command)[-5:] == ("-m", "validation.gpt", str(config), "--out", str(tmp_path))
    assert "--set=parallel.data=2" in job.command(shipped["two-hosts"], tmp_path)


def test_unknown_operations_are_refused() -> None:
    with pytest.raises(ValueError, match="op: 'scan' is none of all_reduce, all_gather, reduce_scatter"):
        Case("scan", (HOSTS,))


def test_small_messages_are_called_several_times() -> None:
    assert [calls_in_a_row(size) for size in (2**10, 2**20, 2**24)] == [16, 4, 1]


def test_quartile_distance() -> None:
    assert quartile_distance([1.0]) == 0.0
    assert quartile_distance([1.0, 2.0, 3.0, 4.0, 5.0]) == 2.0
