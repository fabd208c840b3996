"""The processors' counters, on a machine whose file says what the test wants."""

from pathlib import Path

import pytest

from validation import machine
from validation.machine import DISTURBED, Usage, Watch, busy_share, foreign_share, usage

READINGS = ("cpu 0 0 0 0 0 0 0 0 0", "cpu 40 5 5 130 10 0 0 10 0", "cpu 41 5 5 328 11 0 0 10 0")
"""User nice system idle iowait irq softirq steal guest [ticks of 10 ms, of two processors]."""


def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reading: str) -> Usage:
    path = tmp_path / "stat"
    path.write_text(reading + "\ncpu0 1 1 1 1 1 1 1 1\n")
    monkeypatch.setattr(machine, "_STAT", path)
    monkeypatch.setattr("os.sysconf", lambda _name: 100)
    found = usage()
    assert found is not None
    return found


def test_busy_is_all_but_idle_and_waiting_for_disks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, second, third = (read(monkeypatch, tmp_path, reading) for reading in READINGS)
    # 200 ticks on two processors are a second.
    assert busy_share(first, second, 1.0, 2) == pytest.approx(60 / 200)
    assert busy_share(second, third, 1.0, 2) == pytest.approx(1 / 200)
    assert busy_share(first, None, 1.0, 2) is None


def test_own_children_are_no_others() -> None:
    assert foreign_share(Usage(0.0, 0.0, 0.0, 0.0), Usage(1.5, 0.1, 1.0, 0.0), 1.0, 2) == pytest.approx(0.3)
    assert foreign_share(Usage(0.0, 0.0, 0.0, 0.0), Usage(0.5, 0.0, 1.0, 0.0), 1.0, 2) == 0.0


@pytest.mark.parametrize(("share", "disturbed"), [(None, False), (DISTURBED, False), (2 * DISTURBED, True)])
def test_a_watch_tells_what_others_did(monkeypatch: pytest.MonkeyPatch, share: float | None, disturbed: bool) -> None:
    monkeypatch.setattr(machine, "foreign_share", lambda *_: share)
    told = Watch().told()
    assert (told["foreign_share"], told["disturbed"]) == (share, disturbed)
    assert told["load"] >= 0.0


def test_without_counters_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "_STAT", tmp_path / "none")
    assert usage() is None
    assert Watch().told()["foreign_share"] is None
