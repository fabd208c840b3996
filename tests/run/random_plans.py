"""Strategies that draw run plans with every mechanism the engine has."""

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from clustersim.run import RunPlan
from clustersim.run.failures.ageing import DAY_S, AgeingPlan
from clustersim.run.failures.lifetimes import EXPONENTIAL, LognormalLife, WeibullLife
from clustersim.run.laws import AT_ONCE, Law
from clustersim.run.plan import (
    AdaptivePlan,
    CategoryPlan,
    CheckpointPlan,
    DatedPlan,
    DiagnosisPlan,
    DiurnalPlan,
    ElasticPlan,
    IncidentPlan,
    InJobPlan,
    LemonsPlan,
    LoadingPlan,
    MaintenancePlan,
    OnCallPlan,
    PartsPlan,
    PassPlan,
    PhasePlan,
    PlacementPlan,
    PreemptionPlan,
    RecoveryPlan,
    ResizePlan,
    RestartPart,
    RetirementPlan,
    RolloutPlan,
    SizePlan,
    SparesPlan,
    StallsPlan,
    StoragePlan,
    TenantPlan,
    TierPlan,
)

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


LIVES = (
    EXPONENTIAL,
    EXPONENTIAL,
    EXPONENTIAL,
    WeibullLife(0.7),
    WeibullLife(2.0),
    LognormalLife(0.5),
    LognormalLife(1.5),
)


kinds = st.sampled_from(["constant", "exponential", "lognormal"])


def laws(most_s: float) -> st.SearchStrategy[Law]:
    return st.builds(Law, kinds, st.floats(0.0, most_s), st.floats(0.0, 1.0))


def factors(most: int) -> st.SearchStrategy[tuple[tuple[float, ...], ...]]:
    """Factors on the step time with one to so many spares from elsewhere, in three phases at three sizes."""
    growth = st.lists(st.tuples(*[st.sampled_from([0.0, 0.2, 1.0])] * 9), min_size=most, max_size=most)
    return growth.map(lambda rows: tuple(tuple(1.0 + sum(column) for column in zip(*rows[: count + 1], strict=True))
                                         for count in range(most)))  # fmt: skip


@st.composite
def plans(draw: st.DrawFn) -> RunPlan:
    """A few nodes, an hour or so of work, and a failure every few minutes."""
    nodes = draw(st.integers(1, 6))
    spares = SparesPlan(
        *(draw(st.integers(0, 2)) for _ in range(3)), *(draw(laws(most_s)) for most_s in (60.0, 300.0, 1500.0)),
        repair_hands=draw(st.integers(1, 3)),
        failed_repairs=draw(st.sampled_from([0.0, 0.0, 0.5])),
        parts=draw(st.none() | st.builds(PartsPlan, st.integers(1, 3), laws(3000.0))),
        retirement=draw(
            st.none() | st.builds(RetirementPlan, st.floats(0.0, 0.5), st.none() | st.integers(1, 3), laws(3000.0))
        ),
    )  # fmt: skip
    if spares.total:
        spares = replace(
            spares, placement=draw(st.none() | st.builds(PlacementPlan, factors(spares.total), st.booleans()))
        )
    phases = tuple(
        PhasePlan(
            f"phase {number}", draw(st.integers(1, 80)), draw(st.floats(1.0, 1e9)), draw(st.floats(0.5, 40.0)),
            draw(st.sampled_from([0.0, 0.2])),
            restart_before=number > 0 and draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, 3)))
    )  # fmt: skip
    categories = tuple(
        _category(draw, f"category {number}", nodes + spares.total, len(phases))
        for number in range(draw(st.integers(0, 3)))
    )
    maintenance: tuple[MaintenancePlan | DatedPlan, ...] = tuple(
        MaintenancePlan(f"stop {n}", draw(st.floats(200.0, 5000.0)), draw(laws(800.0)), draw(st.booleans()), 100.0)
        for n in range(draw(st.integers(0, 2)))
    )
    maintenance += tuple(
        DatedPlan("window", tuple(sorted(dates_s)), draw(laws(800.0)))
        for dates_s in draw(st.lists(st.lists(st.floats(0.0, 5000.0), min_size=1, max_size=3), max_size=1))
    )
    incidents = tuple(
        IncidentPlan(
            draw(st.floats(0.0, 5000.0)),
            draw(st.integers(0, len(categories) - 1)),
            draw(st.none() | st.floats(1.0, 900.0)),
            draw(st.none() | st.floats(0.0, 300.0)),
        )
        for _ in range(draw(st.integers(0, 4)) if categories else 0)
    )
    plan = RunPlan(
        "random", nodes, 1, phases, categories,
        _checkpoint(draw), _recovery(draw), spares, maintenance,
        fleet_age_s=draw(st.sampled_from([0.0, 5000.0])),
        parameter_uncertainty=draw(st.booleans()),
        incidents=tuple(sorted(incidents, key=lambda incident: incident.at_s)),
        ageing=_ageing(draw),
        lemons=draw(st.none() | st.builds(LemonsPlan, st.floats(0.0, 1.0), st.floats(1.0, 20.0))),
        diurnal=draw(st.none() | st.builds(DiurnalPlan, st.floats(0.01, 0.5), st.floats(0.0, DAY_S))),
        rollouts=tuple(_rollout(draw, f"roll-out {number}") for number in range(draw(st.integers(0, 2)))),
        neighbour_nodes=draw(st.sampled_from([0, 0, 1, 30])),
        preemptions=tuple(_preemption(draw, f"other jobs {number}") for number in range(draw(st.integers(0, 2)))),
        loading=_loading(draw, len(phases)),
    )  # fmt: skip
    return replace(plan, deadline_s=5.0 * plan.ideal_s + 1000.0)


