"""Errors whose messages are shown to users as they are.

A message names the argument, its rule and the value received, then what to do:
"stddev must be positive, but got -0.1. Use a number above 0."
"""


class InitsError(ValueError):
    """Base of all errors that the pages show to users."""


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
