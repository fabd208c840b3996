import time
from pathlib import Path

import pytest

from validation.testbed import quiet


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Readings of /proc/stat: user nice system idle iowait irq softirq steal guest."""
    readings = ["cpu 0 0 0 0 0 0 0 0 0", "cpu 40 5 5 130 10 0 0 10 0", "cpu 41 5 5 328 11 0 0 10 0"]
    path = tmp_path / "stat"
    path.write_text(readings[0] + "\ncpu0 1 1 1 1 1 1 1 1\n")

    def sleep(_: float) -> None:
        path.write_text((readings[1] if "cpu 0" in path.read_text() else readings[2]) + "\n")

    monkeypatch.setattr(quiet, "_STAT", path)
    monkeypatch.setattr("time.sleep", sleep)
    return readings


@pytest.mark.usefixtures("ticks")
def test_busy_is_all_but_idle_and_waiting_for_disks() -> None:
    before = quiet.processor_ticks()
    time.sleep(1.0)
    assert quiet.busy_share(before, quiet.processor_ticks()) == pytest.approx(60 / 200)


@pytest.mark.usefixtures("ticks")
def test_it_waits_for_the_busy_second_to_pass() -> None:
    assert quiet.wait_until_quiet(60.0)
    assert quiet.processor_ticks() == (61, 400)


def test_it_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "busy_share", lambda *_: 1.0)
    monkeypatch.setattr(quiet, "_LOOK_S", 0.01)
    assert not quiet.wait_until_quiet(0.05)


def test_without_a_limit_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "processor_ticks", lambda: pytest.fail("looked"))
    assert quiet.wait_until_quiet(0.0)
