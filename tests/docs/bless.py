"""Write what the commands of the pages print into them, on purpose: ``python -m tests.docs.bless``."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.docs.snippets import ROOT, snippets

README = ROOT / "README.md"
PAGES = (README, ROOT / "docs" / "failure-log.md")


def printed(command: str, folder: Path) -> str:
    program, *arguments = command.split()
    result = subprocess.run(
        [str(Path(sys.executable).parent / program), *arguments],
        cwd=folder, env=os.environ | {"COLUMNS": "80"}, capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip
    if "Traceback" in result.stderr:
        sys.exit(f"{command} broke; its page stays as it was:\n{result.stderr}")
    return result.stdout or result.stderr


def blessed(page: Path, folder: Path) -> str:
    text = page.read_text("utf-8")
    for snippet in snippets(page):
        if snippet.command:
            output = snippet.cut(printed(snippet.command, folder))
            block = re.compile(rf"(<!-- {re.escape(snippet.note)} -->\n```text\n).*?```", re.DOTALL)
            text = block.sub(lambda match, output=output: f"{match[1]}{output}```", text)
    return text


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("scenarios", "validation", "docs/samples"):
            shutil.copytree(ROOT / part, folder / part)
        (folder / "plan.yaml").write_text(next(s.text for s in snippets(README) if s.note == "problems"), "utf-8")
        for page in PAGES:
            page.write_text(blessed(page, folder), "utf-8")


if __name__ == "__main__":
    main()
