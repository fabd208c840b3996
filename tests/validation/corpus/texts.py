"""Texts that the pipeline keeps: prose and programs, different for every number."""

import random
from pathlib import Path

from validation.corpus.documents import Document

_WORDS = """
river mountain garden window letter morning evening captain harbour village market bridge castle
forest island journey winter summer silver copper painter doctor sailor farmer teacher student
history science number language problem answer question picture station railway machine engine
factory kitchen bottle candle ladder hammer needle thread cotton leather paper pencil marble granite
desert valley meadow thunder lightning shadow mirror curtain
"""
WORDS = _WORDS.split()


def prose(number: int, words: int = 200) -> str:
    """Sentences of random words; two numbers share no run of five words but by chance."""
    draw = random.Random(number)
    sentences = []
    for _ in range(words // 10):
        chosen = draw.choices(WORDS, k=8)
        sentences.append(f"the {' '.join(chosen)} and {draw.choice(WORDS)}.")
    return "\n".join(sentences) + "\n"


def program(number: int, functions: int = 8) -> str:
    """Functions of random names and bodies."""
    draw = random.Random(f"program {number}")
    parts = []
    for _ in range(functions):
        first, second, third, fourth = draw.sample(WORDS, 4)
        parts.append(
            f'def {first}_{second}({third}, {fourth}):\n    """Turn {third} into {draw.choice(WORDS)} of {second}."""\n'
            f"    {first} = {third} * {draw.randint(2, 999)} + {fourth}\n    return {first} - {draw.randint(2, 999)}\n"
        )
    return "\n\n".join(parts)


def documents(*texts: str, suffix: str = ".txt") -> list[Document]:
    return [Document.of(f"here/{place}{suffix}", text) for place, text in enumerate(texts)]


def write_corpus(folder: Path, prose_files: int = 30, programs: int = 30) -> Path:
    """A folder of good files."""
    folder.mkdir(parents=True)
    for number in range(prose_files):
        (folder / f"prose-{number}.txt").write_text(prose(number), "utf-8")
    for number in range(programs):
        (folder / f"program-{number}.py").write_text(program(number), "utf-8")
    return folder
