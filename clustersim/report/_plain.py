"""Text that any terminal can show: no control characters, and ASCII where the encoding has nothing better."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_ASCII = str.maketrans({
    "–": "-", "−": "-", "·": "-", "×": "x", "±": "+/-", "₂": "2", "…": "...", "’": "'", "“": '"', "”": '"',
    "✓": "+", "▼": "v", "▲": "^", "✕": "x", "○": "o",
})  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True)
class Plain:
    """Writes for one terminal.

    Parameters
    ----------
    encoding : str
        Encoding of the terminal or file written to.
    """

    encoding: str

    @classmethod
    def of(cls, console: "Console") -> "Plain":
        """The writer that fits a console."""
        return cls(console.encoding)

    @property
    def unicode(self) -> bool:
        """Whether everything can be shown."""
        return self.encoding.lower().replace("-", "").replace("_", "").startswith("utf")

    def clean(self, content: str) -> str:
        """Without control characters (a plan's name must not move the cursor), in letters the encoding has."""
        safe = _CONTROL.sub("", content)
        if self.unicode:
            return safe
        return safe.translate(_ASCII).encode(self.encoding, "replace").decode(self.encoding)

    def text(self, content: str, style: str = "") -> "Text":
        """A styled text; brackets in it are no markup."""
        from rich.text import Text

        return Text(self.clean(content), style=style)

    def bar(self, share: float, width: int) -> str:
        """A bar of ``share`` of ``width`` characters, to an eighth of a character where the encoding allows it."""
        eighths = round(max(0.0, min(1.0, share)) * width * 8)
        if not self.unicode:
            return "#" * round(eighths / 8)
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
