"""What can go wrong, said for people.

Every message is one sentence that names the argument and the value received, then what to do about it.
"""


class InitsError(ValueError):
    """Base of all errors that the pages show to a person as they are."""


class SpecError(InitsError):
    """A text or an argument that names no valid initializer, optimizer, network or experiment."""


class ShapeError(SpecError):
    """A shape that an initializer cannot fill."""


class DataError(InitsError):
    """A data set that cannot be read."""


class EngineError(InitsError):
    """The compute process cannot do what was asked."""


class WeightFileError(InitsError):
    """A file that no weights can be read from."""
