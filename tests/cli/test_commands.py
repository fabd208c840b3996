"""check, schema, catalog, and what the command costs before it does anything."""

import json
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.cli.conftest import Command


class TimestampsAreText(yaml.SafeLoader):
    """YAML as an editor's schema check sees it: dates stay strings."""

    yaml_implicit_resolvers: ClassVar = {
        key: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
        for key, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


HEAVY = {
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "networkx",
    "torch",
    "pyarrow",
    "pydantic",
    "simpy",
    "jinja2",
    "loky",
}


def test_check_says_what_it_read(clustersim: Command, plan: Path) -> None:
    result = clustersim("check", str(plan))
    assert result.returncode == 0
    assert "A small plan" in result.stdout
    assert "64 GPUs" in result.stdout
    assert json.loads(clustersim("check", str(plan), "--json").stdout)["gpus"] == 64


def test_check_of_a_missing_file(clustersim: Command) -> None:
    result = clustersim("check", "nowhere.yaml")
    assert result.returncode == 2
    assert "nowhere.yaml" in result.stderr
    assert "Traceback" not in result.stderr


def test_schema_is_a_json_schema_that_accepts_the_scenarios(clustersim: Command) -> None:
    schema = json.loads(clustersim("schema").stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for path in (Path(__file__).parents[2] / "scenarios").rglob("*.yaml"):
        validator.validate(yaml.load(path.read_text("utf-8"), Loader=TimestampsAreText))
    assert not validator.is_valid({"name": "incomplete"})


def test_catalog_lists_and_shows(clustersim: Command) -> None:
    assert "accelerators" in clustersim("catalog").stdout
    assert "h100-sxm" in clustersim("catalog", "accelerators").stdout
    shown = clustersim("catalog", "accelerators", "h100-sxm").stdout
    assert "989.4 TFLOP/s" in shown
    rows = json.loads(clustersim("catalog", "accelerators", "h100-sxm", "--json").stdout)
    assert rows


@pytest.mark.parametrize(("table", "entry"), [("loss_laws", "olmo-ladder-pile"), ("capability_laws", "GSM8K")])
def test_the_draws_of_a_law_fill_no_screens(clustersim: Command, table: str, entry: str) -> None:
    shown = clustersim("catalog", table, entry).stdout
    assert len(shown.splitlines()) < 120
    assert "rows, all" in " ".join(shown.split())
    rows = json.loads(clustersim("catalog", table, entry, "--json").stdout)
    assert sum(str(row["value"]).count(";") for row in rows) > 70


@pytest.mark.parametrize("arguments", [("acelerators",), ("accelerators", "h100-smx")])
def test_catalog_helps_with_a_wrong_name(clustersim: Command, arguments: tuple[str, ...]) -> None:
    result = clustersim("catalog", *arguments)
    assert result.returncode == 2
    assert "did you mean" in result.stderr.lower()
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments", ["rum", "run", "run x.yaml --sed 1", "run x.yaml --seed -1", "run x.yaml --workers 0"]
)
def test_wrong_use_exits_with_2(clustersim: Command, arguments: str) -> None:
    result = clustersim(*arguments.split())
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_version(clustersim: Command) -> None:
    import clustersim as package

    assert clustersim("--version").stdout.strip() == f"clustersim {package.__version__}"


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['clustersim', '--help']\n"
        "from clustersim.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "run" in result.stdout
    assert HEAVY.isdisjoint(result.stderr.split())
