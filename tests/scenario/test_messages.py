"""One wrong line, one message: where, which setting, what is wrong and what would do."""

from collections.abc import Callable

import pytest

Wrong = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("spare: {}\n", "plan.yaml:10:1: spare: unknown key, did you mean 'spares'?"),
        (
            "spares: {qqq: 1}\n",
            "plan.yaml:10:10: spares.qqq: unknown key; "
            "known here: hot, warm, cold, warm_swap, cold_swap, repair, repair_hands",
        ),
        ("spares: {warm: 1.5}\n", "plan.yaml:10:16: spares.warm: must be a whole number, got 1.5"),
        ("spares: {warm: 2.0}\n", "plan.yaml:10:16: spares.warm: must be a whole number, got 2.0; write 2"),
        ("spares: {warm: '2,048'}\n", "plan.yaml:10:16: spares.warm: must be a whole number, got '2,048'; write 2048"),
        ("spares: {warm: 2_048}\n", "plan.yaml:10:16: spares.warm: must be a whole number, got '2_048'; write 2048"),
        ("spares: {warm: true}\n", "plan.yaml:10:16: spares.warm: must be a whole number, got true"),
        ("spares: {warm: -1}\n", "plan.yaml:10:16: spares.warm: must be at least 0, got -1"),
        ("spares: {warm: [1]}\n", "plan.yaml:10:10: spares.warm: must be a whole number, got a list"),
        ("spares: {warm: {a: 1}}\n", "plan.yaml:10:10: spares.warm: must be a whole number, got a mapping"),
        ("spares: 3\n", "plan.yaml:10:9: spares: must be a mapping, got 3"),
        ("spares:\n", "plan.yaml:10:8: spares: is empty: it must be a mapping, or leave the key out"),
        (
            "spares: {warm: }\n",
            "plan.yaml:10:16: spares.warm: is empty: it must be a whole number, or leave the key out",
        ),
        ("spares: {warm_swap: 30}\n", "plan.yaml:10:21: spares.warm_swap: '30' has no unit: write e.g. 30 min"),
        ("spares: {warm_swap: 1:30}\n", "plan.yaml:10:21: spares.warm_swap: '1:30' is not a time: unknown unit ':30';"),
        (
            "spares: {repair: {kind: exponential, mean: 0 s}}\n",
            "plan.yaml:10:44: spares.repair.mean: must be more than 0 s, got '0 s'",
        ),
        (
            "spares: {repair: {kind: lognormol, median: 1 h}}\n",
            "plan.yaml:10:25: spares.repair.kind: unknown kind 'lognormol', did you mean 'lognormal'? "
            "Known: constant, exponential, lognormal",
        ),
        (
            "spares: {repair: [1]}\n",
            "plan.yaml:10:10: spares.repair: must be a mapping with a 'kind', got a list",
        ),
        (
            "spares: {repair: {kind: constant}}\n",
            "plan.yaml:10:10: spares.repair.value: missing: the duration",
        ),
        (
            "maintenance:\n  - {name: x}\n",
            "plan.yaml:11:5: maintenance[0]: has no 'kind': give one of random, periodic, dated, rollout",
        ),
        ("maintenance: {kind: random}\n", "plan.yaml:10:1: maintenance: must be a list, got a mapping"),
        ("bill: {site: {pue: high}}\n", "plan.yaml:10:20: bill.site.pue: must be a number, got 'high'"),
        ("bill: {site: {pue: '1,5'}}\n", "plan.yaml:10:20: bill.site.pue: must be a number, got '1,5'; write 15"),
        (
            "bill: {site: {energy_price: 0.1}}\n",
            "plan.yaml:10:29: bill.site.energy_price: '0.1' has no unit: write e.g. $0.098/kWh",
        ),
        (
            "recovery: {manual_fraction: 150 %}\n",
            "plan.yaml:10:29: recovery.manual_fraction: must be at most 100 %, got '150 %'",
        ),
        (
            "recovery: {manual_fraction: 1.5}\n",
            "plan.yaml:10:29: recovery.manual_fraction: must be at most 100 %, got 1.5",
        ),
        (
            "study: {parameter_uncertainty: yes}\n",
            "plan.yaml:10:32: study.parameter_uncertainty: must be true or false, got 'yes'",
        ),
        ("description: 405\n", "plan.yaml:10:14: description: must be text, got 405; put it in quotes if it is text"),
        (
            "failures: {rate_multiplier: 2}\n",
            "plan.yaml:10:1: failures.categories: missing: failure categories by name; "
            "or start from a catalogue entry with 'like'",
        ),
        (
            "failures: lama3-405b\n",
            "plan.yaml:10:11: failures: unknown failure model 'lama3-405b', did you mean 'llama3-405b'? Known: ",
        ),
        (
            "failures: {like: lama3-405b, rate_multiplier: 2}\n",
            "plan.yaml:10:18: failures.like: unknown failure model 'lama3-405b', did you mean 'llama3-405b'? Known: ",
        ),
        ("failures: {like: 3}\n", "plan.yaml:10:18: failures.like: must be the name of a catalogue entry, in text"),
        ("failures: [x]\n", "plan.yaml:10:1: failures: must be the name of a catalogue entry or a mapping, got a list"),
        (
            "failures: {like: llama3-405b, categories: {nic: {evcit: 2}}}\n",
            "plan.yaml:10:50: failures.categories.nic.evcit: unknown key, did you mean 'evict'?",
        ),
        (
            "failures: {like: llama3-405b, categories: {nic: {rate: 3 per GPU}}}\n",
            "plan.yaml:10:56: failures.categories.nic.rate: '3 per GPU' is not a failure rate: 'GPU' is not a unit",
        ),
        (
            "claims: [{quantity: gpu_tim, equals: 3, source: x}]\n",
            "plan.yaml:10:21: claims[0].quantity: must be one of gpus, gpu_time,",
        ),
        (
            "claims: [{quantity: gpu_time, equals: 30, source: x}]\n",
            "plan.yaml:10:39: claims[0].equals: '30' has no unit: write e.g. 30.84M GPU-hours",
        ),
        (
            "claims: [{quantity: steps, equals: [1], source: x}]\n",
            "plan.yaml:10:28: claims[0].equals: must be text or a number, got a list",
        ),
        (
            "claims: [{quantity: steps, source: x}]\n",
            "plan.yaml:10:10: claims[0]: give either equals, or at_least and/or at_most",
        ),
        (
            "bill: {gpu_price: {mode: $5/GPU-hour}}\n",
            "plan.yaml:10:8: bill.gpu_price: low <= mode <= high does not hold: $2/GPU-hour, $5/GPU-hour, $3/GPU-hour",
        ),
        (
            "spares: {warm: 1, warm: 2}\n",
            "plan.yaml:10:19: spares.warm: duplicate key, already given at plan.yaml:10:10",
        ),
        ("spares: {warm: 016}\n", "plan.yaml:10:16: spares.warm: '016' looks like an octal number: write 16,"),
        (f"description: [{'x' * 70}]\n", "plan.yaml:10:1: description: must be text, got a list"),
        (
            f"spares: {{warm: {'x' * 70}}}\n",
            f"plan.yaml:10:16: spares.warm: must be a whole number, got '{'x' * 60}...'",
        ),
    ],
)
def test_one_wrong_line(more: str, line: str, wrong: Wrong) -> None:
    lines = wrong(more=more)
    assert lines[0].startswith(line), lines


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("start: 2027-01-11", "start: 20270111", "plan.yaml:5:10: training.start: 20270111 is not a date: write e.g."),
        ("data_parallel: 64, ", "", "plan.yaml:6:3: training.layout.data_parallel: missing: DP: replicas of the model"),
        (
            "zero_stage: 3",
            "zero_stage: 7",
            "plan.yaml:6:43: training.layout.zero_stage: must be one of 0, 1, 2, 3, got 7",
        ),
        (
            "zero_stage: 3",
            "zero_stage: true",
            "plan.yaml:6:43: training.layout.zero_stage: must be one of 0, 1, 2, 3, got",
        ),
        (
            "data_parallel: 64",
            "data_parallel: 0",
            "plan.yaml:6:27: training.layout.data_parallel: must be more than 0, got 0",
        ),
        ("name: A plan\n", "", "plan.yaml:1:1: name: missing: title of the report"),
        ("nodes: 9", "nods: 9", "plan.yaml:3:27: cluster.nods: unknown key, did you mean 'nodes'?"),
        ("200B tokens", "200", "plan.yaml:8:36: training.phases[0].tokens: '200' has no unit: write e.g. 15.6T tokens"),
        (
            "zero_stage: 3}",
            "zero_stage: 3}\n  precision: bf17",
            "plan.yaml:7:14: training.precision: must be one of fp32, tf32, fp16, bf16, fp8, fp4, got 'bf17', did",
        ),
        (
            "dgx-h100",
            "dgx-h10",
            "plan.yaml:3:17: cluster.node: unknown node 'dgx-h10', did you mean 'dgx-h100'? Known: ",
        ),
        (
            "node: dgx-h100",
            "node: {like: dgx-h100, accelerator: {memory: 0 B}}",
            "plan.yaml:3:56: cluster.node.accelerator.memory: must be more than 0 B, got '0 B'",
        ),
        (
            "llama3-8b",
            "{like: llama3-8b, head_dim: 8, heads: 7}",
            "plan.yaml:2:1: model: heads 7 is not a multiple of kv_heads 8",
        ),
        (
            "write_bandwidth",
            "interval: 10 mn, write_bandwidth",
            "plan.yaml:9:44: checkpoint.interval: '10 mn' is not a time: unknown unit 'mn', did you mean 'min'? "
            "Known units: ns, us, ms, s, min, h, days, weeks, months, years; or write young-daly",
        ),
        ("kind: asynchronous, ", "", "plan.yaml:9:1: checkpoint: has no 'kind': give one of blocking, asynchronous"),
        (
            "write_bandwidth",
            "interval: 0 s, write_bandwidth",
            "plan.yaml:9:44: checkpoint.interval: must be more than 0 s, got '0 s'; or write young-daly",
        ),
    ],
)
def test_one_wrong_value_in_the_plan(old: str, new: str, line: str, plan: str, wrong: Wrong) -> None:
    assert old in plan
    lines = wrong(text=plan.replace(old, new))
    assert lines[0].startswith(line), lines


