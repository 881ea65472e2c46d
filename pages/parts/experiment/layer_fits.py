"""Which layers of a weight file fit which layers of a network, in words and as a table."""

from collections.abc import Sequence

from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.initializers.shapes import times
from inits.text import counted
from inits.weightfiles.fitting import DenseLayer, dense_layers, fit
from pages.parts.compute.engine_access import engine
from pages.parts.widgets import tables


def fits_of(spec: FileSpec, net: Network) -> list[DenseLayer | None] | None:
    """Return the layer of a file that fits each layer of a network; None if the file is not available."""
    file = engine().files.get(spec.digest)
    return None if file is None else fit(dense_layers(file.summaries), net.kernel_shapes)


def fit_words(fits: Sequence[DenseLayer | None] | None) -> str:
    """Return how many layers come from the file: "2 of 3 layers from the file"."""
    if fits is None:
        return "the file is not available"
    return f"{sum(map(bool, fits))} of {counted(len(fits), 'layer')} from the file"


def fit_table(spec: FileSpec, net: Network, fits: Sequence[DenseLayer | None]) -> None:
    """Draw a table of where the weights of each layer come from."""
    tables.table(
        {
            "layer": net.layer_names,
            "kernel": [times(shape) for shape in net.kernel_shapes],
            "begins with": [_source(spec, layer) for layer in fits],
        }
    )


def _source(spec: FileSpec, layer: DenseLayer | None) -> str:
    if layer is None:
        return f"{spec.rest.name}: nothing fits"
    return layer.name if layer.bias is not None else f"{layer.name}, which has no bias"
