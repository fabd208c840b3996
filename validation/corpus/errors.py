"""What is wrong with a user's request, as a message."""


class CorpusError(Exception):
    """A request that cannot be met; the message says what is wrong and the way out."""
