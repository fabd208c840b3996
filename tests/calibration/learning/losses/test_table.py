import pytest

from clustersim.calibration.learning.losses.table import read_losses
from clustersim.tables.csv_lines import TableError


def read(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_text(text, "utf-8")
    return read_losses(path)


def test_both_names_of_a_column_are_read(tmp_path):
    table = read(tmp_path, "run,parameters,tokens,c4_nats_per_token,note\na,1e9,2e10,3.1,hello\n")
    (row,) = table.rows
    assert (row.run, row.parameters, row.tokens, row.losses) == ("a", 1e9, 2e10, {"olmo-ladder-c4": 3.1})
    assert row.cells["note"] == "hello"
    assert table.loss_columns == {"olmo-ladder-c4": "c4_nats_per_token"}


def test_what_is_not_said_is_empty(tmp_path):
    (row,) = read(tmp_path, "run,params_nonembed_approx,tokens,lr,lr_peak\n,1e9,2e10,,NA\n").rows
    assert row.run == "line 2"
    assert row.learning_rate is None
    assert row.peak is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["data.csv:1", "no header"]),
        ("run,tokens\n", ["data.csv:1", "params_nonembed_approx or parameters"]),
        ("run;parameters;tokens\n", ["data.csv:1", "not separated by commas"]),
        ("run,run,parameters,tokens\n", ["data.csv:1", "run stands there twice"]),
        (
            "run,parameters,tokens\na,many,-5\n",
            ["data.csv:2: parameters: 'many'", "data.csv:2: tokens: '-5' is below 0"],
        ),
        (
            "run,parameters,tokens\na,1e9,\nb,0,1\n",
            ["data.csv:2: tokens: empty", "data.csv:3: parameters: '0' is below 1"],
        ),
        ("run,parameters,tokens\na,1e9,1,2\n", ["data.csv:2: 4 cells under 3 columns"]),
        ("run,parameters,tokens,c4_ce\na,1e9,1,-1\n", ["data.csv:2: c4_ce: '-1'"]),
    ],
)
def test_what_is_wrong_is_named_all_at_once(tmp_path, text, words):
    with pytest.raises(TableError) as error:
        read(tmp_path, text)
    for word in words:
        assert word in str(error.value)


def test_many_wrong_cells_are_counted(tmp_path):
    with pytest.raises(TableError, match="and 5 more"):
        read(tmp_path, "run,parameters,tokens\n" + "a,x,1\n" * 25)
