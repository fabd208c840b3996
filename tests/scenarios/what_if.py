"""One row for each setting of what goes wrong: a scenario in which it matters, in which way, and how it is off."""

import math
import re
from collections.abc import Callable
from typing import NamedTuple

from clustersim.run import Records, metrics
from clustersim.run.records import EFFECTS, RECOMPUTE, RESTART, SLOWED, WAITING

PLAIN = (
    "cluster.nodes=12",
    "training.layout={tensor_parallel: 8, data_parallel: 8}",
    "training.phases=[{name: main, tokens: 60B tokens, sequence_length: 8192, global_batch: 512}]",
    "cluster.racks_per_pdu=1",
    "cluster.fabric={kind: clos, nodes_per_rack: 3}",
    "failures={fleet_age: 20 d, categories: {"
    "node: {component: host, rate: 1 per node-day, evict: 80 %},"
    "software: {component: software, rate: 4 per job-day, blast: job}}}",
    "recovery.manual_fraction=0 %",
    "spares={warm: 1, repair: {kind: exponential, mean: 2 h}}",
    "checkpoint={kind: asynchronous, interval: 20 min, stall: 5 s, write_bandwidth: 1 GB/s}",
)
"""Eight nodes and a spare, twenty incidents in a run of 1.7 days, simulated in milliseconds."""

Measure = Callable[[Records], float]


def _time(state: int) -> Measure:
    def spent_s(records: Records) -> float:
        return float(metrics.durations_s(records)[records.intervals["state"] == state].sum())

    return spent_s


def _wall(records: Records) -> float:
    return records.end_s


def _stopped(records: Records) -> float:
    return float(metrics.interruptions(records)[0])


def _planned(records: Records) -> float:
    return float(metrics.interruptions(records)[1])


def _broken(records: Records) -> float:
    return float(len(records.incidents["t_s"]))


def _hangs(records: Records) -> float:
    return float((records.incidents["effect"] == EFFECTS.index("hang")).sum())


def _repairs(records: Records) -> float:
    return float(len(records.repairs["queued_s"]))


def _skipped(records: Records) -> float:
    return float(records.incidents["skipped_tokens"].sum())


def _checkpoints(records: Records) -> float:
    return float(len(records.checkpoints["taken_s"]))


def _far_from_expected(records: Records) -> float:
    return abs(math.log(max(_broken(records), 0.5) / 20.0))


def _longest_restart(records: Records) -> float:
    return math.log(float(metrics.durations_s(records)[records.intervals["state"] == RESTART].max()))


def _first_incident(records: Records) -> float:
    return float(records.incidents["t_s"].min(initial=records.end_s))


class Direction(NamedTuple):
    """What a setting changes, and which way."""

    words: str
    measure: Measure
    sign: int


LONGER, SHORTER = Direction("the run takes longer", _wall, 1), Direction("the run takes less time", _wall, -1)
MORE, FEWER = Direction("more interruptions", _stopped, 1), Direction("fewer interruptions", _stopped, -1)
BREAKS, LASTS = Direction("more breaks", _broken, 1), Direction("less breaks", _broken, -1)
SOONER, LATER = (
    Direction("the first incident comes sooner", _first_incident, -1),
    Direction("the first incident comes later", _first_incident, 1),
)
HANGS = Direction("more hangs", _hangs, 1)
MENDED, KEPT = Direction("more repairs", _repairs, 1), Direction("fewer repairs", _repairs, -1)
REDONE, LESS_REDONE = (
    Direction("more is trained again", _time(RECOMPUTE), 1),
    Direction("less is trained again", _time(RECOMPUTE), -1),
)
RESTARTED, QUICKER = (
    Direction("restarts take longer", _time(RESTART), 1),
    Direction("restarts take less time", _time(RESTART), -1),
)
UNLIKE = Direction("the longest restart is longer", _longest_restart, 1)
SLOWLY = Direction("steps are slow for longer", _time(SLOWED), 1)
SWIFTLY = Direction("steps are slow for less long", _time(SLOWED), -1)
UNSURE = Direction("counts are less sure", _far_from_expected, 1)
WAITS, WAITS_LESS = (
    Direction("the job waits longer", _time(WAITING), 1),
    Direction("the job waits less", _time(WAITING), -1),
)
STOPS, FEWER_STOPS = Direction("more planned stops", _planned, 1), Direction("fewer planned stops", _planned, -1)
SKIPS = Direction("more data is left out", _skipped, 1)
SELDOM = Direction("fewer checkpoints", _checkpoints, -1)


