"""What ``clustersim catalog`` shows, as plain rows: the tables, the entries of one, the values of one entry."""

from typing import NamedTuple

from clustersim.catalog.entry import Entry
from clustersim.catalog.reader import entries, entry, tables

_TABLE_TITLES = {
    "accelerators": "GPUs and other accelerators: dense peaks, memory, scale-up link, power",
    "accuracy_laws": "fitted accuracy on benchmarks against the training loss",
    "annealing_laws": "how far the loss in the middle of a run lies above the law of final losses",
    "capability_laws": "fitted scores on benchmarks against training compute",
    "collective_rates": "calibrated rates of collectives, by scale-up link and class of network",
    "corpora": "funnels of published training corpora: yields, speeds, what they start from",
    "failures": "failure rates of published clusters, by category",
    "gradient_norms": "norms of the gradient before clipping, and how they spread",
    "loss_laws": "fitted laws of the training loss",
    "loss_transients": "how the loss falls through the warm-up to what a law speaks of",
    "mixes": "mixes of sources that published models were trained on",
    "models": "shapes of published transformers",
    "node_networks": "network interfaces of named servers and cloud instances",
    "nodes": "servers: accelerators, network interfaces, power",
    "prices": "prices of GPU time",
    "published_parameters": "parameter counts as published, to check the arithmetic against",
    "recipes": "recipes of stable training: loss spikes and divergences of published runs",
    "schedule_laws": "fitted laws of the loss under a learning-rate schedule, by model",
    "sites": "sites: power usage effectiveness, carbon intensity and price of electricity",
    "step_efficiency": "calibrated efficiency of a training step",
    "tokenizers": "tokenizers: vocabulary and how much text a token holds",
}

_HEADLINES: dict[str, tuple[str, ...]] = {
    "accelerators": ("peak.bf16", "peak.fp8", "memory", "memory_bandwidth", "scale_up_bandwidth", "tdp"),
    "corpora": ("input", "stages"),
    "accuracy_laws": ("score_sd", "form_sd_per_unit", "lowest_loss"),
    "capability_laws": (
        "fitted.models",
        "held_out.rmse",
        "held_out.logistic_rmse",
        "held_out.step_rmse",
        "held_out.coverage",
    ),
    "failures": ("categories",),
    "mixes": ("sources",),
    "models": ("layers", "hidden", "heads", "ffn_hidden", "vocabulary", "mixture.experts"),
    "node_networks": ("nics", "nic_bandwidth", "network"),
    "nodes": ("accelerator", "gpus", "nics", "nic_bandwidth", "training_power"),
    "prices": ("low", "mode", "high"),
    "published_parameters": ("total", "active"),
    "recipes": ("spikes_per_trillion_tokens", "spike_shape", "divergence"),
    "sites": ("pue", "carbon_intensity", "energy_price"),
}

_ALSO = "also"
"""Column of the other names of an entry."""


class TableRow(NamedTuple):
    """One table of the catalogue: its name, what it holds, and how many entries."""

    table: str
    holds: str
    entries: int


class EntryRow(NamedTuple):
    """One entry of a table: its name, its title, and the text of each headline column ("" where it has none).

    Where entries of the table have other names, the last column is theirs.
    """

    entry: str
    title: str
    headline: tuple[str, ...]


class EntryListing(NamedTuple):
    """The entries of one table under the names of their headline columns."""

    columns: tuple[str, ...]
    rows: tuple[EntryRow, ...]


class ValueRow(NamedTuple):
    """One value of an entry and where it was read."""

    field: str
    value: str
    source: str


def list_tables() -> tuple[TableRow, ...]:
    """The tables of the catalogue, one row each."""
    return tuple(TableRow(table, _TABLE_TITLES.get(table, ""), len(entries(table))) for table in tables())


def list_entries(table: str) -> EntryListing:
    """The entries of a table, each with the few values that tell it from the others.

    Parameters
    ----------
    table : str
        Name of the table, e.g. "accelerators".

    Raises
    ------
    UnknownTable
        If there is no such table.
    """
    found = tuple(entry(table, name) for name in entries(table))
    columns = _HEADLINES.get(table, ())
    if any(e.also for e in found):
        columns = (*columns, _ALSO)
    rows = tuple(EntryRow(e.name, e.title, tuple(_headline(e, column) for column in columns)) for e in found)
    return EntryListing(columns, rows)


def list_values(table: str, name: str) -> tuple[ValueRow, ...]:
    """The values of an entry, each with its source.

    Parameters
    ----------
    table : str
        Name of the table, e.g. "accelerators".
    name : str
        Name of the entry, e.g. "h100-sxm".

    Raises
    ------
    UnknownTable
        If there is no such table.
    UnknownEntry
        If the table has no such entry.
    """
    return tuple(ValueRow(field, *value) for field, value in entry(table, name).values.items())


def _headline(found: Entry, column: str) -> str:
    """Text of one value, or for a branch such as ``categories`` the number of things under it."""
    if column == _ALSO:
        return ", ".join(found.also)
    if column in found.values:
        return found.values[column].text
    prefix = f"{column}."
    under = {field.removeprefix(prefix).split(".")[0] for field in found.values if field.startswith(prefix)}
    return str(len(under)) if under else ""
