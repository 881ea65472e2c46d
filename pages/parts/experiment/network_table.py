"""The network as a table."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from inits.errors import ShapeError
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.experiments.opaque import WithoutLaw
from inits.experiments.record import Record
from inits.experiments.weight_source import Kernel
from inits.text import count, counted, number
from pages.parts.compute.engine_access import engine
from pages.parts.experiment.choices import Choices
from pages.parts.experiment.layer_fits import fits_of
from pages.parts.page.slides import picture
from pages.parts.widgets import tables


def model_table(choices: Choices, records: Sequence[Record] = ()) -> None:
    """Draw the network like `Model.summary()`, with the initial scale of its weights.

    Args:
        choices: the settings of the page.
        records: the record of the first seed of each start after a run; it has the scale where no law predicts it.
    """
    net, alone = choices.network, len(choices.cards) == 1
    about = f"{counted(net.parameters, 'parameter')}, as in `Model.summary()`."
    gain = "σ_w² = fan_in × variance of a weight, which decides if a signal survives in deep networks"
    words = f"{about} {gain}." if alone else f"{about} Under each start: {gain}."
    columns = {
        "layer": [f"Dense ({name})" for name in net.layer_names],
        "output shape": [f"(None, {shape[1]})" for shape in net.kernel_shapes],
        "parameters": [count((fan_in + 1) * units) for fan_in, units in net.kernel_shapes],
    }
    if alone:
        kernel = choices.cards[0].start.kernel
        columns["activation"] = [net.activation] * len(net.hidden) + ["logits"]
        columns["std at the start"] = [_std(kernel, shape) for shape in net.kernel_shapes]
    for place, (label, card) in enumerate(zip(choices.labels, choices.cards, strict=True)):
        gains = [_std(card.start.kernel, shape, gain=True) for shape in net.kernel_shapes]
        if isinstance(card.start.kernel, FileSpec):
            gains = _from_file(card.start.kernel, net)
        elif isinstance(card.start.kernel, WithoutLaw):
            gains = _measured(records[place], net) if records else ["after a run"] * len(gains)
        columns["σ_w²" if alone else label] = gains
    with picture("model", "The layers", words):
        tables.table(folded(columns))


def folded(columns: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return a table of layers with equal neighbours as one row; the first column has names like "Dense (layer 2)"."""
    rows: list[tuple[str, ...]] = []
    for _, same in groupby(zip(*columns.values(), strict=True), key=lambda row: row[1:]):
        (name, *rest), *others = same
        if others:
            name = f"{name.removesuffix(')')} to {others[-1][0].rpartition(' ')[2]}"
            rest[list(columns).index("parameters") - 1] += " each"
        rows.append((name, *rest))
    return {name: list(cells) for name, cells in zip(columns, zip(*rows, strict=True), strict=True)}


def _measured(record: Record, net: Network) -> list[str]:
    """Return the scale that was measured before the first step; for LSUV also the factor of the orthonormal kernel."""
    if not record.checkpoints:
        return ["not known"] * len(net.kernel_shapes)
    stds = record.checkpoints[0].std
    gains = [
        number(fan_in * float(std) ** 2, 3) for (fan_in, _), std in zip(net.kernel_shapes, stds, strict=True)
    ]
    if not record.factors:
        return gains
    return [
        f"{gain} (factor {number(factor, 3)})" for gain, factor in zip(gains, record.factors, strict=True)
    ]


def _from_file(spec: FileSpec, net: Network) -> list[str]:
    """Return the scale of the layer in the file, or of the initializer that fills a layer without one."""
    fits, file = fits_of(spec, net), engine().files.get(spec.digest)
    if fits is None or file is None:
        return ["the file is not available"] * len(net.kernel_shapes)
    return [
        f"{number(file.summaries[layer.kernel].sigma_w2 or 0.0, 3)} ({layer.name})"
        if layer
        else f"{_std(spec.rest, shape, gain=True)} ({spec.rest.name})"
        for layer, shape in zip(fits, net.kernel_shapes, strict=True)
    ]


def _std(kernel: Kernel, shape: tuple[int, int], gain: bool = False) -> str:
    try:
        law = kernel.law(shape)
    except ShapeError:
        return "not for this shape"
    if law is None:
        return ""
    return number(kernel.fans(shape)[0] * law.std**2, 3) if gain else number(law.std)
