"""Draw kernels with real Keras and measure them. Keras is imported at first use, never with this module."""

from collections.abc import Sequence

from inits.initializers.spec import InitializerSpec
from inits.measure.examination import (
    Examination,
    LayerRow,
    SmallHistogram,
    measure,
    measure_layer,
    small_histogram,
)


def examine(spec: InitializerSpec, shape: tuple[int, ...], seed: int) -> Examination:
    """Draw a kernel and measure it. Raises what `inits.training.starts.draw` raises."""
    from inits.training.starts import draw

    return measure(draw(spec, shape, seed), spec)


def draw_small_histogram(spec: InitializerSpec, shape: tuple[int, ...], seed: int) -> SmallHistogram:
    """Draw a kernel for the histogram of a card. Raises what `inits.training.starts.draw` raises."""
    from inits.training.starts import draw

    return small_histogram(draw(spec, shape, seed))


def examine_network(
    spec: InitializerSpec, names: Sequence[str], shapes: Sequence[tuple[int, ...]], seed: int
) -> list[LayerRow]:
    """Draw every kernel of a network with one initializer, each with the seed that training would give it."""
    from inits.seeds import derive_seed
    from inits.training.starts import draw

    rows = []
    for layer, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        kernel = draw(spec, shape, derive_seed(seed, "kernel", layer))
        rows.append(measure_layer(name, kernel, spec))
    return rows
