"""The sizes of a model as the job's settings give them, and the matrix products that follow."""

from dataclasses import dataclass
from typing import Self

from validation.gpt.config import JobConfig


@dataclass(frozen=True, slots=True)
class Product:
    """A linear layer: ``m`` tokens through a matrix of ``n`` outputs by ``k`` inputs."""

    matrix: str
    m: int
    n: int
    k: int

    @property
    def flop(self) -> int:
        """Floating-point operations of the forward product, of the data gradient and of the weight gradient each."""
        return 2 * self.m * self.n * self.k


@dataclass(frozen=True, slots=True)
class Shape:
    """What one process computes for one micro-batch.

    Attributes
    ----------
    hidden, heads, kv_heads, ffn_hidden, vocab : int
        The model, as in ``[model]`` of the job's settings.
    sequence_length, micro_batch : int
        Tokens of a sequence, and sequences of a micro-batch, as in ``[train]``.
    tensor : int
        Processes that share each matrix, as in ``[parallel]``.
    """

    hidden: int
    heads: int
    kv_heads: int
    ffn_hidden: int
    vocab: int
    sequence_length: int
    micro_batch: int
    tensor: int = 1

    @classmethod
    def of_job(cls, config: JobConfig) -> Self:
        """What one process of a job computes.

        Parameters
        ----------
        config : JobConfig
            Settings of the job.

        Returns
        -------
        Shape
            Of one micro-batch; the number of layers does not matter.
        """
        model, train = config.model, config.train
        return cls(
            hidden=model.hidden,
            heads=model.heads,
            kv_heads=model.kv_heads,
            ffn_hidden=model.ffn_hidden,
            vocab=model.vocab,
            sequence_length=train.sequence_length,
            micro_batch=train.micro_batch,
            tensor=config.parallel.tensor,
        )

    @property
    def tokens(self) -> int:
        """Tokens of a micro-batch."""
        return self.sequence_length * self.micro_batch

    @property
    def head_dim(self) -> int:
        """Width of one head."""
        return self.hidden // self.heads

    def products(self) -> tuple[Product, ...]:
        """The linear layers of the job's model that differ in size.

        Returns
        -------
        tuple of Product
            Keys and values are two of a kind, gate and up as well. With tensor parallelism the output of attention
            and ``down`` are split by their inputs, the others by their outputs.
        """
        width = self.hidden // self.tensor
        keys, ffn_hidden = width * self.kv_heads // self.heads, self.ffn_hidden // self.tensor
        return (
            Product("query", self.tokens, width, self.hidden),
            Product("key_value", self.tokens, keys, self.hidden),
            Product("output", self.tokens, self.hidden, width),
            Product("gate_up", self.tokens, ffn_hidden, self.hidden),
            Product("down", self.tokens, self.hidden, ffn_hidden),
            Product("head", self.tokens, self.vocab // self.tensor, self.hidden),
        )


SMALL = (Shape(64, 4, 2, 128, 256, sequence_length=32, micro_batch=2),)
"""For trying the benchmark itself."""

DEFAULT = {
    "cpu": (
        Shape(256, 4, 4, 768, 8192, sequence_length=256, micro_batch=2),
        Shape(512, 8, 4, 1536, 8192, sequence_length=256, micro_batch=4),
        Shape(768, 12, 4, 2048, 8192, sequence_length=512, micro_batch=2),
    ),
    "cuda": (
        Shape(2048, 16, 16, 5632, 32768, sequence_length=2048, micro_batch=4),
        Shape(4096, 32, 8, 14336, 131072, sequence_length=4096, micro_batch=2),
        Shape(8192, 64, 8, 28672, 131072, sequence_length=4096, micro_batch=2, tensor=8),
    ),
}
"""Shapes where no settings file is given, by kind of device: proportions of Llama 3 (arXiv 2407.21783), sizes that one
processor, or one accelerator, goes through in milliseconds."""
