import pytest

from clustersim.calibration.learning.capability.rows import (
    ScoreRow,
    compute_alone,
    read_scores,
    scores_by_task,
    trained,
)
from clustersim.tables.csv_lines import TableError
from tests.calibration.learning.capability.tables import PUBLISHED, ROW, made_up, published, rows_of, write_table


def row(**changes):
    return ScoreRow(2, {**ROW, **changes})


def test_the_published_table_has_its_benchmarks_and_marks_what_is_held_out():
    table = read_scores(PUBLISHED)
    assert len(published()) == 21
    assert sum(row.text("use") == "test" for row in table.rows) == 4
    assert not any("PaLM" in scores.families for scores in published().values())
    assert all(row.text("source") for row in table.rows)
    assert len(published()["MMLU"].families) == 36


def test_made_up_scores_come_back_from_their_table(tmp_path):
    scores = made_up(families=5)
    back = scores_by_task(read_scores(write_table(tmp_path / "t.csv", rows_of(scores))))["quiz"]
    assert back.compute == pytest.approx(scores.compute, abs=1e-6)
    assert back.ratio == pytest.approx(scores.ratio, abs=1e-6)
    assert back.models == scores.models
    assert back.floor == 0.25


def test_any_two_of_size_tokens_and_compute_give_the_third():
    assert trained(row()).compute == pytest.approx(4.2e22)
    assert trained(row(train_flops="5e22")).compute == 5e22
    assert trained(row(params="", train_flops="4.2e22")).parameters == pytest.approx(7e9)
    assert trained(row(tokens="", train_flops="4.2e22")).tokens == pytest.approx(1e12)
    assert trained(row(tokens="")) is None
    assert trained(row(params="", tokens="", train_flops="4.2e22")) is None


def test_compute_alone_is_split_by_an_assumed_ratio():
    model = compute_alone(row(params="", tokens="", train_flops="6e23"), 100.0)
    assert 6.0 * model.parameters * model.tokens == pytest.approx(6e23)
    assert model.tokens / model.parameters == pytest.approx(100.0)
    assert compute_alone(row(params="", tokens=""), 100.0) is None


def test_thresholds_tests_and_rows_without_score_or_compute_are_no_scores(tmp_path):
    rows = [
        {**ROW, "use": "fit"},
        {**ROW, "use": "test", "model": "m-2"},
        {**ROW, "use": "", "model": "m-3", "metric": "loss_threshold"},
        {**ROW, "use": "", "model": "m-4", "score": "n/a"},
        {**ROW, "use": "", "model": "m-5", "tokens": ""},
    ]
    scores = scores_by_task(read_scores(write_table(tmp_path / "t.csv", rows)))["quiz"]
    assert scores.models == ("m-1",)


def test_a_model_that_stands_twice_counts_once_with_its_mean(tmp_path):
    rows = [ROW, {**ROW, "score": "0.7"}]
    scores = scores_by_task(read_scores(write_table(tmp_path / "t.csv", rows)))["quiz"]
    assert scores.score.tolist() == [pytest.approx(0.6)]


def test_the_floor_is_what_most_rows_say_or_the_lowest_score(tmp_path):
    chances = ["0.25", "0.25", "0.2", ""]
    rows = [{**ROW, "model": f"m-{n}", "chance": chance} for n, chance in enumerate(chances)]
    assert scores_by_task(read_scores(write_table(tmp_path / "a.csv", rows)))["quiz"].floor == 0.25
    rows = [{**ROW, "model": f"m-{n}", "chance": "", "score": text} for n, text in enumerate(("0.4", "0.31"))]
    assert scores_by_task(read_scores(write_table(tmp_path / "b.csv", rows)))["quiz"].floor == 0.31


def test_a_model_without_family_is_a_family_of_its_own(tmp_path):
    rows = [{**ROW, "family": "", "model": "lone"}, ROW]
    assert scores_by_task(read_scores(write_table(tmp_path / "t.csv", rows)))["quiz"].families == ("F", "lone")


def test_everything_that_is_wrong_is_named_at_once(tmp_path):
    path = write_table(tmp_path / "t.csv", [{**ROW, "params": "big"}, {**ROW, "score": "52"}, {**ROW, "tokens": "-1"}])
    with pytest.raises(TableError) as caught:
        scores_by_task(read_scores(path))
    lines = str(caught.value).splitlines()
    assert [line.removeprefix(f"{path}:").partition(":")[0] for line in lines] == ["2", "3", "4"]
    assert "params: 'big' is no number" in lines[0]
    assert "score: 52 is not a fraction" in lines[1]
    assert "tokens: -1 is not above zero" in lines[2]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("task,model,family,params", "lacks the columns tokens"),
        ("task,model,family,params,tokens,task", "stands there twice"),
        ("", "lacks the columns"),
    ],
)
def test_a_table_of_something_else_is_refused(tmp_path, header, message):
    path = tmp_path / "t.csv"
    path.write_text(header + "\n", "utf-8")
    with pytest.raises(TableError, match=message):
        read_scores(path)
