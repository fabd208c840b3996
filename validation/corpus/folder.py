"""A folder that appears complete or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from validation.corpus.errors import CorpusError


@contextmanager
def all_or_nothing(out: Path) -> Iterator[Path]:
    """Give a hidden folder beside ``out`` to write into, and rename it at the end.

    Whatever goes wrong, Ctrl-C included, the hidden folder is removed. Only a killed process leaves it behind, and
    never under the name of ``out``.

    Raises
    ------
    CorpusError
        If nothing can be written there.
    """
    temporary = out.absolute().with_name(f".{out.absolute().name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir()
        yield temporary
        for file in temporary.iterdir():
            _onto_disk(file)
        # A folder can be renamed onto an empty one, and onto nothing else.
        temporary.rename(out)
    except OSError as error:
        problem = f"--out {out}: {error.strerror}; choose a folder that can be written and has room"
        raise CorpusError(problem) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _onto_disk(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
