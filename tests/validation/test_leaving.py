"""A process that leaves says what it had to say, and nothing that waits at its end is heard."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import atexit, sys
from validation.leaving import leave
atexit.register(lambda: print("late"))
print("done", end="")
print("problem", end="", file=sys.stderr)
leave(3)
"""


def test_what_was_written_is_read_and_the_end_is_at_once() -> None:
    command = [sys.executable, "-c", SCRIPT]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "done", "problem")