def _ageing(draw: st.DrawFn) -> AgeingPlan:
    """Rates that change in an hour or so, as far as they change."""
    return AgeingPlan(
        draw(st.sampled_from([1.0, 5.0])), draw(st.floats(1000.0, 1e4)), draw(st.sampled_from([0.0, 5000.0])),
        draw(st.sampled_from([0.0, 50.0])), draw(st.sampled_from([0.0, 0.1])), draw(st.floats(0.0, 20.0)),
        draw(st.floats(0.0, 20.0)), draw(st.floats(0.0, DAY_S)),
    )  # fmt: skip


@st.composite
def sized_plans(draw: st.DrawFn) -> RunPlan:
    """The same of jobs that have fewer nodes in some phases, and other numbers of them from some dates on."""
    plan = draw(plans())
    counts = st.integers(1, plan.job_nodes)
    plan = replace(plan, phases=_sized(plan.phases, [draw(counts) for _ in plan.phases]))
    dates_s = sorted(draw(st.lists(st.floats(1.0, plan.deadline_s or 1.0), max_size=2, unique=True)))
    slower = draw(st.floats(0.3, 3.0))
    resizes = tuple(
        ResizePlan(
            at_s,
            tuple(
                replace(phase, step_time_s=phase.step_time_s * slower)
                for phase in _sized(plan.phases, [draw(counts) for _ in plan.phases])
            ),
        )
        for at_s in dates_s
    )
    parts = tuple(replace(part, median_s=draw(st.floats(0.0, 60.0))) for part in plan.recovery.restart_parts)
    sizes = tuple(SizePlan(nodes, parts, draw(st.floats(1.0, 900.0))) for nodes in range(1, plan.job_nodes))
    # Factors are those of the phases at each size.
    categories = tuple(
        replace(
            category,
            phase_slowdowns=category.phase_slowdowns * (1 + len(resizes)),
            phase_rates=category.phase_rates * (1 + len(resizes)),
        )
        for category in plan.categories
    )
    plan = replace(plan, resizes=resizes, sizes=sizes, categories=categories)
    if plan.loading is None:
        return plan
    return replace(plan, loading=replace(plan.loading, courses=plan.loading.courses * (1 + len(resizes))))


def _sized(phases: tuple[PhasePlan, ...], counts: list[int]) -> tuple[PhasePlan, ...]:
    before = [counts[0], *counts]
    return tuple(
        replace(phase, nodes=count, restart_before=phase.restart_before or count != last)
        for phase, count, last in zip(phases, counts, before, strict=False)
    )


