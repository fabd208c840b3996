"""How much of a communication is left to wait for when computation runs beside it."""


def exposed_s(communication_s: float, window_s: float, slowdown: float) -> float:
    """Time a communication adds to the computation it runs beside.

    Parameters
    ----------
    communication_s : float
        Time of the communication by itself [s].
    window_s : float
        Computation it can hide behind [s].
    slowdown : float
        Time the computation loses per second of communication beside it: both want the same memory, power and
        multiprocessors. 0.1-0.3 measured on A100 and H100 (Lee et al. 2025, arXiv 2507.03114).

    Returns
    -------
    float
        What does not fit into the window, and the loss inside it [s]. Between 0 and ``communication_s`` for a
        slowdown up to one.
    """
    hidden_s = min(communication_s, window_s)
    return communication_s - hidden_s + slowdown * hidden_s


def chunked_exposed_s(communication_s: float, window_s: float, chunks: int, slowdown: float) -> float:
    """Time left of a communication cut into `chunks` that run beside the matrix product they feed [s].

    The product cannot start before the first chunk is there; the others hide behind it (Wang et al. 2023, "Overlap
    communication with dependent computation via decomposition", :doi:`10.1145/3567955.3567959`).
    """
    first_s = communication_s / chunks
    return first_s + exposed_s(communication_s - first_s, window_s, slowdown)


def ring_exposed_s(send_s: float, block_s: float, ranks: int, slowdown: float) -> float:
    """Time left of the sends of ring attention [s]: each runs beside the computation of one block.

    The first of `ranks` blocks is there from the start (Liu et al. 2023, arXiv 2310.01889).
    """
    return (ranks - 1) * exposed_s(send_s, block_s, slowdown)
