from clustersim.scenario.problems import Place, Problem, ScenarioError, in_reading_order


def test_a_problem_is_one_line() -> None:
    assert str(Problem("plan.yaml", 15, 5, "failures.nic.shpae", "unknown key")) == (
        "plan.yaml:15:5: failures.nic.shpae: unknown key"
    )
    assert str(Problem("plan.yaml", 1, 1, "", "is empty")) == "plan.yaml:1:1: is empty"


def test_a_problem_of_the_command_line_says_its_path_once() -> None:
    assert str(Problem.at(Place("--set spares.warm"), "spares.warm", "bad")) == "--set spares.warm: bad"
    assert str(Problem.at(Place("--set spares"), "spares.warm", "bad")) == "--set spares: spares.warm: bad"


def test_the_error_carries_them_all() -> None:
    problems = [Problem("a", 1, 1, "", "x"), Problem("a", 2, 1, "", "y")]
    error = ScenarioError(problems)
    assert error.problems == tuple(problems)
    assert str(error) == "a:1:1: x\na:2:1: y"


def test_reading_order_is_main_file_then_others_then_command_line() -> None:
    first, second = Problem("m.yaml", 2, 9, "", ""), Problem("m.yaml", 10, 1, "", "")
    other, command = Problem("a.yaml", 1, 1, "", ""), Problem("--set x", None, None, "", "")
    assert in_reading_order([command, other, second, first, first], "m.yaml") == [first, second, other, command]
