"""Who is in trouble, and who is not any more."""

import simpy

from clustersim.run.episodes import Episode, Episodes
from clustersim.run.fleet import Fleet
from clustersim.run.log import Log, WriteFailureRow
from clustersim.run.shop import RepairShop
from tests.run.plans import SPARES


def make() -> tuple[Episodes, Fleet, Log]:
    log = Log()
    env = simpy.Environment()
    fleet = Fleet(env, 4, SPARES, RepairShop(env, SPARES, log, {}))
    return Episodes(fleet, log), fleet, log


def test_the_slowest_counts_and_of_equals_the_first() -> None:
    episodes, _fleet, _log = make()
    assert episodes.pace(0.0, 0) == (1.0, -1)
    for incident, until_s, slowdown in ((0, 100.0, 2.0), (1, 60.0, 3.0), (2, 200.0, 2.0), (3, 80.0, 3.0)):
        episodes.begin(Episode(incident, until_s, (slowdown,)))
    moments_s = (10.0, 59.9, 60.0, 80.0, 100.0, 199.0, 200.0)
    assert [episodes.pace(t_s, 0) for t_s in moments_s] == [
        (3.0, 1), (3.0, 1), (3.0, 3), (2.0, 0), (2.0, 2), (2.0, 2), (1.0, -1),
    ]  # fmt: skip
    assert episodes.current == []


def test_a_domain_is_in_trouble_until_its_last_node_has_left() -> None:
    episodes, fleet, _log = make()
    episodes.begin(Episode(0, 1e9, (2.0,), (0, 1)))
    fleet.evict([1, 2], 5, 100.0)
    assert episodes.pace(1.0, 0) == (2.0, 0)
    fleet.evict([0], 6, 100.0)
    assert episodes.pace(1.0, 0) == (1.0, -1)


def test_those_to_replace_are_over_when_they_have_left() -> None:
    episodes, fleet, _log = make()
    mended = Episode(0, 50.0, (2.0,), (0,), repair_s=10.0)
    for episode in (mended, Episode(1, 50.0, (2.0,), (1,))):
        episodes.begin(episode)
    assert episodes.to_replace(49.0) == [mended]
    fleet.evict(mended.nodes, 0, 10.0)
    assert episodes.to_replace(49.0) == []
    assert episodes.pace(49.0, 0) == (2.0, 1)


def test_writes_succeed_from_when_the_node_has_left() -> None:
    episodes, fleet, log = make()
    log.write_failures += [WriteFailureRow(0.0, 500.0, 0), WriteFailureRow(0.0, 600.0, 1)]
    episodes.begin(Episode(0, 500.0, nodes=(3,)))
    fleet.evict([3], 2, 10.0)
    assert log.write_failures == [WriteFailureRow(0.0, 0.0, 0), WriteFailureRow(0.0, 600.0, 1)]


def test_what_nothing_can_come_of_is_not_kept() -> None:
    """A write failure of the whole job ends when it ends; a checkpoint that was lost is lost."""
    episodes, _fleet, _log = make()
    episodes.begin(Episode(0, 500.0))
    episodes.begin(Episode(1, nodes=(3,)))
    assert episodes.current == []
    episodes.begin(Episode(2, nodes=(3,), repair_s=10.0))
    assert [episode.incident for episode in episodes.current] == [2]


def test_phases_may_feel_it_differently() -> None:
    episodes, _fleet, _log = make()
    episodes.begin(Episode(0, 100.0, (1.0, 3.0)))
    episodes.begin(Episode(1, 100.0, (2.0,)))
    assert [episodes.pace(0.0, phase) for phase in (0, 1)] == [(2.0, 1), (3.0, 0)]


def test_what_slows_every_node_comes_on_top() -> None:
    episodes, _fleet, _log = make()
    assert not episodes.slow
    episodes.stand(7, 1.1)
    assert episodes.pace(0.0, 0) == (1.1, 7)
    episodes.begin(Episode(0, 100.0, (2.0,)))
    assert episodes.pace(0.0, 0) == (2.2, 0)
    episodes.stand(7, 1.0)
    assert episodes.pace(0.0, 0) == (2.0, 0)
