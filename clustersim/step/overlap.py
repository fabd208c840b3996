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


def gradient_window_s(pass_s: float, stages: int, chunks: int, micro_batches: int) -> float:
    """Computation that the once-a-step communication of gradients or weights can hide behind.

    Parameters
    ----------
    pass_s : float
        Backward (gradients) or forward (weights) time of one micro-batch on one stage [s].
    stages, chunks, micro_batches : int
        Pipeline stages, model chunks per stage, micro-batches per step.

    Returns
    -------
    float
        Without interleaving the pass of the last micro-batch. With it, a chunk's gradients are final while the other
        chunks still work on the last group of micro-batches, one per stage (Narayanan et al.
        2021, arXiv 2104.04473, section 2.2).
    """
    if chunks == 1:
        return pass_s
    return pass_s * max(1.0, min(stages, micro_batches) * (chunks - 1) / chunks)
