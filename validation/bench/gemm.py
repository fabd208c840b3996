"""Matrix products of the linear layers: forward, gradient of the data, gradient of the weights."""

from itertools import product
from typing import TYPE_CHECKING

from validation.bench.case import Case, Record, Value
from validation.bench.sampling import Prepared
from validation.bench.session import Session
from validation.bench.shape import Product
from validation.bench.tensors import PRECISIONS, normal
from validation.bench.worker import Place, Work

if TYPE_CHECKING:
    import torch

ORIENTATIONS = ("forward", "dgrad", "wgrad")


def run(session: Session) -> list[Record]:
    """Time every product of every shape, in every orientation and precision, alone and in all processes at once."""
    return session.measured(cases(session), Work(prepare))


def cases(session: Session) -> list[Case]:
    """The products of all shapes; a product that two shapes share is timed once.

    Parameters
    ----------
    session : Session
        Shapes, threads and processes.

    Returns
    -------
    list of Case
        ``m`` are the tokens, ``n`` the outputs and ``k`` the inputs of the layer in every orientation, so that the
        three products of one layer are found by the same numbers.
    """
    layers: dict[tuple[int, int, int], Product] = {}
    for layer in (layer for shape in session.shapes for layer in shape.products()):
        layers.setdefault((layer.m, layer.n, layer.k), layer)
    return [
        _case(layer, orientation, precision, session.place.threads, processes)
        for layer, orientation, precision, processes in product(
            layers.values(), ORIENTATIONS, PRECISIONS, session.process_counts
        )
    ]


def _case(layer: Product, orientation: str, precision: str, threads: int, processes: int) -> Case:
    values = layer.m * layer.k + layer.n * layer.k + layer.m * layer.n
    sizes: dict[str, Value] = {"matrix": layer.matrix, "m": layer.m, "n": layer.n, "k": layer.k}
    return Case(
        section="gemm",
        parameters={**sizes, "op": orientation, "precision": precision, "threads": threads},
        processes=processes,
        flop=layer.flop,
        bytes=values * PRECISIONS[precision],
    )


def prepare(case: Case, place: Place) -> Prepared:
    """Make the two factors of a product.

    Parameters
    ----------
    case : Case
        One of :func:`cases`.
    place : Place
        Whose device to use.

    Returns
    -------
    Prepared
        ``x @ w.T`` of x (m, k) and w (n, k); ``g @ w`` of g (m, n); or ``g.T @ x``. The result is allocated by each
        call, as it is in a model.
    """
    m, n, k = (int(case.parameters[name]) for name in "mnk")
    orientation = case.parameters["op"]

    def factor(*sizes: int) -> "torch.Tensor":
        return normal(*sizes, precision=str(case.parameters["precision"]), device=place.device)

    if orientation == "forward":
        x, w_transposed = factor(m, k), factor(n, k).t()
        return Prepared(lambda: x @ w_transposed)
    if orientation == "dgrad":
        g, w = factor(m, n), factor(n, k)
        return Prepared(lambda: g @ w)
    g_transposed, x = factor(m, n).t(), factor(m, k)
    return Prepared(lambda: g_transposed @ x)
