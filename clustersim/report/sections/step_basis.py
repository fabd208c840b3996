"""What the page of a step rests on: extrapolations, assumptions, provenance and the meaning of the words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clustersim._version import __version__
from clustersim.report.sections.basis import GLOSSARY
from clustersim.report.step_words import shared_extrapolations

if TYPE_CHECKING:
    from clustersim.scenario.loaded import Loaded

WORDS = (
    ("busiest pipeline rank", "The rank that the others wait for; the parts of the step are its own and sum to it."),
    ("pipeline bubble", "Time in which a rank waits for the passes of others, at the ends of the step or between."),
    ("exposed", "Communication that computation does not hide, so that the step gets longer by it."),
    (
        "algorithm, protocol",
        "The cheapest schedule of the collective model, out of those that NCCL chooses from. Bytes are those of the "
        "whole vector on one rank, as nccl-tests count them.",
    ),
    (
        "load of the links",
        "What would cross a link, over what it can carry, while all groups of one dimension send at once, each as fast "
        "as its interfaces allow.",
    ),
    ("90 %", "The interval that holds nine step times in ten, by the error of the calibrated prediction."),
)
_SHARED = ("MFU", "HFU")


def step_basis(loaded: "Loaded", answer: Mapping[str, Any]) -> dict[str, Any]:
    """Lists for the last section."""
    file = loaded.path.name
    return {
        "extrapolations": [
            f"{names}: {text}" if names else text for names, text in shared_extrapolations(answer["phases"])
        ],
        "assumptions": [
            {"path": one.path, "value": one.value_text, "source": one.source,
             "origin": one.origin.replace(f"{loaded.file}:", f"{file}:", 1)}
            for one in loaded.settings()
            if one.path.startswith(("model", "cluster", "training"))
        ],
        "provenance": [
            ("scenario file", file),
            ("sha256", loaded.sha256),
            ("clustersim", __version__),
            ("format", str(answer["schema"])),
        ],
        "glossary": (*WORDS, *(row for row in GLOSSARY if row[0] in _SHARED)),
    }  # fmt: skip
