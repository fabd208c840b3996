"""The pages on validation: their tables are those that the predictions give, and each number can be had again."""

import re
from pathlib import Path

import pytest

from validation import tables
from validation.markdown import markdown, share, signed
from validation.predicted import clusters
from validation.remarks import REMARKS
from validation.tables import PAGES, TABLES, main, rewritten


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_of_a_page_are_up_to_date(page: Path) -> None:
    assert rewritten(page.read_text("utf-8")) == page.read_text("utf-8"), "run python -m validation.tables"


def test_the_pages_show_every_table_once() -> None:
    shown = [name for page in PAGES for name in re.findall(r"<!-- table: ([\w ]+) -->", page.read_text("utf-8"))]
    assert sorted(shown) == sorted(TABLES)


def test_a_table_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError, match="nothing"):
        rewritten("<!-- table: nothing -->\n<!-- end -->\n")


def test_check_fails_on_an_old_table_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- table: llama -->\n| old |\n<!-- end -->\nafter\n", "utf-8")
    monkeypatch.setattr(tables, "PAGES", (page,))
    assert main(["--check"]) == 1
    assert "python -m validation.tables" in capsys.readouterr().err
    assert "| old |" in page.read_text("utf-8")
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert page.read_text("utf-8").startswith("before\n<!-- table: llama -->\n| layout |")
    assert page.read_text("utf-8").endswith("<!-- end -->\nafter\n")


def test_remarks_are_about_held_out_rows() -> None:
    held_out = {item[1].row.id for item in clusters() if item[1].row.split == "test"}
    assert set(REMARKS) <= held_out


def test_numbers_are_written_as_people_write_them() -> None:
    assert (share(0.0456), signed(-0.012), signed(0.2)) == ("4.6 %", "-1.2 %", "+20.0 %")
    assert markdown(("a", "b"), [("x", "1")]) == "| a | b |\n| --- | --: |\n| x | 1 |\n"
