"""Files of a log and of a fleet."""

from pathlib import Path

import pytest

from tests.calibration.failure_log.logs import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the lines of a CSV."""

    def lines(*rows: str, name: str = "log.csv") -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
        return path

    return lines
