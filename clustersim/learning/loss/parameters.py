"""Which parameters a loss law means when it says N."""

from typing import Literal

from clustersim.scenario.schema.model import Model
from clustersim.workload.parameters import count_parameters

Convention = Literal["all", "no_input_embedding"]
"""``all``: every parameter, shared ones once. ``no_input_embedding``: without the embedding of tokens and of positions,
with the output layer."""

_CONVENTIONS: dict[str, Convention] = {"all": "all", "no_input_embedding": "no_input_embedding"}


def convention(text: str) -> Convention:
    """Read a convention from its name in the catalogue.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if text not in _CONVENTIONS:
        msg = f"unknown parameter count '{text}'; known: {', '.join(_CONVENTIONS)}"
        raise ValueError(msg)
    return _CONVENTIONS[text]


def counted_parameters(model: Model, counted: Convention) -> int:
    """Parameters of a model as a loss law counts them.

    Parameters
    ----------
    model : Model
        The transformer. A mixture of experts counts with its active parameters: the laws are fitted to dense models,
        and a token meets no others.
    counted : {"all", "no_input_embedding"}
        The law's convention.

    Returns
    -------
    int
        Number of parameters.

    Notes
    -----
    Where the output layer shares the embedding's weights, ``no_input_embedding`` keeps them, as the output layer.

    References
    ----------
    .. [1] Hoffmann et al. (2022), arXiv 2203.15556, appendix F: embeddings included.
    .. [2] Bhagia et al. (2024), arXiv 2412.04403: OLMo ladder, without the input embedding.
    """
    count = count_parameters(model)
    if counted == "all":
        return count.active
    shared = 0 if count.head else count.embedding
    return count.active - count.embedding - count.position + shared