def test_an_empty_list_of_phases(plan: str, wrong: Wrong) -> None:
    head, _, tail = plan.partition("phases:\n")
    text = head + "phases: []\n" + tail[tail.index("checkpoint") :]
    assert wrong(text=text) == ["plan.yaml:7:3: training.phases: is an empty list: give at least one entry"]


def test_everything_wrong_is_shown_at_once_in_the_order_of_the_file(wrong: Wrong) -> None:
    lines = wrong(
        "study.replications=1",
        more="spares: {wram: 1, cold: 01}\nbill: {site: {pue: 0}}\nstudy: {}\nstudy: {}\nclaims: [{quantity: steps}]\n",
    )
    assert [line.split(": ")[0:2] for line in lines] == [
        ["plan.yaml:10:10", "spares.wram"],
        ["plan.yaml:10:25", "spares.cold"],
        ["plan.yaml:11:20", "bill.site.pue"],
        ["plan.yaml:13:1", "study"],
        ["plan.yaml:14:10", "claims[0].source"],
        ["--set study.replications", "must be at least 2, got 1"],
    ]


def test_a_misspelt_key_is_not_missing_too(plan: str, wrong: Wrong) -> None:
    assert wrong(text=plan.replace("nodes: 9", "nods: 9")) == [
        "plan.yaml:3:27: cluster.nods: unknown key, did you mean 'nodes'?"
    ]


def test_a_wrong_entry_of_a_list_does_not_make_the_list_short(plan: str, wrong: Wrong) -> None:
    assert len(wrong(text=plan.replace("200B tokens", "200"))) == 1
