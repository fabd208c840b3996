"""Progress is for terminals."""

import io

import pytest

from validation.corpus.progress import Progress, line


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_says_how_far_and_how_long() -> None:
    assert line("clean", 500, 2000, 1.0) == "clean  25 %  500/2,000  3 s left"
    assert line("clean", 0, 2000, 1.0) == "clean  0 %  0/2,000"


def test_a_terminal_is_told_and_left_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("validation.corpus.progress._EVERY_S", 0.0)
    terminal = _Terminal()
    assert list(Progress(terminal).over("clean", "abcd")) == list("abcd")
    shown = terminal.getvalue()
    assert "clean  75 %  3/4" in shown
    assert shown.endswith("\r\x1b[K")


def test_a_line_is_not_drawn_for_every_item() -> None:
    terminal = _Terminal()
    list(Progress(terminal).over("clean", range(1000)))
    assert terminal.getvalue().count("\r") < 100


def test_a_pipe_is_told_nothing() -> None:
    pipe = io.StringIO()
    progress = Progress(pipe)
    assert list(progress.over("clean", "abcd")) == list("abcd")
    progress.show("merge")
    assert pipe.getvalue() == ""