class Row(NamedTuple):
    """A setting, a value of it that matters, and one at which it is as if nobody had written it."""

    setting: str
    value: str
    direction: Direction
    off: str | None = None
    """Value that switches it off: the records are those of the scenario without it, byte by byte."""
    given: tuple[str, ...] = ()
    """What the scenario needs beside, with and without it."""

    def __str__(self) -> str:
        return f"{self.setting}={self.value}: {self.direction.words}"


NODE = "failures.categories.node"
WEAR = (f"{NODE}.lifetime={{kind: weibull, shape: 2}}", "failures.fleet_age=0 s")


def _category(text: str, **changes: str) -> str:
    """A category as it is written, with some settings changed."""
    for name, value in changes.items():
        text = re.sub(rf"{name}: [^,}}]+", f"{name}: {value}", text)
    return text


SLOW = "{component: gpu, rate: 6 per job-day, effect: slow, slowdown: 3, lasts: 3 h, evict: 0 %}"
SLOW_GPU = SLOW.replace("slowdown: 3", "gpu_speed: 50 %")
SLOW_NIC = _category(SLOW.replace("slowdown: 3", "bandwidth: 20 %"), rate="0.7 per node-day")
SPIKE = "{component: data, rate: 6 per job-day, blast: job, effect: loss_spike}"
FLIP = "{component: gpu, rate: 4 per job-day, effect: corrupt, evict: 0 %}"
FULL = "{component: storage, rate: 3 per job-day, blast: job, effect: write_failure, lasts: 3 h}"
LOSS = "{component: storage, rate: 20 per job-day, blast: job, effect: checkpoint_loss}"
SLOWED_DOWN, GPU_SLOW, NIC_SLOW = (f"failures.categories.slow={text}" for text in (SLOW, SLOW_GPU, SLOW_NIC))
BAD_NODE = f"failures.categories.slow={_category(SLOW, evict='100 %', lasts='2 d')}"
SPIKES, FLIPS = f"failures.categories.spike={SPIKE}", f"failures.categories.flip={FLIP}"
KILL = "failures.incidents=[{at: 12 h, category: software}]"
SLOW_ONCE = f"failures.categories.slow={_category(SLOW, rate='0 per job-day')}"
JULY = "training.start=2027-07-01"
HOT = "failures.temperature={factor_per_10_k: 3}"
PEOPLE = "recovery.manual_fraction=50 %"
SHIFTS = "recovery.on_call={off_hours: 5 h}"
INSIDE = "recovery.in_job_restart={}"
NO_SPARE = "spares.warm=0"
ELASTIC = "recovery.elastic={least: 50 %}"
PARTS = "spares.parts={stock: 1, lead_time: 3 h}"
GONE = "spares.retirement={share: 30 %, lead_time: 12 h}"
TIER = "checkpoint.tiers=[{name: peers, survives: node, load: 10 s}]"
HOST = "checkpoint.tiers=[{name: host, survives: restart, load: 10 s}]"
ADAPTIVE = "checkpoint.interval=adaptive"
STORE = "cluster.storage={bandwidth: 300 MB/s}"
IDS = "corpus={}"
IMAGES = "corpus={loader: {bytes_per_token: 2 kB}}"
"""Pictures cut into tokens: a GB each second."""
SHARDS = "corpus={loader: {bytes_per_token: 400 B, order: shards, shard: 1 GB}}"
CPU = "corpus={loader: {bytes_per_token: 2 kB, cpu: {cores: 8, speed: 10 MB/s}}}"
EPOCHS = "corpus={loader: {bytes_per_token: 2 kB}, mix: {sources: {pictures: {share: 100 %, unique: 10B tokens}}}}"
CACHE = EPOCHS.replace("2 kB}", "2 kB, cache: {size: 100 TB}}")
STALLS = "corpus={loader: {stalls: {every: 1 h, lasts: 5 min}}}"
CRAWL = "corpus={loader: {order: documents}}"
BUSY = "cluster.storage={bandwidth: 200 MB/s, tenants: [{name: others, demand: 2 GB/s, pause: 1 h, busy: 1 h}]}"
EVERY = "maintenance=[{kind: periodic, name: firmware, every: 8 h, duration: 30 min}]"
RANDOM = "maintenance=[{kind: random, name: firmware, mean_interval: 8 h, duration: 30 min}]"
DATED = "maintenance=[{kind: dated, name: window, dates: [2027-01-11T06:00], duration: 30 min}]"
ROLLOUT = "maintenance=[{kind: rollout, name: r, start: 2027-01-11T06:00, nodes_at_a_time: 1, duration: 30 min}]"
URGENT = "preemption=[{name: urgent, mean_interval: 6 h, nodes: 6, lasts: 1 h}]"
OTHERS = "cluster.nodes=30"
ROOM = "cluster.nodes=16"
PODS = "cluster.fabric={kind: clos, nodes_per_pod: 4, oversubscription: 4}"
LARGE_PODS = "cluster.fabric={kind: clos, nodes_per_pod: 12, oversubscription: 24}"
BEHIND = "spares.placement={at: behind_job}"
RECIPE = "training.optimizer.recipe"
SPIKY = "{like: classic, spikes_per_trillion_tokens: 333, spike_shape: 1000000}"
RECIPES = f"training.optimizer={{recipe: {SPIKY}}}"
STABLE = RECIPES.replace("333", "0")
RESTART_PARTS = ("schedule", "init", "collectives", "load", "warmup")

