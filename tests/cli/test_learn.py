"""clustersim learn: what the run learns, on a terminal and as JSON."""

import json
from pathlib import Path

from tests.cli.conftest import Command


def test_json_is_that_of_the_run(clustersim: Command, plan: Path) -> None:
    learned = json.loads(clustersim("learn", str(plan), "--json").stdout)
    ran = json.loads(clustersim("run", str(plan), "--json").stdout)
    assert learned == {"scenario": ran["scenario"], "learning": ran["learning"]}


def test_it_writes_no_file(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    result = clustersim("learn", str(plan))
    assert result.returncode == 0, result.stderr
    assert "What emerges" in result.stdout
    assert "The optimizer's loop" in result.stdout
    assert "The corpus" not in result.stdout, "the plan names none"
    assert sorted(tmp_path.iterdir()) == before


def test_a_corpus_joins_in(clustersim: Command, plan: Path) -> None:
    result = clustersim("learn", str(plan), "--set", "corpus=dolma-web")
    assert "The corpus: dolma-web" in result.stdout


def test_a_wrong_setting_is_told_with_its_place(clustersim: Command, plan: Path) -> None:
    result = clustersim("learn", str(plan), "--set", "training.optimizer.recipe=moden")
    assert result.returncode == 2
    assert "did you mean 'modern'?" in result.stderr
    assert "Traceback" not in result.stderr
