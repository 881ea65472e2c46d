"""The views of the Explore page beyond one kernel: a whole network, and all initializers of Keras."""

from collections.abc import Sequence

import streamlit as st

from inits.errors import ShapeError
from inits.experiments.network import Network
from inits.experiments.weight_source import Kernel
from inits.figures import gallery
from inits.figures.weights import Bars, weights
from inits.initializers.catalog import CATALOG
from inits.initializers.laws import Law
from inits.initializers.spec import InitializerSpec
from inits.measure.examination import LayerRow
from inits.seeds import derive_seed
from inits.text import counted, number
from inits.training.draw import examine_network
from pages.parts.compute.engine_access import attempt, can_draw, compute, wait_for
from pages.parts.page import session
from pages.parts.page.notes import python
from pages.parts.page.session import set_widget, widget_key
from pages.parts.page.slides import picture
from pages.parts.widgets import tables
from pages.parts.widgets.chart import chart

NETWORK = Network(hidden=(128, 128))
PANEL_WIDTH = 170  # pixels: six on a desktop, two on a phone


@st.cache_data(max_entries=64, show_spinner=False)
def _network(text: str, seed: int) -> list[LayerRow]:
    return compute(
        examine_network, InitializerSpec.parse(text), NETWORK.layer_names, NETWORK.kernel_shapes, seed
    )


def network(spec: InitializerSpec, seed: int) -> None:
    """Draw the kernels of an initializer of Keras for the network of this page, layer by layer."""
    layers(
        spec,
        seed,
        [spec] * len(NETWORK.kernel_shapes),
        attempt(_network, str(spec), seed) if can_draw() else None,
    )


def layers(spec: Kernel, seed: int, reference: Sequence[Kernel], rows: list[LayerRow] | None) -> None:
    """Draw the kernels of a network as a table and as histograms.

    Args:
        spec: the initializer.
        seed: the seed of the network.
        reference: the initializer of each layer whose law is the theory.
        rows: the measurements; None until Keras is loaded.
    """
    shapes, names = NETWORK.kernel_shapes, NETWORK.layer_names
    laws = [one.law(shape) for one, shape in zip(reference, shapes, strict=True)]
    box = picture(
        "layers",
        "784 – 128 – 128 – 10, layer by layer",
        "σ_w² = fan_in × variance: how a layer scales the strength of a signal, for weights of mean 0.",
        terms="fan_out, std, standard error",
    )
    drawn = [""] * len(shapes) if rows is None else [number(row.std) for row in rows]
    gains = [""] * len(shapes) if rows is None else [number(row.gain, 3) for row in rows]
    fans = [spec.fans(shape) for shape in shapes]
    with box:
        tables.table(
            {
                "layer": names,
                "kernel": [" × ".join(map(str, shape)) for shape in shapes],
                "fan_in": [str(fan_in) for fan_in, _ in fans],
                "fan_out": [str(fan_out) for _, fan_out in fans],
                "std drawn": drawn,
                "std theory": [number(law.std) if law else "" for law in laws],
                "diff.": [""] * len(shapes) if rows is None else [tables.signed(row.errors) for row in rows],
                "σ_w² drawn": gains,
                "σ_w² theory": [
                    number(fan_in * law.std**2, 3) if law else ""
                    for law, (fan_in, _) in zip(laws, fans, strict=True)
                ],
            }
        )
    if rows is None:
        if not can_draw():
            wait_for(can_draw)
        return
    how = "Each on its own axis; its range is beside its name."
    bars = [Bars(row.low, row.high, row.counts) for row in rows]
    alt = "Histogram of the weights of each layer."
    with picture("network", "The weights of each layer", how, "network"):
        chart(weights(None, bars, names), key="explore.network", height=170, alt=alt)
    if isinstance(spec, InitializerSpec):
        python(network_code(spec, seed))


def network_sentence(spec: InitializerSpec) -> str:
    """Return the number that decides about the signal in each layer, as a sentence."""
    gains = [spec.fans(shape)[0] * law.std**2 for shape in NETWORK.kernel_shapes if (law := spec.law(shape))]
    found = ", ".join(f"**{number(gain, 3)}**" for gain in gains)
    words = "2 keeps the strength of a ReLU signal, 1 that of a linear one."
    return f"In a 784 – 128 – 128 – 10 network its σ_w² is {found}: {words}"


def network_code(spec: InitializerSpec, seed: int) -> str:
    """Return the network as Keras code, with the seed that each layer has here."""
    units, last = (*NETWORK.hidden, NETWORK.outputs), len(NETWORK.hidden)
    layers = ""
    for layer, size in enumerate(units):
        code = spec.code(derive_seed(seed, "kernel", layer), multiline=False)
        activation = 'activation="relu", ' if layer < last else ""
        layers += f"    keras.layers.Dense({size}, {activation}kernel_initializer={code}),\n"
    return f"model = keras.Sequential([\n    keras.Input(({NETWORK.inputs},)),\n{layers}])"


def all_initializers(shape: tuple[int, ...]) -> None:
    """Draw every initializer of Keras with its defaults, for this shape and on one scale; its name opens it."""
    random_first = sorted(CATALOG, key=lambda name: not CATALOG[name].random)
    specs = {name: InitializerSpec(name) for name in random_first}
    laws = {name: law for name, spec in specs.items() if (law := _law(spec, shape)) is not None}
    box = picture(
        "gallery",
        f"{counted(len(laws), 'initializer')} of Keras with their defaults, for {' × '.join(map(str, shape))}",
        "Exact densities of one weight, all on one scale. Stems are point masses. Press a name to open it.",
        "gallery",
    )
    reach, top = gallery.common_scale(laws.values())
    with box, st.container(horizontal=True, gap="small", key=widget_key("explore", "gallery")):
        for name, law in laws.items():
            with st.container(width=PANEL_WIDTH, gap="xxsmall"):
                st.button(
                    name,
                    key=widget_key("explore", "pick", name),
                    type="tertiary",
                    on_click=_pick,
                    args=(specs[name],),
                )
                gain = specs[name].fans(shape)[0] * law.std**2
                st.markdown(f":small[:gray[std {number(law.std, 3)}, $\\sigma_w^2$ {number(gain, 3)}]]")
                alt = f"Density of one weight of {name}, standard deviation {number(law.std, 3)}."
                fig = gallery.panel(law, reach, top)
                chart(fig, key=widget_key("explore", "panel", name), height=gallery.HEIGHT, alt=alt)
    others = [name for name in specs if name not in laws]
    if others:
        st.markdown(f":gray[Not for this shape: {', '.join(others)}.]")


def _law(spec: InitializerSpec, shape: tuple[int, ...]) -> Law | None:
    try:
        return spec.law(shape)
    except ShapeError:
        return None


def _pick(spec: InitializerSpec) -> None:
    session.SPEC["explore"] = str(spec)
    set_widget(widget_key("explore", "view"), "kernel")
