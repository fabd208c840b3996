import io
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from clustersim.report import print_summary
from clustersim.report._plain import Plain


def printed(summary: Any, width: int = 80, encoding: str = "utf-8", **options: Any) -> str:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding=encoding, newline="\n", write_through=True) as file:
        print_summary(summary, Console(file=file, width=width, **options))
        return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(summary, width):
    lines = printed(summary, width).splitlines()
    assert max(len(line) for line in lines) <= width
    assert not [line for line in lines if "…" in line]


def test_the_answer_stands_first(summary):
    lines = [line for line in printed(summary, 120).splitlines() if line.strip()]
    assert lines[0] == "Llama 3 405B on 16,384 H100"
    assert lines[1].startswith("Finishes 18 Jul 2024 (P10–P90: 13 Jul to 23 Jul), 30.8M GPU-hours (28.9M to 32.8M)")


@pytest.mark.parametrize(
    "line",
    [
        "finish in 2024 13 Jul 18 Jul 23 Jul",
        "wall time, days 73.4 78.4 83.4",
        "GPU-hours 28.9M 30.8M 32.8M",
        "effective time, ETTR, goodput, % 91.5 92.3 93.0",
        "MFU over the wall time, % 34.8 37.2 39.6",
        "cost $68M $78M $88M",
        "energy, GWh 38.2 40.9 43.5",
        "final loss, nats per token 1.607 1.634 1.661",
        "productive 1,736 h 92.3 %",
        "faulty GPU 219 195 to 244 215",
        "2,604 checkpoints (2,437 to 2,771), planned every 40 min; training waits 0.6 s for each.",
        "▼ too low $58M is lower than the forecast allows: it would need $1.86 per GPU-hour.",
    ],
)
def test_it_says_what_the_summary_says(summary, line):
    lines = [" ".join(text.split()) for text in printed(summary, 120).splitlines()]
    assert line in lines


def test_bars_compare_what_is_lost(summary):
    lines = printed(summary, 80).splitlines()
    bars = {line.split("  ")[0]: line.count("█") for line in lines if "█" in line}
    assert bars["lost work, redone"] == 28
    assert bars["restart"] == int(28 * 38.9 / 41.3)
    assert "productive" not in bars


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_other_encodings_get_plain_letters(summary, encoding):
    summary["scenario"]["name"] = "Größe 漢"
    text = printed(summary, 80, encoding)
    assert "P10-P90" in text
    assert "###" in text
    assert "kt CO2" in text
    assert "v too low" in text
    assert "Gr" in text.splitlines()[0]


def test_piped_output_has_no_escape_codes(summary):
    assert "\x1b" not in printed(summary)


def test_no_color_is_respected(summary, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in printed(summary, force_terminal=True)
    assert "\x1b[32m" not in printed(summary, force_terminal=True)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[32m" in printed(summary, force_terminal=True, color_system="standard")


def test_a_name_cannot_command_the_terminal(summary):
    summary["scenario"]["name"] = "[red]plan[/red]\x1b[2J\x07\x9b31m"
    assert printed(summary).splitlines()[0] == "[red]plan[/red][2J31m"


def test_unfinished_and_interrupted_are_said(summary):
    summary |= {"replications": 120, "finished_replications": 50}
    text = " ".join(printed(summary).split())
    assert "Most likely does not finish: 50 of 120 replications" in text
    assert "70 of 120 replications did not finish within the deadline." in text
    assert "interrupted after 120 of 200" in text
    assert "finish in 2024" not in text


def test_parts_may_be_missing(summary):
    for part in (
        "claims",
        "windows",
        "extrapolations",
        "interruptions_by_category",
        "checkpointing",
        "uncertainty_share",
    ):
        del summary[part]
    text = printed(summary)
    assert "200 replications, seed 0." in text
    assert "Claims" not in text


def test_metrics_that_differ_get_their_own_rows(summary):
    summary["headline"]["ettr_fraction"] = {**summary["headline"]["ettr_fraction"], "p50": 0.9}
    text = printed(summary)
    assert "effective training time, %" in text
    assert "ETTR, %" in text


def test_bars_of_a_plain_terminal_are_whole_characters():
    assert Plain("utf-8").bar(0.55, 10) == "█████▌"
    assert Plain("ascii").bar(0.55, 10) == "######"[: round(5.5)]
    assert Plain("utf-8").bar(2.0, 4) == "████"
    assert Plain("utf-8").bar(0.0, 4) == ""


def test_printing_loads_nothing_heavy():
    code = (
        "import sys, clustersim.report.terminal, clustersim.report\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'matplotlib', 'jinja2', 'markupsafe', 'rich'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
