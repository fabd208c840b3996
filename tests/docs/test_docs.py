"""The other pages: their scenario fragments load, and their links lead somewhere."""

import re
import shutil
from pathlib import Path

import pytest

import clustersim as cs
from tests.docs.snippets import ROOT, snippets

PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "validation").glob("*.md")), ROOT / "CONTRIBUTING.md"]
FRAGMENTS = [
    s.text
    for page in ("scenarios", "settings", "trouble")
    for s in snippets(ROOT / "docs" / f"{page}.md")
    if s.note == "part"
]


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=range(len(FRAGMENTS)))
def test_each_fragment_completes_the_quickstart(fragment: str, tmp_path: Path) -> None:
    for path in (ROOT / "scenarios").glob("*.yaml"):
        shutil.copy(path, tmp_path)
    extends = "" if fragment.startswith("extends:") else "extends: quickstart.yaml\n"
    path = tmp_path / "plan.yaml"
    path.write_text(extends + fragment, "utf-8")
    assert cs.load(path).run_plan.ideal_s > 0.0


@pytest.mark.parametrize("fragment", [s.text for s in snippets(ROOT / "docs" / "learn.md") if s.note == "learning"])
def test_what_the_page_on_learning_writes_can_be_written(fragment: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "scenarios" / "quickstart.yaml", tmp_path)
    (tmp_path / "losses.csv").write_text("tokens,loss\n1e9,4.5\n", "utf-8")
    (tmp_path / "plan.yaml").write_text(f"extends: quickstart.yaml\n{fragment}", "utf-8")
    learning = cs.load(tmp_path / "plan.yaml").scenario.learning
    assert learning.log is not None or len(learning.against) == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
