"""The network as a table."""

from inits.errors import ShapeError
from inits.spec import InitializerSpec
from inits.words import count, counted, number
from pages.shared import tables
from pages.shared.builder import Choices
from pages.shared.kernel_views import heading


def model_table(choices: Choices) -> None:
    """The network as `Model.summary()` tells it, with what its weights start from."""
    net, kernel = choices.architecture, choices.start.kernel
    heading("The model", f"{counted(net.parameters, 'parameter')}, as `Model.summary()` tells it.")
    outputs = [shape[1] for shape in net.kernel_shapes]
    tables.table(
        {
            "layer": [f"Dense ({name})" for name in net.layer_names],
            "output shape": [f"(None, {units})" for units in outputs],
            "parameters": [count((fan_in + 1) * units) for fan_in, units in net.kernel_shapes],
            "activation": [net.activation] * len(net.hidden) + ["logits"],
            "std at the start": [_std(kernel, shape) for shape in net.kernel_shapes],
            "σ_w²": [_std(kernel, shape, gain=True) for shape in net.kernel_shapes],
        }
    )


def _std(kernel: InitializerSpec, shape: tuple[int, int], gain: bool = False) -> str:
    try:
        law = kernel.law(shape)
    except ShapeError:
        return "not for this shape"
    if law is None:
        return ""
    return number(kernel.fans(shape)[0] * law.std**2, 3) if gain else number(law.std)
