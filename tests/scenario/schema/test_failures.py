"""Failure categories and recorded incidents: what must be given, what must not, and where that is said."""

from collections.abc import Callable

import pytest

from clustersim import scenario as cs

Wrong = Callable[..., list[str]]
Load = Callable[..., cs.Loaded]

HEAD = "failures:\n  categories:\n"
KILL = "    kill: {component: software, rate: 0 per GPU-hour, blast: job, evict: 0 %}\n"
SLOW = "    straggler: {component: host, rate: 0 per GPU-hour, effect: slow, slowdown: 1.8, lasts: 20 s}\n"
FULL = "    disk_full: {component: storage, rate: 1 per job-day, effect: write_failure, lasts: 30 s}\n"
BAD = "    bad_checkpoint: {component: storage, rate: 1 per job-day, effect: checkpoint_loss}\n"


def one(settings: str) -> str:
    """A category on line 12 whose settings after the rate begin at column 48."""
    return f"{HEAD}    x: {{component: host, rate: 0 per GPU-hour, {settings}}}\n"


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        (
            "effect: slow",
            [
                "plan.yaml:12:5: failures.categories.x.lasts: missing: how long a failure with the effect slow lasts, "
                "e.g. 30 min",
                "plan.yaml:12:5: failures.categories.x.slowdown: missing: how much longer a step takes while it lasts, "
                "e.g. 1.5; or what slows it down instead: gpu_speed or bandwidth",
            ],
        ),
        (
            "effect: write_failure",
            [
                "plan.yaml:12:5: failures.categories.x.lasts: missing: how long a failure with the effect "
                "write_failure lasts, e.g. 30 min"
            ],
        ),
        (
            "effect: slow, lasts: 1 h, slowdown: 1",
            ["plan.yaml:12:84: failures.categories.x.slowdown: must be more than 1, got 1"],
        ),
        (
            "effect: slow, lasts: 20, slowdown: 2",
            ["plan.yaml:12:69: failures.categories.x.lasts: '20' has no unit: write e.g. 30 min"],
        ),
        (
            "slowdown: 2",
            [
                "plan.yaml:12:58: failures.categories.x.slowdown: goes with the effect slow, not with crash: "
                "leave it out, or write 'effect: slow'"
            ],
        ),
        (
            "effect: checkpoint_loss, lasts: 1 h",
            [
                "plan.yaml:12:80: failures.categories.x.lasts: goes with the effects slow and write_failure, "
                "not with checkpoint_loss: leave it out"
            ],
        ),
        (
            "effect: write_failure, lasts: 1 h, hang_fraction: 3 %",
            [
                "plan.yaml:12:98: failures.categories.x.hang_fraction: a failure with the effect write_failure never "
                "shows as a hang: leave it out, or write 'effect: crash'"
            ],
        ),
        (
            "effect: slwo",
            [
                "plan.yaml:12:56: failures.categories.x.effect: must be one of crash, hang, corrupt, "
                "loss_spike, slow, write_failure, checkpoint_loss, got 'slwo', did you mean 'slow'?"
            ],
        ),
        (
            "effect: slow, lasts: 1 h, gpu_speed: 80 %, slowdown: 2",
            [
                "plan.yaml:12:85: failures.categories.x.gpu_speed: a slow category has one of slowdown, gpu_speed, "
                "bandwidth, and 'slowdown' is set: leave one out"
            ],
        ),
        (
            "effect: slow, lasts: 1 h, bandwidth: 50 %",
            [
                "plan.yaml:12:85: failures.categories.x.bandwidth: is that of the links of the failing unit, and a gpu "
                "has none: give the rate per nic, node, leaf or spine"
            ],
        ),
        (
            "effect: loss_spike",
            [
                "plan.yaml:12:5: failures.categories.x.blast: no node is at fault when the loss diverges: "
                "write 'blast: job'"
            ],
        ),
        (
            "skip: 3",
            [
                "plan.yaml:12:54: failures.categories.x.skip: goes with the effect loss_spike, not with crash: "
                "leave it out"
            ],
        ),
    ],
)
def test_an_effect_has_its_settings_and_no_others(settings: str, lines: list[str], wrong: Wrong) -> None:
    assert wrong(more=one(settings)) == lines


