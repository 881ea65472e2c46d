"""What several tests share: all initializers with their laws by SciPy, digits of noise, what figures must keep to.

The fans and sides are written out by hand: they are what `compute_fans` is checked against.
"""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import plotly.graph_objects as go
from scipy import stats

from inits.data.dataset import KEYS, Dataset
from inits.errors import ShapeError
from inits.figures import style
from inits.initializers.spec import InitializerSpec


@dataclass(frozen=True)
class Sizes:
    """A shape with its fans and the longer side of its flattened matrix."""

    shape: tuple[int, ...]
    fan_in: int
    fan_out: int
    longer: int


SIZES = (
    Sizes((784, 128), 784, 128, 784),
    Sizes((128, 10), 128, 10, 128),
    Sizes((3, 3, 16, 32), 144, 288, 144),
    Sizes((5, 8, 4), 40, 20, 40),
    Sizes((10, 1000), 10, 1000, 1000),
    Sizes((1000, 10), 1000, 10, 1000),
    Sizes((600,), 600, 600, 0),
)


@dataclass(frozen=True)
class Case:
    """A text, its law by SciPy for some sizes and how closely the two must agree."""

    text: str
    oracle: Callable[[Sizes], Any]
    rtol: float
    least_rank: int = 1


def uniform(variance: float) -> Any:
    return stats.uniform(-sqrt(3 * variance), 2 * sqrt(3 * variance))


def normal(variance: float) -> Any:
    return stats.norm(0.0, sqrt(variance))


def truncated(variance: float) -> Any:
    """Cut at two standard deviations and widened by Keras' own constant."""
    return stats.truncnorm(-2.0, 2.0, scale=sqrt(variance) / 0.87962566103423978)


def sphere(n: int, gain: float) -> Any:
    """A coordinate on the sphere is a symmetric beta variable stretched over [-gain, gain]."""
    return stats.beta((n - 1) / 2, (n - 1) / 2, loc=-abs(gain), scale=2 * abs(gain))


EXACT, SPECIAL = 1e-12, 1e-8

RANDOM = (
    Case("RandomUniform()", lambda s: stats.uniform(-0.05, 0.1), EXACT),
    Case("RandomUniform(minval=0.0, maxval=2.0)", lambda s: stats.uniform(0.0, 2.0), EXACT),
    Case("RandomNormal()", lambda s: stats.norm(0.0, 0.05), EXACT),
    Case("RandomNormal(mean=-1.0, stddev=3.0)", lambda s: stats.norm(-1.0, 3.0), EXACT),
    Case("TruncatedNormal()", lambda s: stats.truncnorm(-2.0, 2.0, 0.0, 0.05), SPECIAL),
    Case("TruncatedNormal(mean=1.0, stddev=0.5)", lambda s: stats.truncnorm(-2.0, 2.0, 1.0, 0.5), SPECIAL),
    Case("VarianceScaling()", lambda s: truncated(1 / s.fan_in), SPECIAL),
    Case(
        'VarianceScaling(scale=0.5, mode="fan_out", distribution="uniform")',
        lambda s: uniform(0.5 / s.fan_out),
        EXACT,
    ),
    Case(
        'VarianceScaling(scale=3.0, mode="fan_avg", distribution="untruncated_normal")',
        lambda s: normal(6 / (s.fan_in + s.fan_out)),
        EXACT,
    ),
    Case(
        'VarianceScaling(scale=2.0, mode="fan_out", distribution="truncated_normal")',
        lambda s: truncated(2 / s.fan_out),
        SPECIAL,
    ),
    Case("GlorotUniform()", lambda s: uniform(2 / (s.fan_in + s.fan_out)), EXACT),
    Case("GlorotNormal()", lambda s: truncated(2 / (s.fan_in + s.fan_out)), SPECIAL),
    Case("HeUniform()", lambda s: uniform(2 / s.fan_in), EXACT),
    Case("HeNormal()", lambda s: truncated(2 / s.fan_in), SPECIAL),
    Case("LecunUniform()", lambda s: uniform(1 / s.fan_in), EXACT),
    Case("LecunNormal()", lambda s: truncated(1 / s.fan_in), SPECIAL),
    Case("Orthogonal()", lambda s: sphere(s.longer, 1.0), SPECIAL, 2),
    Case("Orthogonal(gain=-1.5)", lambda s: sphere(s.longer, 1.5), SPECIAL, 2),
)

PAIRS = [(case, sizes) for case in RANDOM for sizes in SIZES if len(sizes.shape) >= case.least_rank]
IDS = [f"{case.text}-{'x'.join(map(str, sizes.shape))}" for case, sizes in PAIRS]

FIXED = (
    "Zeros()",
    "Ones()",
    "Constant(value=-0.1)",
    "Identity(gain=2.0)",
    'STFT(side="imag", window=None, scaling="spectrum", periodic=True)',
)
TEXTS = (*(case.text for case in RANDOM), *FIXED, "GlorotNormal(input_axes=[0, 2], output_axes=[-1])")


def fits(spec: InitializerSpec, shape: tuple[int, ...]) -> bool:
    """Return True if the initializer can fill the shape."""
    try:
        return bool(spec.check_shape(shape))
    except ShapeError:
        return False


def small(train: int = 120, test: int = 100, seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays as mnist.npz holds them, of noise."""
    rng = np.random.default_rng(seed)
    sizes = {"train": train, "test": test}
    x = {f"x_{part}": rng.integers(0, 256, (n, 28, 28), np.uint8) for part, n in sizes.items()}
    y = {f"y_{part}": rng.integers(0, 10, n, np.uint8) for part, n in sizes.items()}
    return x | y


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def same(dataset: Dataset, arrays: dict[str, np.ndarray]) -> bool:
    """Return True if a dataset holds these arrays."""
    return all(np.array_equal(getattr(dataset, k).ravel(), arrays[k].ravel()) for k in KEYS)


TOKENS = {
    *(*style.START, style.MUTED, style.INK, style.BACKGROUND, style.ON_MARKERS),
    *(token for scale in (style.SEQUENTIAL, style.DIVERGING) for _, token in scale),
}


def check(fig: go.Figure) -> go.Figure:
    """The figure can be sent (`payload` looks at the trace types), and every colour is a token."""
    from pages.parts.widgets.chart import payload

    message = json.loads(payload(fig, key="k", alt="A picture.", clicks=False))
    text = json.dumps(message, ensure_ascii=False)
    assert {found[:7] for found in re.findall(r"#[0-9a-fA-F]{3,8}\b", text)} <= TOKENS
    assert not re.search(r"rgba?\(|hsla?\(", text)
    for colour in colours(message):
        assert re.fullmatch(r"#0000\d\d([0-9a-f]{2})?", colour), colour
    return fig


def colours(value: object, name: str = "") -> list[str]:
    """Every text that stands under a name that ends in "color"."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in colours(inner, key)]
    if isinstance(value, list):
        return [found for inner in value for found in colours(inner, name)]
    return [value] if name.lower().endswith("color") and isinstance(value, str) else []
