"""Errors whose messages are shown to users as they are.

A message names the argument, its rule and the value received, then what to do:
"stddev must be positive, but got -0.1. Use a number above 0."
"""

from inits.text import brief

LONGEST_MESSAGE = 480  # characters; a value in a message may be of any length


class InitsError(ValueError):
    """Base of all errors that the pages show to users: its message is one printable line of limited length."""

    def __init__(self, message: str) -> None:
        super().__init__(brief(message, LONGEST_MESSAGE))


class SpecError(InitsError):
    """A text or an argument that is no valid initializer, optimizer, network or experiment."""


class ShapeError(SpecError):
    """A shape that an initializer cannot fill."""


class DataError(InitsError):
    """A dataset that cannot be read."""


class EngineError(InitsError):
    """The compute process cannot do what was requested."""


class WeightFileError(InitsError):
    """A file that no weights can be read from."""


def unexpected(error: BaseException) -> str:
    """Return the words for an error that is not ours; its own text may have a path, which only the log shows."""
    return (
        str(error) if isinstance(error, InitsError) else f"{type(error).__name__}, see the log of the server"
    )
