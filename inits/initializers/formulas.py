"""One sentence or two that say what an initializer draws for a shape, with the numbers.

Every function takes (arguments, shape), both checked, and returns Markdown with the answer in bold.
"""

import math
from collections.abc import Sequence

from inits import text
from inits.initializers.parameters import Arguments
from inits.initializers.shapes import Shape, compute_fans, flattened, times
from inits.initializers.symmetric_laws import TRUNCATED_STD

_SPHERE_SIDES = {1: "Orthonormal columns", 0: "An orthonormal square matrix", -1: "Orthonormal rows"}


def number(x: float) -> str:
    """Return a given number as it was written: 0.05, −2, 1.5 × 10⁻⁷."""
    return text.number(x, 12)


def found(x: float) -> str:
    """Return a computed number with three significant digits, in bold: **0.0505**."""
    return f"**{text.number(x, 3)}**"


def real(arguments: Arguments, name: str) -> float:
    """Return the float argument `name`."""
    value = arguments[name]
    assert isinstance(value, float)
    return value


def axes(arguments: Arguments, name: str) -> Sequence[int] | None:
    """Return the axes argument `name`."""
    value = arguments.get(name)
    return value if isinstance(value, tuple) else None


def chosen_fan(arguments: Arguments, shape: Sequence[int]) -> float:
    """Return the n by which VarianceScaling divides its scale: fan_in, fan_out or their average."""
    fan_in, fan_out = compute_fans(shape, axes(arguments, "input_axes"), axes(arguments, "output_axes"))
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    return max(1.0, float(fans[str(arguments["mode"])]))


def for_shape(shape: Shape) -> str:
    """Return "For a kernel of 784 × 128", or "For a vector of 128"."""
    return f"For a {'kernel' if len(shape) > 1 else 'vector'} of {times(shape)}"


def constant(arguments: Arguments, shape: Shape) -> str:
    """Describe a constant."""
    return f"Every weight is **{number(real(arguments, 'value'))}**, whatever the shape."


def random_uniform(arguments: Arguments, shape: Shape) -> str:
    """Describe a uniform law, whose std is its width over the root of 12."""
    low, high = real(arguments, "minval"), real(arguments, "maxval")
    return (
        f"A uniform distribution from {number(low)} to {number(high)}, whatever the shape. Its standard deviation is "
        f"(maxval − minval)/√12 = {number(high - low)}/√12 = {found((high - low) / math.sqrt(12.0))}."
    )


def random_normal(arguments: Arguments, shape: Shape) -> str:
    """Describe a normal law with its arguments."""
    mean, stddev = real(arguments, "mean"), real(arguments, "stddev")
    return (
        f"A normal distribution with mean {number(mean)}, whatever the shape. "
        f"Its standard deviation is stddev = **{number(stddev)}**."
    )


def truncated_normal(arguments: Arguments, shape: Shape) -> str:
    """Describe a truncated normal law, whose argument stddev is that before the cut."""
    mean, stddev = real(arguments, "mean"), real(arguments, "stddev")
    return (
        f"A normal distribution with mean {number(mean)}, cut at ±2 stddev = ±{number(2.0 * stddev)} about it, "
        "whatever the shape. "
        f"After the cut its standard deviation is {TRUNCATED_STD:.4f} × stddev = "
        f"{TRUNCATED_STD:.4f} × {number(stddev)} = {found(TRUNCATED_STD * stddev)}."
    )


def variance_scaling(arguments: Arguments, shape: Shape) -> str:
    """Describe a law whose std is the root of scale over the chosen fan; a uniform one has a limit of √3 times that."""
    return _scaled(arguments, shape, "scale", "3 × scale")


def variance_scaling_fixed(arguments: Arguments, shape: Shape) -> str:
    """Describe the law of a class that fixes the scale, with its number in the formula."""
    scale = real(arguments, "scale")
    return _scaled(arguments, shape, number(scale), number(3.0 * scale))


def _scaled(arguments: Arguments, shape: Shape, once: str, thrice: str) -> str:
    scale, n, mode = real(arguments, "scale"), chosen_fan(arguments, shape), arguments["mode"]
    std, here = math.sqrt(scale / n), for_shape(shape)
    root = f"√({once}/{mode}) = √({number(scale)}/{number(n)}) = {found(std)}"
    match arguments["distribution"]:
        case "uniform":
            ratio, limit = f"√({number(3.0 * scale)}/{number(n)})", found(math.sqrt(3.0) * std)
            return (
                f"A uniform distribution from −limit to limit. {here} its limit is √({thrice}/{mode}) = {ratio} = "
                f"{limit} and its standard deviation {root}."
            )
        case "untruncated_normal":
            return f"A normal distribution. {here} its standard deviation is {root}."
        case _:
            law = f"A normal distribution cut at ±{2.0 / TRUNCATED_STD:.2f} of its standard deviations"
            return f"{law}. {here} its standard deviation, after the cut, is {root}."


def orthogonal(arguments: Arguments, shape: Shape) -> str:
    """Describe orthogonal weights: each is gain times a coordinate of a random unit vector of the longer side."""
    rows, columns = flattened(shape)
    gain, n = real(arguments, "gain"), max(rows, columns)
    side = _SPHERE_SIDES[(rows > columns) - (rows < columns)]
    matrix = f", as a matrix of {rows} × {columns}," if len(shape) > 2 else ""
    return (
        f"{side} times gain, so every singular value is **{number(abs(gain))}**. {for_shape(shape)}{matrix} "
        f"one weight has the standard deviation gain/√{n} = {found(abs(gain) / math.sqrt(n))}."
    )


def identity(arguments: Arguments, shape: Shape) -> str:
    """Describe the identity times gain."""
    gain, size, diagonal = real(arguments, "gain"), math.prod(shape), min(shape)
    return (
        f"{number(gain)} on the diagonal and 0 elsewhere. "
        f"{for_shape(shape)} the diagonal holds **{diagonal:,}** of {size:,} weights."
    )


def stft(arguments: Arguments, shape: Shape) -> str:
    """Describe the waves of a Fourier transform of length 2 (F - 1) under a window."""
    length, _, bands = shape
    wave = "cos" if arguments["side"] == "real" else "−sin"
    window = arguments["window"]
    norms = {"density": "√Σw²", "spectrum": "Σ|w|", None: "1"}
    divided = norms[None if arguments["scaling"] is None else str(arguments["scaling"])]
    under = f"w(t)/{divided} × {wave}" if window else wave
    named = f" with the {window} window w" if window else ""
    return (
        f"A fixed pattern, not a random one: the weight at time t and band k is "
        f"{under}(2π t k/N){named}. {for_shape(shape)} t runs to {length - 1}, k to {bands - 1} "
        f"and N = 2 × ({bands} − 1) = **{2 * (bands - 1)}**."
    )
