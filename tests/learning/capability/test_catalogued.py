from pathlib import Path

import numpy as np
import pytest

from clustersim.catalog import UnknownEntry
from clustersim.learning.capability import capability_law, capability_tasks
from clustersim.learning.capability.catalogued import fields_of, law_from_fields

TABLE = Path(__file__).parents[3] / "clustersim" / "catalog" / "data" / "capability_laws.csv"
TASKS = (
    *("ARC-C", "GSM8K", "HellaSwag", "HumanEval", "MMLU", "TruthfulQA", "Winograd", "XWinograd"),
    *(f"bigbench_arithmetic_{kind}" for kind in ("2da", "2dm", "3da", "3ds")),
    *("bigbench_ipa_transliterate", "bigbench_parsinlu_qa", "bigbench_word_unscrambling"),
    *(f"lbv2_leaderboard_{name}" for name in ("bbh", "gpqa", "ifeval", "math_hard", "mmlu_pro", "musr")),
)


def test_every_benchmark_has_a_law():
    assert capability_tasks() == tuple(sorted(TASKS))
    assert TABLE.stat().st_size < 200_000


@pytest.mark.parametrize("task", TASKS)
def test_catalogue_laws_are_complete(task):
    law = capability_law(task)
    assert law.draws.shape == (80, 4)
    assert law.models == sum(len(family.members) for family in law.families.values())
    assert all(family.absent.any() for family in law.families.values())
    assert law.floor < law.best[3] < 1.0
    assert min(law.spread.family, law.spread.model, law.spread.score) > 0.0
    assert law.min_flops < law.max_flops
    assert "Apache-2.0" in law.source


def test_a_law_comes_back_from_its_fields():
    law = capability_law("MMLU")
    again = law_from_fields(law.task, law.title, dict(fields_of(law)), law.source)
    assert np.array_equal(again.draws, law.draws)
    assert again.families.keys() == law.families.keys()
    for name, family in law.families.items():
        assert again.families[name].members == family.members
        assert np.array_equal(again.families[name].absent, family.absent)
    assert again.spread.family == law.spread.family
    assert again.held_out.rmse == law.held_out.rmse


def test_an_unknown_benchmark_names_the_nearest():
    with pytest.raises(UnknownEntry, match="MMLU"):
        capability_law("MMLUU")