ROWS = (
    # --- what breaks
    Row("failures.rate_multiplier", "3", MORE, "1"),
    Row("failures.fleet_age", "0 s", LASTS, given=(f"{NODE}.lifetime={{kind: weibull, shape: 3}}",)),
    Row("failures.drift_per_year", "1e60", BREAKS, "0"),
    Row("failures.infant_mortality", "{factor: 5, decay: 30 d}", BREAKS, "{factor: 1}"),
    Row("failures.infant_mortality.factor", "5", BREAKS, "1", ("failures.infant_mortality={factor: 1, decay: 30 d}",)),
    Row("failures.infant_mortality.decay", "1 d", LASTS, given=("failures.infant_mortality={factor: 5, decay: 30 d}",)),
    Row(
        "failures.temperature",
        "{factor_per_10_k: 3, yearly_swing: 20}",
        BREAKS,
        "{factor_per_10_k: 1, yearly_swing: 20, daily_swing: 10}",
        (JULY,),
    ),
    Row(
        "failures.temperature.factor_per_10_k",
        "3",
        BREAKS,
        "1",
        (JULY, "failures.temperature={factor_per_10_k: 1, yearly_swing: 20}"),
    ),
    Row("failures.temperature.yearly_swing", "30", BREAKS, "0", (JULY, HOT)),
    Row("failures.temperature.daily_swing", "60", LATER, "0", (HOT,)),
    Row("failures.lemons", "{fraction: 40 %, factor: 3}", BREAKS, "{fraction: 0 %}"),
    Row("failures.lemons.fraction", "40 %", BREAKS, "0 %", ("failures.lemons={fraction: 0 %, factor: 3}",)),
    Row("failures.lemons.factor", "3", BREAKS, "1", ("failures.lemons={fraction: 40 %, factor: 1}",)),
    Row("failures.incidents", "[{at: 12 h, category: software}]", MORE, "[]"),
    Row("failures.incidents[0].at", "1 min", SOONER, given=("failures.rate_multiplier=0", KILL)),
    Row("failures.incidents[0].category", "node", MENDED, given=(KILL,)),
    Row("failures.incidents[0].detection", "4 h", LONGER, given=(KILL,)),
    Row(
        "failures.incidents[0].lasts",
        "12 h",
        LONGER,
        given=(SLOW_ONCE, "failures.incidents=[{at: 12 h, category: slow}]"),
    ),
    # --- a kind of failure
    Row(f"{NODE}.rate", "3 per node-day", MORE, "1 per node-day"),
    Row(f"{NODE}.lifetime", "{kind: weibull, shape: 0.5}", LASTS, "{kind: weibull, shape: 1}"),
    Row(f"{NODE}.renewal", "0 %", BREAKS, "100 %", WEAR),
    Row(f"{NODE}.idle_factor", "0", LASTS, "1", (NO_SPARE,)),
    Row(f"{NODE}.effect", "hang", LONGER, "crash"),
    Row(f"{NODE}.hang_fraction", "100 %", HANGS, "0 %"),
    Row(f"{NODE}.blast", "rack", LONGER, "node"),
    Row(f"{NODE}.evict", "0 %", KEPT),
    Row(f"{NODE}.repair", "12 h", WAITS, "{kind: exponential, mean: 2 h}"),
    Row(f"{NODE}.published_count", "1", UNSURE, given=("study.parameter_uncertainty=true",)),
    Row("failures.categories.slow", SLOW, LONGER, _category(SLOW, rate="0 per job-day")),
    Row("failures.categories.slow", SLOW_GPU, LONGER, _category(SLOW_GPU, rate="0 per gpu-day")),
    Row("failures.categories.slow", SLOW_NIC, LONGER, _category(SLOW_NIC, rate="0 per node-day")),
    Row("failures.categories.spike", SPIKE, LONGER, _category(SPIKE, rate="0 per job-day")),
    Row("failures.categories.flip", FLIP, LONGER, _category(FLIP, rate="0 per gpu-day")),
    Row("failures.categories.full", FULL, REDONE, _category(FULL, rate="0 per storage-day")),
    Row("failures.categories.loss", LOSS, REDONE, _category(LOSS, rate="0 per storage-day")),
    Row("failures.categories.slow.slowdown", "6", LONGER, given=(SLOWED_DOWN,)),
    Row("failures.categories.slow.lasts", "6 h", LONGER, given=(SLOWED_DOWN,)),
    Row("failures.categories.slow.gpu_speed", "10 %", LONGER, given=(GPU_SLOW,)),
    Row("failures.categories.slow.bandwidth", "2 %", LONGER, given=(NIC_SLOW,)),
    Row("failures.categories.spike.rewind", "300", LONGER, given=(SPIKES,)),
    Row("failures.categories.spike.skip", "1000", SKIPS, given=(SPIKES,)),
    Row(RECIPE, SPIKY, LONGER, "null"),
    Row(f"{RECIPE}.spikes_per_trillion_tokens", "600", MORE, "0", (STABLE,)),
    Row(
        f"{RECIPE}.spike_shape",
        "0.1",
        UNSURE,
        given=("study.parameter_uncertainty=true", "failures.rate_multiplier=0", RECIPES),
    ),
    Row(f"{RECIPE}.rewind", "300", LONGER, given=(RECIPES,)),
    Row(f"{RECIPE}.skip", "1000", SKIPS, given=(RECIPES,)),
    # --- detection, diagnosis, people
    Row("recovery.detection.crash", "30 min", LONGER, "{kind: lognormal, median: 30 s, sigma: 0.7}"),
    Row("recovery.detection.hang_timeout", "1 h", LONGER, "10 min", (f"{NODE}.effect=hang",)),
    Row("recovery.detection.corruption", "6 h", LONGER, given=(FLIPS,)),
    Row("recovery.detection.loss_spike", "2 h", LONGER, "10 min", (SPIKES,)),
    Row("recovery.diagnosis.missed", "60 %", MORE, "0 %"),
    Row("recovery.diagnosis.false_blame", "60 %", MORE, "0 %"),
    Row("recovery.diagnosis.relapse", "12 h", FEWER, given=("recovery.diagnosis.missed=60 %",)),
    Row("recovery.manual_fraction", "50 %", WAITS, "0 %"),
    Row("recovery.manual_delay", "6 h", WAITS, given=(PEOPLE,)),
    Row(
        "recovery.on_call",
        "{off_hours: 8 h}",
        WAITS,
        "{begins: 0 h, ends: 24 h, weekends: true, off_hours: 8 h}",
        (PEOPLE,),
    ),
    Row("recovery.on_call.off_hours", "12 h", WAITS, given=(PEOPLE, SHIFTS)),
    Row("recovery.on_call.begins", "0 h", WAITS_LESS, given=(PEOPLE, SHIFTS)),
    Row("recovery.on_call.ends", "24 h", WAITS_LESS, given=("recovery.manual_fraction=100 %", SHIFTS)),
    Row("recovery.on_call.weekends", "true", WAITS_LESS, given=(PEOPLE, SHIFTS, "training.start=2027-01-16")),
    Row("recovery.suspect_after", "1", MENDED, "1000000"),
    # --- restarts
    Row("recovery.in_job_restart", "{skips: [schedule, init, collectives, load, warmup]}", QUICKER, "{skips: []}"),
    Row("recovery.in_job_restart.skips", "[]", RESTARTED, given=(INSIDE,)),
    Row("recovery.in_job_restart.succeeds", "0 %", RESTARTED, "100 %", (INSIDE,)),
    Row("recovery.queue", "20 min", WAITS, "0 s"),
    Row("recovery.swap_slow_after", "10 min", SHORTER, "100 d", (BAD_NODE,)),
    Row("recovery.elastic", "{least: 50 %}", WAITS_LESS, "{least: 100 %}", (NO_SPARE,)),
    Row("recovery.elastic.least", "100 %", WAITS, given=(NO_SPARE, ELASTIC)),
    Row("recovery.elastic.regrow", "at_next_stop", SLOWLY, given=(NO_SPARE, ELASTIC)),
    *(Row(f"recovery.restart.{part}.median", "30 min", RESTARTED) for part in RESTART_PARTS),
    *(
        Row(
            f"recovery.restart.{part}.at_gpus",
            "8",
            RESTARTED,
            "64",
            (f"recovery.restart.{part}={{median: 2 min, at_gpus: 64, growth: 1}}",),
        )
        for part in RESTART_PARTS
    ),
    *(
        Row(
            f"recovery.restart.{part}.growth",
            "1",
            RESTARTED,
            "0",
            (f"recovery.restart.{part}={{median: 2 min, at_gpus: 8, growth: 0}}",),
        )
        for part in RESTART_PARTS
    ),
    Row("recovery.restart.spread", "1.5", UNLIKE, "0.3"),
    # --- spares and the shop
    Row("spares.hot", "3", WAITS_LESS, "0"),
    Row("spares.warm", "4", WAITS_LESS, "1"),
    Row("spares.cold", "3", WAITS_LESS, "0"),
    Row("spares.warm_swap", "2 h", WAITS, "60 s"),
    Row("spares.cold_swap", "2 h", WAITS, "20 min", ("spares.cold=3",)),
    Row("spares.repair", "12 h", WAITS),
    Row("spares.repair_hands", "1", WAITS, "8", ("failures.rate_multiplier=3",)),
    Row("spares.failed_repairs", "60 %", BREAKS, "0 %"),
    Row("spares.parts", "{stock: 1, lead_time: 4 h}", WAITS, "{stock: 10000, lead_time: 1 d}"),
    Row("spares.parts.stock", "4", WAITS_LESS, given=(PARTS,)),
    Row("spares.parts.lead_time", "5 h", WAITS, given=(PARTS,)),
    Row("spares.retirement", "{share: 30 %, lead_time: 1 d}", WAITS, "{share: 0 %}"),
    Row("spares.retirement.share", "80 %", WAITS, given=(GONE,)),
    Row("spares.retirement.after_repairs", "1", WAITS, "1000000", (GONE,)),
    Row("spares.retirement.lead_time", "2 d", WAITS, given=(GONE,)),
    Row("spares.shared_with", "{nodes: 20}", WAITS, "null", (OTHERS,)),
    Row("spares.shared_with.nodes", "20", WAITS, given=(OTHERS, "spares.shared_with={nodes: 1}")),
    Row("spares.placement", "{at: behind_job}", SLOWLY, "null", (ROOM, PODS)),
    Row("spares.placement.at", "end_of_cluster", SLOWLY, given=(ROOM, LARGE_PODS, BEHIND)),
    Row("spares.placement.ranks", "sort", SWIFTLY, "keep", (ROOM, PODS, BEHIND)),
    Row("spares.placement.swap_back", "at_next_stop", SWIFTLY, "never", (ROOM, PODS, BEHIND)),
    # --- checkpoints
    Row("checkpoint.kind", "blocking", LONGER),
    Row("checkpoint.interval", "3 h", REDONE),
    Row("checkpoint.stall", "5 min", LONGER),
    Row("checkpoint.bytes_per_parameter", "140", REDONE),
    Row("checkpoint.write_bandwidth", "100 MB/s", REDONE, "1 GB/s"),
    Row("checkpoint.expected_mtbf", "100 d", SELDOM, given=(ADAPTIVE,)),
    Row("checkpoint.memory", "1000", SELDOM, given=(ADAPTIVE, "checkpoint.expected_mtbf=100 d")),
    Row("checkpoint.keep", "3", LONGER, given=(FLIPS,)),
    Row("checkpoint.failed", "60 %", REDONE, "0 %"),
    Row("checkpoint.corrupt", "60 %", REDONE, "0 %"),
    Row("checkpoint.read_copies", "20", RESTARTED, given=(STORE,)),
    Row("checkpoint.every", "5", REDONE, "1", (HOST,)),
    Row("checkpoint.tiers", "[{name: peers, survives: node, load: 10 s}]", LESS_REDONE, "[]"),
    Row("checkpoint.tiers[0].survives", "restart", REDONE, "node", (TIER, "checkpoint.every=5")),
    Row("checkpoint.tiers[0].every", "5", REDONE, "1", (TIER,)),
    Row("checkpoint.tiers[0].write", "15 min", REDONE, "0 s", (TIER,)),
    Row("checkpoint.tiers[0].load", "10 min", RESTARTED, "10 s", (TIER,)),
    Row("checkpoint.tiers[0].keep", "1", LONGER, given=(TIER, FLIPS, "checkpoint.every=20")),
    Row("checkpoint.tiers[0].failed", "80 %", REDONE, "0 %", (TIER,)),
    Row("checkpoint.tiers[0].corrupt", "80 %", REDONE, "0 %", (TIER,)),
    Row("cluster.storage", "{bandwidth: 100 MB/s}", REDONE, "{bandwidth: 1000 GB/s}"),
    Row("cluster.storage.bandwidth", "100 MB/s", REDONE, given=(STORE,)),
    Row("cluster.storage.data_loading", "280 MB/s", REDONE, "0 GB/s", (STORE,)),
    Row("cluster.storage.reads", "10", SLOWLY, given=(STORE, CRAWL)),
    Row(
        "cluster.storage.tenants", "[{name: others, demand: 20 GB/s, pause: 1 min, busy: 10 h}]", REDONE, "[]", (STORE,)
    ),
    Row("cluster.storage.tenants[0].demand", "1 MB/s", LESS_REDONE, given=(BUSY,)),
    Row("cluster.storage.tenants[0].pause", "1000 d", LESS_REDONE, given=(BUSY,)),
    Row("cluster.storage.tenants[0].busy", "1000 d", REDONE, given=(BUSY,)),
    # --- the data
    Row("corpus.loader.bytes_per_token", "3 kB", SLOWLY, "4 B", (STORE, IDS)),
    Row("corpus.token_size", "3 kB", SLOWLY, "4 B", (STORE, IDS)),
    Row(
        "corpus.tokens_per_document", "20", SLOWLY, given=(STORE, "corpus={loader: {order: documents, block: 100 kB}}")
    ),
    Row("corpus.loader.read_copies", "8", SLOWLY, given=(STORE, IMAGES)),
    Row("corpus.loader.order", "documents", SLOWLY, given=(STORE, IMAGES, "corpus.loader.block=8 MB")),
    Row("corpus.loader.block", "100 MB", SLOWLY, "4 KiB", (STORE, IMAGES)),
    Row("corpus.loader.shard", "1 MB", SLOWLY, given=("cluster.storage={bandwidth: 1 TB/s, reads: 10}", SHARDS)),
    Row("corpus.loader.node_bandwidth", "10 MB/s", SLOWLY, "100 GB/s", (IMAGES,)),
    Row("corpus.loader.prefetch", "100", SWIFTLY, given=(STALLS,)),
    Row("corpus.loader.cpu", "{cores: 4}", SLOWLY, "null", (IMAGES,)),
    Row("corpus.loader.cpu.speed", "100 kB/s", SLOWLY, given=(CPU,)),
    Row("corpus.loader.cpu.cores", "1", SLOWLY, given=(CPU,)),
    Row("corpus.loader.cache", "{size: 100 TB}", SWIFTLY, "null", (STORE, EPOCHS)),
    Row("corpus.loader.cache.size", "1 TB", SLOWLY, given=(STORE, CACHE)),
    Row("corpus.loader.cache.bandwidth", "1 MB/s", SLOWLY, given=(STORE, CACHE)),
    Row("corpus.loader.stalls", "{every: 1 h, lasts: 5 min}", SLOWLY, "null", (IDS,)),
    Row("corpus.loader.stalls.every", "20 min", SLOWLY, given=(STALLS,)),
    Row("corpus.loader.stalls.lasts", "20 min", SLOWLY, given=(STALLS,)),
    # --- the calendar
    Row("cluster.diurnal_swing", "20 %", LONGER, "0 %"),
    Row("maintenance", "[{kind: periodic, name: firmware, every: 8 h, duration: 30 min}]", STOPS, "[]"),
    Row("maintenance[0].duration", "3 h", LONGER, given=(EVERY,)),
    Row("maintenance[0].every", "2 h", STOPS, given=(EVERY,)),
    Row("maintenance[0].first", "30 d", FEWER_STOPS, "8 h", (EVERY,)),
    Row("maintenance[0].mean_interval", "2 h", STOPS, given=(RANDOM,)),
    Row("maintenance[0].dates", "[2027-01-11T06:00, 2027-01-11T12:00, 2027-01-11T18:00]", STOPS, given=(DATED,)),
    Row("maintenance[0].start", "2030-01-01", FEWER_STOPS, given=(ROLLOUT,)),
    Row("maintenance[0].nodes_at_a_time", "8", FEWER_STOPS, given=(ROLLOUT,)),
    Row("maintenance[0].pause", "12 h", FEWER_STOPS, "0 s", (ROLLOUT,)),
    Row("maintenance[0].when", "at_next_stop", FEWER_STOPS, "at_once", (ROLLOUT,)),
    Row("preemption", "[{name: urgent, mean_interval: 6 h, nodes: 6, lasts: 1 h}]", WAITS, "[]"),
    Row("preemption[0].mean_interval", "1 h", WAITS, given=(URGENT,)),
    Row("preemption[0].nodes", "1", WAITS_LESS, given=(URGENT,)),
    Row("preemption[0].lasts", "5 h", WAITS, given=(URGENT,)),
    Row("preemption[0].grace", "30 min", LESS_REDONE, "0 s", (URGENT,)),
)
