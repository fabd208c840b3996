import csv

from clustersim.calibration.learning.capability import __main__ as command
from clustersim.calibration.learning.capability.catalogue import catalogue_rows
from clustersim.learning.capability.catalogued import law_from_fields
from tests.calibration.learning.capability.tables import made_up, rows_of, write_table


def test_the_command_writes_a_table_that_reads_back(tmp_path, monkeypatch):
    data, out = write_table(tmp_path / "data.csv", rows_of(made_up(families=8, each=4))), tmp_path / "laws.csv"
    monkeypatch.setattr(command, "catalogue_rows", lambda path: catalogue_rows(path, draws=6))
    assert command.main(["--data", str(data), "--out", str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["entry"] for row in rows} == {"quiz"}
    assert all(row["source"] for row in rows)
    law = law_from_fields("quiz", "Quiz", {row["field"]: row["value"] for row in rows}, "made up")
    assert law.draws.shape == (6, 4)
    assert law.models == 32
    assert len(law.families) == 8