def _category(draw: st.DrawFn, name: str, nodes: int, phases: int) -> CategoryPlan:
    domain_nodes, per_domain = draw(st.integers(1, 3)), draw(st.sampled_from([1, 1, 4]))
    units = -(-nodes // domain_nodes) * per_domain
    effect = draw(
        st.sampled_from(["crash", "hang", "corrupt", "loss_spike", "slow", "write_failure", "checkpoint_loss"])
    )
    return CategoryPlan(
        name, "gpu", units, 1.0 / draw(st.floats(300.0, 1e5)) / units,
        units_per_domain=per_domain,
        domain_nodes=domain_nodes,
        blast_nodes=draw(st.sampled_from([0, 1, domain_nodes, 2 * domain_nodes])),
        effect=effect,
        slowdown=draw(st.floats(1.01, 10.0)) if effect == "slow" else 1.0,
        phase_slowdowns=draw(st.sampled_from([(), (1.0, 3.0, 2.0)[:phases]])) if effect == "slow" else (),
        rewind_steps=draw(st.integers(0, 20)) if effect == "loss_spike" else 0,
        skip_steps=draw(st.integers(0, 20)) if effect == "loss_spike" else 0,
        lasts=draw(laws(2000.0)) if effect in ("slow", "write_failure") else None,
        hang_fraction=draw(st.floats(0.0, 1.0)),
        evict=draw(st.floats(0.0, 1.0)),
        lifetime=draw(st.sampled_from(LIVES)),
        renewal=draw(st.sampled_from([1.0, 0.0, 0.4])),
        idle_factor=draw(st.sampled_from([1.0, 0.3])),
        published_count=draw(st.sampled_from([None, 3, 0.4])),
        phase_rates=draw(st.sampled_from([(), (1.0, 0.5, 2.0)[:phases]])),
        ages=draw(st.booleans()),
        repair=draw(st.none() | laws(1500.0)),
        detection=draw(st.none() | laws(600.0)),
    )  # fmt: skip


def _checkpoint(draw: st.DrawFn) -> CheckpointPlan:
    """A store that others may use, and up to two tiers nearer than it."""
    stall_s, write_s = draw(st.floats(0.0, 30.0)), draw(st.just(0.0) | st.floats(1e-3, 120.0))
    bandwidth_bytes_s = 1e6
    tenants = tuple(
        TenantPlan(
            f"tenant {number}", draw(st.floats(1e5, 1e7)), draw(st.floats(100.0, 2000.0)), draw(st.floats(100.0, 900.0))
        )
        for number in range(draw(st.integers(0, 2)))
    )
    storage = StoragePlan(
        bandwidth_bytes_s, draw(st.floats(0.0, 1e5)), tenants, draw(st.floats(0.0, 1e8)), draw(st.floats(2e5, 1e6))
    )
    inner = tuple(
        TierPlan(f"tier {number}", draw(st.integers(1, 3)), draw(st.floats(0.0, 60.0)), draw(st.floats(0.0, 60.0)),
                 draw(st.integers(0, 2)), draw(st.none() | st.integers(1, 4)), *_bad_shares(draw))
        for number in range(draw(st.sampled_from([0, 0, 1, 2])))
    )  # fmt: skip
    return CheckpointPlan(
        draw(st.floats(1.0, 900.0)), stall_s, write_s, write_s * 5e5,
        draw(st.sampled_from([1, 1, 3])), draw(st.none() | st.integers(1, 4)), *_bad_shares(draw), inner,
        draw(st.none() | st.builds(AdaptivePlan, st.floats(100.0, 1e5), st.integers(1, 5))),
        draw(st.none() | st.just(storage)),
    )  # fmt: skip


def _bad_shares(draw: st.DrawFn) -> tuple[float, float]:
    return draw(st.sampled_from([(0.0, 0.0), (0.0, 0.0), (0.2, 0.3)]))


def _loading(draw: st.DrawFn, phases: int) -> LoadingPlan | None:
    """Data that are there in time, or only half as fast; a store that may be shared and may stall."""
    if draw(st.booleans()):
        return None
    first = draw(st.sampled_from([1.0, 0.4]))
    shares = (first, 1.0 - first) if first < 1.0 else (first,)
    course = tuple(
        tuple(PassPlan(share, draw(st.floats(0.0, 2e7)), draw(st.floats(0.0, 40.0))) for share in shares)
        for _ in range(phases)
    )
    return LoadingPlan(
        (course,), draw(st.integers(1, 5)),
        draw(st.none() | st.builds(StallsPlan, st.floats(100.0, 1e4), st.floats(1.0, 300.0))),
        draw(st.sampled_from([float("inf"), 1e6])), draw(st.floats(0.0, 1e6)), draw(st.sampled_from([0.0, 0.3, 1.0])),
    )  # fmt: skip


def _rollout(draw: st.DrawFn, name: str) -> RolloutPlan:
    at_a_time, pause_s, at_once = draw(st.integers(1, 8)), draw(st.sampled_from([0.0, 100.0])), draw(st.booleans())
    return RolloutPlan(name, draw(st.floats(0.0, 3000.0)), at_a_time, draw(laws(300.0)), pause_s, at_once)


def _preemption(draw: st.DrawFn, name: str) -> PreemptionPlan:
    interval_s, nodes = draw(st.floats(200.0, 20000.0)), draw(st.none() | st.integers(1, 8))
    return PreemptionPlan(name, interval_s, nodes, draw(laws(1500.0)), draw(st.sampled_from([0.0, 20.0, 100.0])))


def _recovery(draw: st.DrawFn) -> RecoveryPlan:
    return RecoveryPlan(
        draw(laws(60.0)), draw(st.floats(0.0, 300.0)), draw(laws(900.0)),
        (RestartPart("init", draw(st.floats(0.0, 60.0))), RestartPart("load", draw(st.floats(0.0, 60.0)))),
        draw(st.floats(0.0, 0.5)), draw(st.floats(0.0, 0.3)), draw(laws(600.0)),
        loss_spike=draw(laws(100.0)),
        diagnosis=DiagnosisPlan(draw(st.floats(0.0, 0.4)), draw(st.floats(0.0, 0.4)), draw(laws(600.0))),
        suspect_after=draw(st.none() | st.integers(1, 3)),
        on_call=draw(st.none() | st.builds(OnCallPlan, st.just(32400.0), st.just(64800.0), st.booleans(), laws(900.0),
                                           st.floats(0.0, 6e5))),
        in_job=draw(st.none() | st.builds(InJobPlan, st.sampled_from([(), ("init",), ("init", "load")]),
                                          st.floats(0.0, 1.0))),
        queue=draw(st.just(AT_ONCE) | laws(300.0)),
        elastic=draw(st.none() | st.builds(ElasticPlan, st.sampled_from([((1.5,),), ((1.5,), (3.0,))]), st.booleans())),
        swap_slow_after_s=draw(st.none() | st.floats(0.0, 500.0)),
    )  # fmt: skip
