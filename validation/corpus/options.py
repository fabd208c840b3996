"""What a user can set, checked before any work is done."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEAST_VOCAB = 257
"""The 256 bytes, which no text can fall out of, and the separator."""

MOST_VOCAB = 1 << 31
"""Token identifiers are then positive in a signed 32-bit integer too, which is what accelerators index with."""

MOST_SEED = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Options:
    """One run of the pipeline.

    Attributes
    ----------
    out : Path
        Folder to write; it must not exist, or be empty.
    folders : tuple of Path
        Where to look for text. Empty: the standard library of this Python, and the documentation of the packages
        installed beside it.
    vocab : int
        Entries of the tokenizer, the separator included. 4,096 is an assumption for models of a few million parameters,
        whose embedding should not outweigh their layers.
    seed : int
        Chooses the sample, the order of documents and their split.
    limit_bytes : int or None
        Most bytes of files to read [bytes]; None: all.
    validation_fraction : float
        Expected share of documents held out; 0.05 is an assumption that leaves about a million bytes of the standard
        library.
    shard_tokens : int
        Most tokens of one shard; 4 Mi, or 8 MiB of 16-bit tokens, is an assumption.
    """

    out: Path
    folders: tuple[Path, ...] = ()
    vocab: int = 4096
    seed: int = 0
    limit_bytes: int | None = None
    validation_fraction: float = 0.05
    shard_tokens: int = 1 << 22

    def problems(self) -> list[str]:
        """All that is wrong, each with the way out; empty if nothing is."""
        return [*self._numbers(), *self._folders()]

    def _numbers(self) -> Iterator[str]:
        if not LEAST_VOCAB <= self.vocab <= MOST_VOCAB:
            yield (
                f"--vocab {self.vocab}: must be {LEAST_VOCAB} (256 bytes and the separator) to {MOST_VOCAB}; "
                "4096 suits small models"
            )
        if not 0 <= self.seed <= MOST_SEED:
            yield f"--seed {self.seed}: must be 0 to {MOST_SEED}"
        if self.limit_bytes is not None and self.limit_bytes < 1:
            yield f"--limit-bytes {self.limit_bytes}: must be 1 or more; leave it out to read everything"
        if not 0.0 < self.validation_fraction < 1.0:
            yield f"--validation-fraction {self.validation_fraction}: must lie between 0 and 1, e.g. 0.05"
        if self.shard_tokens < 1:
            yield f"--shard-tokens {self.shard_tokens}: must be 1 or more, e.g. 4194304"

    def _folders(self) -> Iterator[str]:
        for folder in self.folders:
            if not folder.is_dir():
                yield f"--from {folder}: no such folder"
        if self.out.is_dir():
            if any(self.out.iterdir()):
                yield f"--out {self.out}: not empty; choose another folder, or remove it first"
        elif self.out.exists():
            yield f"--out {self.out}: is a file; choose another name"
        elif not self.out.absolute().parent.is_dir():
            yield f"--out {self.out}: the folder above it does not exist; create it first"
