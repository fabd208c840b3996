"""Pages of the commands and of the step model: what they name exists, and what they list is complete."""

import ast
import re
from typing import get_args

import pytest
import typer

import clustersim as cs
from clustersim.cli import app
from clustersim.report.events import event_log
from clustersim.run import simulate
from clustersim.run.records import EFFECTS, HITS, Ended
from clustersim.scenario.schema.training import Layout, ScheduleName, Software, SoftwareOption
from tests.docs.snippets import ROOT, snippets
from tests.docs.test_readme import assert_same
from tests.report.events.cases import CASES

DOCS = ROOT / "docs"
STEP = ROOT / "clustersim" / "step"


def options_of(*path: str) -> set[str]:
    command = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined]
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")} - {"--help"}


def named(page: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", (DOCS / page).read_text("utf-8"))) - {"--help"}


@pytest.mark.parametrize(
    ("page", "paths"),
    [
        ("run.md", [("run",)]),
        ("learn.md", [("learn",), ("validate", "loss")]),
        ("step.md", [("step",)]),
        ("layouts.md", [("layouts",)]),
        (
            "validate.md",
            [
                ("validate",),
                *(
                    ("validate", name)
                    for name in ("throughput", "collectives", "real", "loss", "schedules", "capability")
                ),
            ],
        ),
        ("failure-log.md", [("failures",)]),
        ("calibrate.md", [("calibrate", "throughput"), ("calibrate", "measurements")]),
    ],
)
def test_a_page_names_the_options_of_its_command(page: str, paths: list[tuple[str, ...]]) -> None:
    assert named(page) == set().union(*(options_of(*path) for path in paths))


def test_the_log_on_the_page_is_the_log_of_that_run() -> None:
    (block,) = (s for s in snippets(DOCS / "run.md") if s.language == "text")
    plan = cs.load(ROOT / "scenarios" / "quickstart.yaml", ["failures.rate_multiplier=30"])
    title, *_ = block.text.splitlines()
    printed = event_log(simulate(plan.run_plan, 0, 4))
    first = printed.splitlines().index(title)
    shown = [line for line in printed.splitlines()[first + 3 :] if line][: block.text.count("\n") - 1]
    assert_same("\n".join([title, *shown]), block.text)


def test_the_page_tells_every_event_of_the_log() -> None:
    text = (DOCS / "run.md").read_text("utf-8").partition("| event |")[2].partition("## The trace")[0]
    logged = {line.split()[2] for name in CASES for line in event_log(CASES[name]()).splitlines() if line[0] != "#"}
    for word in (*logged, *EFFECTS, *HITS, *get_args(Ended)):
        assert f"`{word}`" in text, word


def rows() -> list[list[str]]:
    text = (DOCS / "step-model.md").read_text("utf-8")
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]


def modules() -> list[str]:
    found = [row[3] for row in rows() if len(row) == 4 and row[3] not in ("module", "---")]
    return sorted({name for cell in found for name in re.findall(r"`([^`]+)`", cell)})


@pytest.mark.parametrize("name", modules())
def test_every_module_and_function_of_the_step_model_exists(name: str) -> None:
    if name.endswith(".py"):
        assert (STEP / name).exists()
        return
    module, _, function = name.partition(".")
    tree = ast.parse((STEP / f"{module}.py").read_text("utf-8"))
    assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_step_model_names_some_of_each() -> None:
    assert {"tiles.py", "compute.gemm_s", "experts.py"} <= set(modules())


def test_the_settings_page_lists_every_choice() -> None:
    text = (DOCS / "settings.md").read_text("utf-8")
    for name in (*get_args(SoftwareOption), *get_args(ScheduleName), "megatron", "pytorch"):
        assert f"`{name}`" in text
    for name in re.findall(r"^\| `(\w+)` \|", text.partition("## Software")[0], re.MULTILINE):
        assert name in Layout.model_fields
    assert {"composer", "xla", "paxml"} <= set(get_args(Software))
