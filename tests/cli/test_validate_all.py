"""clustersim validate: the scoreboard from a folder of tables, what it writes, and how it ends."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from clustersim.cli import app
from clustersim.cli.validate_all import RINGS
from clustersim.study import scoreboard
from clustersim.study.scoreboard import bands, board, output
from tests.cli.conftest import PLAN, Command
from tests.report.test_scoreboard_page import check
from tests.study.scoreboard.boards import case, small_data

HOLDS = "published,step times*,median error,9,made up"
BROKEN = "published,step times*,median error,0.0001,made up"
THEORY = "theory,sums,cases outside,0,by hand"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with a theory that takes no time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(board, "GROUPS", {"sums": lambda: iter([case("sums", "one and one", tolerance=1.0)])})


def validate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["validate", *arguments])


def written(folder: str = "validation-scoreboard") -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((Path(folder) / "scoreboard.json").read_text("utf-8"))
    return tree


def test_the_tables_beside_the_working_directory_are_found(tmp_path: Path) -> None:
    small_data(tmp_path / "validation", HOLDS, THEORY)
    result = validate()
    assert result.exit_code == 0, result.output
    assert "All 2 bands hold." in result.stdout
    assert "validation-scoreboard/scoreboard.html" in result.stderr
    check(Path("validation-scoreboard/scoreboard.html").read_text("utf-8"))
    assert [ring["name"] for ring in written()["rings"]] == list(RINGS) == list(bands.RINGS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["validation", "validation-scoreboard"]


def test_an_exceeded_band_exits_with_1_and_everything_is_written(tmp_path: Path) -> None:
    small_data(tmp_path / "tables", HOLDS.replace("median", "worst"), BROKEN, THEORY)
    result = validate("--data-dir", "tables", "--out", "board")
    assert result.exit_code == 1
    assert "2 of 3 bands hold, 1 does not." in result.stdout
    assert "the band is at most 0.0 %" in result.stdout
    assert "sums" in result.stdout
    assert written("board")["bands_exceeded"] == 1


def test_json_is_what_is_written(tmp_path: Path) -> None:
    small_data(tmp_path / "tables", BROKEN)
    result = validate("--data-dir", "tables", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == written()


def test_rings_are_chosen(tmp_path: Path) -> None:
    small_data(tmp_path / "tables", BROKEN, THEORY)
    result = validate("--data-dir", "tables", "--rings", "theory, real", "--json")
    assert result.exit_code == 0, result.output
    assert [ring["name"] for ring in json.loads(result.stdout)["rings"]] == ["theory", "real"]
    wrong = validate("--data-dir", "tables", "--rings", "theory,reel")
    assert wrong.exit_code == 2
    assert "'reel' is not one of theory, published, real" in wrong.stderr


@pytest.mark.parametrize("arguments", [("--data-dir", "nowhere"), ()])
def test_without_tables_it_says_where_it_looked(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clustersim.cli.validate_all.__file__", str(Path("a/b/c.py").absolute()))
    result = validate(*arguments)
    assert result.exit_code == 2
    assert ("nowhere" if arguments else "validation") + "/scoreboard.csv" in result.stderr
    assert ("validation/scoreboard.csv and" in result.stderr) is not bool(arguments)
    assert "--data-dir CHECKOUT/validation" in result.stderr
    assert not Path("validation-scoreboard").exists()


def test_the_checkout_of_the_package_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def stop(data: Path, *_rest: Any) -> None:
        seen.append(data)
        raise KeyboardInterrupt

    monkeypatch.setattr(scoreboard, "run_board", stop)
    assert validate("--rings", "theory").exit_code == 130
    assert seen == [Path(__file__).parents[2] / "validation"]


def test_a_folder_named_by_a_dot_has_its_scenarios_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = small_data(tmp_path / "validation", HOLDS)
    (tmp_path / "scenarios").mkdir()
    claim = "claims:\n  - {quantity: wall_time, at_most: 400 days, source: made up}\n"
    (tmp_path / "scenarios" / "bloom-176b.yaml").write_text(PLAN + claim, "utf-8")
    monkeypatch.chdir(data)
    result = validate("--data-dir", ".", "--rings", "published", "--out", str(tmp_path / "board"))
    assert result.exit_code == 0, result.output
    (published,) = written(str(tmp_path / "board"))["rings"]
    assert published["groups"][-1]["name"] == "whole runs: bloom-176b"
    assert {"file": "scenarios/bloom-176b.yaml"}.items() <= published["files"][-1].items()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("published,memory per GPU,median error,0.1,",), "no case behind the band 'memory per GPU'"),
        (("published,*,median,0.1,",), "scoreboard.csv:2: column statistic: 'median'"),
    ],
)
def test_wrong_bands_exit_with_2_and_nothing_is_written(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    small_data(tmp_path / "tables", *lines)
    result = validate("--data-dir", "tables")
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("validation-scoreboard").exists()


def test_a_scenario_that_is_wrong_exits_with_2(tmp_path: Path) -> None:
    small_data(tmp_path / "validation", HOLDS)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "llama3-405b.yaml").write_text("name: nothing\nmodle: x\n", "utf-8")
    result = validate("--rings", "published")
    assert result.exit_code == 2
    assert "llama3-405b.yaml:2:1" in result.stderr


def test_a_folder_with_other_files_is_refused_before_any_work(tmp_path: Path) -> None:
    small_data(tmp_path / "validation", HOLDS)
    result = validate("--out", str(tmp_path))
    assert result.exit_code == 2
    assert "no earlier scoreboard" in result.stderr


@pytest.mark.parametrize("where", ["run", "write"])
def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def interrupted(*_arguments: Any) -> Iterator[Any]:
        raise KeyboardInterrupt

    small_data(tmp_path / "validation", THEORY)
    if where == "run":
        monkeypatch.setattr(board, "GROUPS", {"sums": interrupted})
    else:
        monkeypatch.setattr(output, "put_in_place", interrupted)
    result = validate("--rings", "theory")
    assert result.exit_code == 130
    assert "Interrupted; nothing was written." in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["validation"]


def test_options_before_another_command_are_refused() -> None:
    result = validate("--json", "--out", "board", "throughput", "--data", "rows.csv")
    assert result.exit_code == 2
    assert "--json, --out before throughput" in result.stderr or "--out, --json before throughput" in result.stderr


@pytest.mark.parametrize("name", ["throughput", "collectives"])
def test_the_other_commands_are_still_there(name: str) -> None:
    result = validate(name, "--help")
    assert result.exit_code == 0
    assert "--data" in result.stdout
    assert name in validate("--help").stdout


def test_it_runs_as_a_command_and_piped_output_is_plain(clustersim: Command, tmp_path: Path) -> None:
    small_data(tmp_path / "validation", HOLDS)
    result = clustersim("validate", "--rings", "published,real", NO_COLOR="1")
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout + result.stderr
    assert "real: No measurements" in result.stdout
    assert (tmp_path / "validation-scoreboard" / "scoreboard.html").is_file()


def test_help_imports_nothing_of_the_scoreboard() -> None:
    script = (
        "import sys; sys.argv = ['clustersim', 'validate', '--help']\n"
        "from clustersim.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "--rings" in result.stdout
    assert not {"numpy", "clustersim.study", "clustersim.calibration"} & set(result.stderr.split())
