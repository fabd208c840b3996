"""What the forecast rests on: extrapolations, assumptions, provenance and the meaning of the words."""

from collections.abc import Mapping
from typing import Any

GLOSSARY = (
    (
        "effective training time",
        "Share of the wall time in which the run made progress. Llama Team (2024), arXiv 2407.21783, section 3.3.4.",
    ),
    (
        "ETTR",
        "Effective training time ratio: productive time over the time the job wanted to run, waiting included. "
        "Kokolis et al. (2024), arXiv 2410.21680.",
    ),
    (
        "goodput",
        "Share of the time that ended up in the trained model; the rest is badput, by category. "
        "ML Goodput Measurement library (Google).",
    ),
    (
        "MFU",
        "Model FLOP utilisation: the FLOPs the model needs over what the GPUs could have done in the same time; "
        "recomputation does not count. Chowdhery et al. (2022), PaLM, arXiv 2204.02311.",
    ),
    (
        "HFU",
        "Hardware FLOP utilisation: the same with recomputation counted. Korthikanti et al. (2022), arXiv 2205.05198.",
    ),
    ("interruption", "The job stopped, planned or not."),
    ("replication", "One simulated run of the whole plan, with failures and a draw of what is not known of its own."),
    ("P10, P50, P90", "One replication in ten ends below P10, half below P50, nine in ten below P90."),
)


def basis(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Lists for the last section."""
    scenario = summary["scenario"]
    return {
        "extrapolations": list(summary.get("extrapolations") or []),
        "assumptions": list(summary.get("assumptions") or []),
        "provenance": [
            ("scenario file", scenario.get("file") or "–"),
            ("sha256", scenario.get("sha256") or "–"),
            ("clustersim", summary.get("clustersim_version") or "–"),
            ("seed", str(summary["seed"])),
            ("replications", f"{summary['replications']}, of which {summary['finished_replications']} finished"),
            ("summary format", summary.get("schema") or "–"),
        ],
        "glossary": GLOSSARY,
    }