@pytest.mark.parametrize(
    ("incident", "line"),
    [
        (
            "{at: 35 s, category: kil}",
            "plan.yaml:17:28: failures.incidents[0].category: there is no failure category 'kil', did you mean 'kill'?",
        ),
        (
            "{at: 35 s, category: zzzzz}",
            "plan.yaml:17:28: failures.incidents[0].category: there is no failure category 'zzzzz'; categories: kill, "
            "straggler, disk_full, bad_checkpoint",
        ),
        (
            "{at: 35 s, category: kill, lasts: 3 s}",
            "plan.yaml:17:41: failures.incidents[0].lasts: 'kill' has the effect crash, which does not last: "
            "leave it out",
        ),
        (
            "{at: 35 s, category: bad_checkpoint, lasts: 3 s}",
            "plan.yaml:17:51: failures.incidents[0].lasts: 'bad_checkpoint' has the effect checkpoint_loss, which does "
            "not last: leave it out",
        ),
        (
            "{at: 35 s, category: straggler, detection: 3 s}",
            "plan.yaml:17:50: failures.incidents[0].detection: 'straggler' has the effect slow, which nobody has to "
            "detect: leave it out",
        ),
        (
            "{at: 35, category: kill}",
            "plan.yaml:17:12: failures.incidents[0].at: '35' has no unit: write e.g. 30 min",
        ),
        (
            "{category: kill}",
            "plan.yaml:17:7: failures.incidents[0].at: missing: when it strikes, in wall time since the start of the "
            "job",
        ),
        (
            "{at: 35 s, category: straggler, lasts: 0 s}",
            "plan.yaml:17:46: failures.incidents[0].lasts: must be more than 0 s, got '0 s'",
        ),
        (
            "{at: 35 s, kategory: kill}",
            "plan.yaml:17:18: failures.incidents[0].kategory: unknown key, did you mean 'category'?",
        ),
    ],
)
def test_an_incident_that_cannot_be(incident: str, line: str, wrong: Wrong) -> None:
    assert wrong(more=f"{HEAD}{KILL}{SLOW}{FULL}{BAD}  incidents:\n    - {incident}\n") == [line]


def test_all_that_is_wrong_is_said_at_once(wrong: Wrong) -> None:
    incidents = "  incidents:\n    - {at: 1 s, category: a}\n    - {at: 2 s, category: kill, lasts: 1 s}\n"
    assert [line.split(": ")[1] for line in wrong(more=HEAD + KILL + incidents)] == [
        "failures.incidents[0].category", "failures.incidents[1].lasts",
    ]  # fmt: skip


def test_the_contract(load: Load) -> None:
    incidents = (
        "  incidents:\n"
        "    - {at: 35 s, category: kill}\n"
        "    - {at: 60 s, category: straggler, lasts: 25 s}\n"
        "    - {at: 90 s, category: kill, detection: 4 s}\n"
        "    - {at: 9000 days, category: disk_full}\n"
    )
    loaded = load(more=HEAD + KILL + SLOW + FULL + BAD + incidents)
    failures = loaded.scenario.failures
    assert [(i.at, i.category, i.lasts, i.detection) for i in failures.incidents[:3]] == [
        (35.0, "kill", None, None), (60.0, "straggler", 25.0, None), (90.0, "kill", None, 4.0),
    ]  # fmt: skip
    assert failures.categories["straggler"].slowdown == 1.8
    assert failures.categories["kill"].stops_job
    assert not failures.categories["straggler"].stops_job


def test_the_resolved_scenario_says_the_same(load: Load) -> None:
    incidents = "  incidents: [{at: 60 s, category: straggler, lasts: 25 s}, {at: 90 s, category: kill}]\n"
    loaded = load(more=HEAD + KILL + SLOW + FULL + BAD + incidents)
    assert load(text=loaded.resolved_yaml()).scenario == loaded.scenario


def test_incidents_beside_a_catalogue_entry(load: Load) -> None:
    more = "failures:\n  like: llama3-405b\n  incidents: [{at: 1 h, category: faulty_gpu, detection: 10 min}]\n"
    (incident,) = load(more=more).scenario.failures.incidents
    assert (incident.at, incident.detection) == (3600.0, 600.0)
