"""Checks of arguments that belong together, and of the shapes that an initializer can fill."""

from inits.errors import ShapeError, SpecError
from inits.initializers.formulas import axes, real
from inits.initializers.parameters import Arguments
from inits.initializers.shapes import Shape

ZERO_AT_BOTH_ENDS = ("hann", "blackman", "bartlett", "bohman", "barthann", "tukey", "lanczos")
"""Windows that are 0 everywhere when they have two points and are not periodic."""


def any_shape(arguments: Arguments, shape: Shape) -> None:
    """Accept every shape."""


def no_joint_rule(arguments: Arguments) -> None:
    """Accept every combination of arguments."""


def ordered(arguments: Arguments) -> None:
    """Raise SpecError unless minval < maxval."""
    low, high = arguments["minval"], arguments["maxval"]
    if real(arguments, "minval") >= real(arguments, "maxval"):
        raise SpecError(f"minval must be less than maxval, but got minval={low} and maxval={high}.")


def both_axes(arguments: Arguments) -> None:
    """Raise SpecError if only one of input_axes and output_axes is given."""
    given = [name for name in ("input_axes", "output_axes") if arguments[name] is not None]
    if len(given) == 1:
        raise SpecError(
            "input_axes and output_axes must be given together (Keras ignores one alone), "
            f"but got only {given[0]}={list(axes(arguments, given[0]) or ())}."
        )


def axes_fit(arguments: Arguments, shape: Shape) -> None:
    """Raise ShapeError if the shape does not have the axes."""
    for name in ("input_axes", "output_axes"):
        for axis in axes(arguments, name) or ():
            if not -len(shape) <= axis < len(shape):
                raise ShapeError(f"{name} must be axes of the shape {shape}, but got {axis}.")


def matrix_at_least(arguments: Arguments, shape: Shape) -> None:
    """Raise ShapeError for fewer than two dimensions."""
    if len(shape) < 2:
        raise ShapeError(f"Orthogonal needs a shape of at least two dimensions, but got {shape}.")


def matrix(arguments: Arguments, shape: Shape) -> None:
    """Raise ShapeError unless there are two dimensions."""
    if len(shape) != 2:
        raise ShapeError(f"Identity needs a shape of exactly two dimensions, but got {shape}.")


def stft_fits(arguments: Arguments, shape: Shape) -> None:
    """Raise ShapeError unless the shape is (T, 1, F), F at least 2, and the window is not 0 everywhere."""
    if len(shape) != 3 or shape[1] != 1 or shape[2] < 2:
        raise ShapeError(f"STFT needs a shape (T, 1, F) with F of at least 2, but got {shape}.")
    if shape[0] == 2 and arguments["window"] in ZERO_AT_BOTH_ENDS and not arguments["periodic"]:
        raise ShapeError(f"STFT with a {arguments['window']} window needs T of at least 3, but got {shape}.")
