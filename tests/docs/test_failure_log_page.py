"""The page on failure logs: its sample is what its script makes, and its outputs are what comes out."""

from pathlib import Path

from tests.docs.failure_log_sample import FILE, text
from tests.docs.snippets import ROOT, snippets
from tests.docs.test_readme import assert_same, clustersim

PAGE = ROOT / "docs" / "failure-log.md"
(SHOWN,) = (one for one in snippets(PAGE) if one.command)
(ENTRY,) = (one for one in snippets(PAGE) if one.note == "entry")


def test_the_sample_is_what_its_script_makes() -> None:
    assert FILE.read_text("utf-8") == text(), "run python -m tests.docs.failure_log_sample"


def test_the_command_prints_what_the_page_shows(tmp_path: Path) -> None:
    out = tmp_path / "own.yaml"
    result = clustersim(*SHOWN.command.split()[1:], "--out", str(out))
    assert result.returncode == 0, result.stderr
    assert_same(SHOWN.cut(result.stdout), SHOWN.text)
    lines = out.read_text("utf-8").splitlines()
    begin = lines.index("    optics:")
    assert_same("\n".join(lines[begin : begin + len(ENTRY.text.splitlines())]), ENTRY.text)
