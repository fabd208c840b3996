from collections.abc import Callable

import pytest

Wrong = Callable[..., list[str]]
PHASE = "    - {name: pre-training, tokens: 1B tokens, sequence_length: 8192, global_batch: 512}\n"


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        (
            "claims: [{quantity: steps, equals: 3, source: x, window: w}]\n",
            ["plan.yaml:10:58: claims[0].window: there is no window 'w'; there are no windows"],
        ),
        (
            "claims: [{quantity: steps, equals: 3, source: x, phase: pretraining}]\n",
            ["plan.yaml:10:57: claims[0].phase: there is no phase 'pretraining', did you mean 'pre-training'?"],
        ),
        (
            "claims: [{quantity: steps, equals: 3, source: x, phase: zzz}]\n",
            ["plan.yaml:10:57: claims[0].phase: there is no phase 'zzz'; phases: pre-training"],
        ),
        (
            "claims: [{quantity: unexpected_interruptions, equals: 3, source: x, components: [gpu, rack]}]\n",
            [
                "plan.yaml:10:87: claims[0].components[1]: no failure category is of the component 'rack'; components:"
                " gpu, hbm, software, cable, host, nic, psu"
            ],
        ),
        (
            "windows: [{name: a, length: 1 d}, {name: b, length: 1 d}, {name: a, length: 2 d}]\n",
            ["plan.yaml:10:66: windows[2].name: there is a window 'a' already, at [0]: give each its own name"],
        ),
        (
            "learning: {against: [{model: llama3-8b}, {model: olmo2-7b, name: llama3-8b}]}\n",
            [
                "plan.yaml:10:66: learning.against[1].name: there is a model 'llama3-8b' already, at [0]: give each its"
                " own name"
            ],
        ),
    ],
)
def test_names_lead_somewhere(more: str, lines: list[str], wrong: Wrong) -> None:
    assert wrong(more=more) == lines


def test_phases_have_their_own_names(plan: str, wrong: Wrong) -> None:
    assert wrong(text=plan.replace("checkpoint:", f"{PHASE}checkpoint:")) == [
        "plan.yaml:9:14: training.phases[1].name: "
        "there is a phase 'pre-training' already, at [0]: give each its own name"
    ]


def test_the_loss_law_exists(wrong: Wrong) -> None:
    (line,) = wrong(more="learning: {law: olmo-ladder-pil}\n")
    assert line.startswith(
        "plan.yaml:10:17: learning.law: unknown loss law 'olmo-ladder-pil', did you mean 'olmo-ladder-pile'? Known: "
    )


def test_names_of_the_catalogue_are_told_wrong_with_all_else(wrong: Wrong) -> None:
    claim = "{quantity: score, at_least: 50 %, source: x, benchmark: GSM8}"
    corpus = "{like: fineweb, quality: {law: none}}"
    more = f"learning: {{law: nosuch}}\ncorpus: {corpus}\nclaims: [{claim}]\nspares: {{hot: -1}}\n"
    assert [line.split(": ")[1] for line in wrong(more=more)] == [
        "learning.law", "corpus.quality.law", "claims[0].benchmark", "spares.hot",
    ]  # fmt: skip


def test_the_benchmark_of_a_claim_exists(wrong: Wrong) -> None:
    (line,) = wrong(more="claims: [{quantity: score, at_least: 50 %, source: x, benchmark: GSM8}]\n")
    assert line.startswith("plan.yaml:10:66: claims[0].benchmark: unknown")
    assert "did you mean 'GSM8K'?" in line


def test_names_that_exist_are_fine(load: Callable[..., object]) -> None:
    load(
        more="windows: [{name: a, length: 1 d}]\n"
        "claims: [{quantity: steps, equals: 3, source: x, window: a, phase: pre-training}]\n"
    )
