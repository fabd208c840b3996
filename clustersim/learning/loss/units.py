"""The units a loss is given in, and how to go from one to another, and from one tokenizer to another."""

import math

from clustersim.catalog import entry

TABLE = "tokenizers"


def bits_per_byte(nats_per_token: float, bytes_per_token: float) -> float:
    """Loss in bits per byte, which does not depend on the tokenizer.

    Parameters
    ----------
    nats_per_token : float
        Loss [nats/token].
    bytes_per_token : float
        Mean length of a token of the evaluated text [bytes of UTF-8].

    Examples
    --------
    >>> round(bits_per_byte(2.0, 4.0), 4)
    0.7213
    """
    return nats_per_token / (math.log(2.0) * bytes_per_token)


def nats_per_token(bits_per_byte: float, bytes_per_token: float) -> float:
    """Loss [nats/token] of a loss in bits per byte; see :func:`bits_per_byte`.

    Examples
    --------
    >>> round(nats_per_token(0.7213475, 4.0), 4)
    2.0
    """
    return bits_per_byte * math.log(2.0) * bytes_per_token


def bits_per_character(nats_per_token: float, characters_per_token: float) -> float:
    """Loss in bits per character.

    Parameters
    ----------
    nats_per_token : float
        Loss [nats/token].
    characters_per_token : float
        Mean length of a token of the evaluated text [characters].

    Examples
    --------
    >>> round(bits_per_character(1.70, 3.94), 3)
    0.622
    """
    return nats_per_token / (math.log(2.0) * characters_per_token)


def nats_of_bits_per_character(bits_per_character: float, characters_per_token: float) -> float:
    """Loss [nats/token] of a loss in bits per character; see :func:`bits_per_character`."""
    return bits_per_character * math.log(2.0) * characters_per_token


def perplexity(nats_per_token: float) -> float:
    """Perplexity of a token, ``exp(loss)``: over how many equally likely tokens the model hesitates.

    Examples
    --------
    >>> round(perplexity(math.log(50257.0)))
    50257
    """
    return math.exp(nats_per_token)


def nats_of_perplexity(perplexity: float) -> float:
    """Loss [nats/token] of a perplexity of a token."""
    return math.log(perplexity)


def with_tokenizer(nats_per_token: float, bytes_per_token: float, other_bytes_per_token: float) -> float:
    """Loss that the same model quality shows with another tokenizer [nats/token].

    Parameters
    ----------
    nats_per_token : float
        Loss with the first tokenizer.
    bytes_per_token, other_bytes_per_token : float
        Mean length of a token of the *same text* under the first and under the other.

    Notes
    -----
    Keeps the bits per byte: the text costs as many bits, spread over more or fewer tokens. A model trained with another
    tokenizer also learns a little better or worse; that is not in it.

    Examples
    --------
    >>> round(with_tokenizer(1.70, 3.94, 3.17), 3)
    1.368
    """
    return nats_per_token * other_bytes_per_token / bytes_per_token


def characters_per_token(tokenizer: str) -> float:
    """Mean characters of a token of a catalogued tokenizer, on the text its source names.

    Raises
    ------
    UnknownEntry
        If the catalogue has no such tokenizer.
    """
    return float(entry(TABLE, tokenizer).values["characters_per_token"].text)
