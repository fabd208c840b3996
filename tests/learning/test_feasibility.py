from clustersim.learning.feasibility import learning_problems
from clustersim.scenario import Scenario
from tests.study.test_learning_outlook import scenario


def problems(log: dict[str, object] | None) -> list[tuple[str, str]]:
    plain: Scenario = scenario("olmo2-7b", {} if log is None else {"log": log})
    return list(learning_problems(plain))


def test_nothing_is_wrong_without_a_log_or_with_a_good_one() -> None:
    assert problems(None) == []
    assert problems({"file": "a.csv", "text": "step,loss\n10,9.0\n"}) == []


def test_every_problem_of_the_log_is_one_of_the_plan() -> None:
    found = problems({"file": "a.csv", "text": "tokens,loss\n1e9,x\n5e12,2\n6e12,y\n"})
    assert [path for path, _ in found] == ["learning.log.file"] * 3
    assert found[0][1].startswith("a.csv:2:2: loss: 'x' is no number")
    assert "past the end of the plan, step 953,675 at 4T tokens" in found[2][1]


def test_a_log_that_cannot_be_read_is_told() -> None:
    assert problems({"file": "gone.csv"}) == [("learning.log.file", "cannot read gone.csv: No such file or directory")]
