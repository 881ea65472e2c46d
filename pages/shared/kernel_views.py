"""The three views of the Explore page: one kernel, a whole network, all initializers."""

import numpy as np
import streamlit as st

from inits.catalog import CATALOG
from inits.errors import ShapeError
from inits.examine import Examination, LayerRow, examine, examine_network
from inits.experiment import Architecture
from inits.figures import gallery, style
from inits.figures import kernel as figures
from inits.figures.layers import Bars, weights
from inits.laws import Law
from inits.seeds import derive_seed
from inits.shapes import flattened
from inits.spec import InitializerSpec
from inits.spectrum import marchenko_pastur_edges, marchenko_pastur_pdf
from inits.words import count, counted, number
from pages.shared import tables
from pages.shared.chart import chart
from pages.shared.engine import ask, can_draw, wait_for

NETWORK = Architecture(hidden=(128, 128))
FEWEST = 8  # weights that can be tested
PANEL_WIDTH = 170  # pixels: six on a desktop, two on a phone


@st.cache_data(max_entries=128, show_spinner=False)
def _examined(text: str, shape: tuple[int, ...], seed: int) -> Examination | None:
    return ask(examine, InitializerSpec.parse(text), shape, seed)


@st.cache_data(max_entries=64, show_spinner=False)
def _network(text: str, seed: int) -> list[LayerRow] | None:
    return ask(examine_network, InitializerSpec.parse(text), NETWORK.layer_names, NETWORK.kernel_shapes, seed)


def heading(title: str, how: str) -> None:
    """A chart's title, and one line that says how to read it."""
    st.markdown(f"**{title}**  \n:small[:gray[{how}]]")


def one_kernel(spec: InitializerSpec, shape: tuple[int, ...], seed: int) -> None:
    """Histogram and density, numbers beside theory, Q-Q plot, singular values, the kernel as a picture."""
    law = spec.law(shape)
    drawn = _examined(str(spec), shape, seed) if can_draw() else None
    left, right = st.columns([2, 1], gap="medium")
    with left:
        what = counted(int(np.prod(shape)), "weight")
        heading(what, _how_to_read(law))
        _hero(law, drawn, f"{spec.name} {shape}")
    with right:
        heading("Measured and theory", "Difference in standard errors: 95 in 100 lie within ±2.")
        if drawn is not None and drawn.rows:
            tables.measured_and_theory(drawn.rows if drawn.summary.count >= FEWEST else drawn.rows[:1], law)
        elif drawn is not None:
            tables.measured_alone(drawn.summary)
        elif law is not None:
            tables.theory_alone(law, spec.fans(shape)[0])
        if drawn is not None:
            verdict(law, drawn)
        else:
            wait_for(can_draw)
        if law is not None and law.mean and law.std:
            st.markdown(f":small[:gray[{mean_words(law, spec.fans(shape)[0])}]]")
        st.code(spec.code(seed), language="python", wrap_lines=True)
    if drawn is not None:
        _details(spec, law, shape, drawn)


def _how_to_read(law: Law | None) -> str:
    if law is None:
        return "Bars count the weights. Nothing is random, so there is no law."
    if law.atoms:
        return "Bars: the share drawn. Marks: the exact share."
    return "Bars count what was drawn. The line is the exact density."


def _hero(law: Law | None, drawn: Examination | None, revision: str) -> None:
    if law is not None and law.atoms:
        fig = figures.shares(law.atoms, drawn.shares if drawn else None)
        alt = "Share of the weights at each value, drawn and exact."
    else:
        edges, density = (drawn.edges, drawn.density) if drawn else (None, None)
        fig = figures.histogram(law, edges, density)
        alt = "Histogram of the drawn weights with the exact density over it."
    chart(
        fig.update_layout(meta="drawn" if drawn else "theory"), key="explore.hero", height=style.HERO, alt=alt
    )


def mean_words(law: Law, fan_in: int) -> str:
    """What sigma_w^2 leaves out."""
    part = number(fan_in * law.mean**2, 3)
    return f"The mean is not 0: σ²w leaves out its part, fan_in × mean² = {part}."


def verdict(law: Law | None, drawn: Examination) -> None:
    """Whether the draw follows the law, in words with the numbers."""
    if law is None or drawn.distance is None:
        st.badge("Not random: nothing to test", icon=":material/info:", color="gray")
    elif drawn.summary.count < FEWEST:
        st.badge("Too few weights to test", icon=":material/info:", color="gray")
    elif (step := float32_step(law)) > 0.01 * law.std > 0:
        st.badge("Rounded by float32", icon=":material/warning:", color="orange")
        st.markdown(f":small[:gray[Near {number(law.mean)} float32 has steps of {number(step, 2)}.]]")
    elif law.atoms:
        good = drawn.distance < 1e-6
        icon = ":material/check_circle:" if good else ":material/error:"
        st.badge(
            f"{'Exactly' if good else 'Not'} as the law says", icon=icon, color="green" if good else "red"
        )
    elif drawn.p is None:
        st.badge("Close to the law", icon=":material/check_circle:", color="green")
        words = "The weights depend on each other, so it has no p-value."
        st.markdown(f":small[:gray[Kolmogorov distance {number(drawn.distance, 2)}. {words}]]")
    else:
        words, icon, colour = judged(drawn.p)
        st.badge(words, icon=icon, color=colour)
        st.markdown(f":small[:gray[Kolmogorov distance {number(drawn.distance, 2)}; {chance(drawn.p)}.]]")


def float32_step(law: Law) -> float:
    """Distance of two neighbours in float32 at the law's mean."""
    return float(np.spacing(np.float32(abs(law.mean))))


def judged(p: float) -> tuple[str, str, str]:
    """Words, icon and colour for a p-value."""
    if p >= 0.05:
        return "Drawn as the law says", ":material/check_circle:", "green"
    if p >= 1e-4:
        return "An unlikely draw, but possible", ":material/warning:", "orange"
    return "Not drawn from this law", ":material/error:", "red"


def chance(p: float) -> str:
    """A p-value as a frequency."""
    if p < 1e-9:
        return "fewer than 1 in a billion draws are farther off (p < 10⁻⁹)"
    if p > 0.95:
        words = "nearly every draw is farther off"
    elif p >= 0.15:
        words = f"{round(10 * p)} in 10 draws are farther off"
    else:
        words = f"1 in {count(round(1 / p))} draws is farther off"
    return f"{words} (p = {number(p, 2)})"


def _details(spec: InitializerSpec, law: Law | None, shape: tuple[int, ...], drawn: Examination) -> None:
    columns = st.columns(3, gap="medium")
    with columns[0]:
        heading("Q-Q", "On the line: same law. Ends off the line: other tails.")
        if len(drawn.theory):
            alt = "Quantiles of the drawn weights against those of the law."
            fig = figures.quantiles(drawn.theory, drawn.drawn).update_layout(
                uirevision=f"{spec.name} {shape}"
            )
            chart(fig, key="explore.qq", height=style.SMALL, alt=alt)
        else:
            st.markdown(":gray[Nothing is drawn at random, so there are no quantiles to compare.]")
    with columns[1]:
        _spectrum(spec, law, shape, drawn)
    with columns[2]:
        _pictures(shape, drawn)


def _spectrum(spec: InitializerSpec, law: Law | None, shape: tuple[int, ...], drawn: Examination) -> None:
    independent = law is not None and law.independent
    how = (
        "How much the kernel stretches; line: Marchenko-Pastur."
        if independent
        else "How much the kernel stretches."
    )
    heading("Singular values", how)
    if drawn.singular is None:
        st.markdown(":gray[Too large to decompose while you wait: the shorter side must be at most 1,024.]")
        return
    x = density = None
    if independent and law is not None and law.std > 0:
        matrix = flattened(shape)
        low, high = marchenko_pastur_edges(matrix, law.std)
        x = np.linspace(low, high, 200)
        density = marchenko_pastur_pdf(x, matrix, law.std)
    fig = figures.spectrum(drawn.singular, x, density).update_layout(uirevision=f"{spec} {shape}")
    alt = f"Histogram of {counted(len(drawn.singular), 'singular value')}."
    chart(fig, key="explore.spectrum", height=style.SMALL, alt=alt)


def _pictures(shape: tuple[int, ...], drawn: Examination) -> None:
    if drawn.tiles is not None:
        units = len(drawn.tiles)
        kinds = {"units": f"{counted(units, 'unit')}", "kernel": "Kernel"}
        shown = st.session_state.get("explore.picture") or "units"
        if shown == "units":
            heading(
                f"What {counted(units, 'unit')} look at",
                "Incoming weights as 28 × 28 pixels: orange −, blue +.",
            )
            fig, alt = (
                figures.tiles(drawn.tiles, drawn.scale),
                "Incoming weights of the first units as small images.",
            )
        else:
            heading("The kernel", _block_words(drawn))
            fig, alt = figures.heat_map(drawn.block, drawn.scale), "The first rows and columns of the kernel."
        chart(fig, key="explore.pixels", height=style.SMALL, alt=alt)
        st.segmented_control(
            "Picture", list(kinds), default="units", key="explore.picture", format_func=kinds.__getitem__,
            required=True, label_visibility="collapsed",
        )  # fmt: skip
    else:
        heading("The kernel", _block_words(drawn))
        alt = "The first rows and columns of the kernel."
        chart(figures.heat_map(drawn.block, drawn.scale), key="explore.pixels", height=style.SMALL, alt=alt)


def _block_words(drawn: Examination) -> str:
    rows, columns = drawn.block.shape
    return f"First {counted(rows, 'input')} × {counted(columns, 'unit')}: orange −, blue +."


def network(spec: InitializerSpec, seed: int) -> None:
    """The same initializer down a network: one number decides whether a signal survives."""
    shapes, names = NETWORK.kernel_shapes, NETWORK.layer_names
    laws = [spec.law(shape) for shape in shapes]
    rows = _network(str(spec), seed) if can_draw() else None
    heading(
        "784 – 128 – 128 – 10, layer by layer",
        "$\\sigma_w^2$ = fan_in × variance: what a layer does to a signal's power, for weights of mean 0.",
    )
    drawn = [""] * len(shapes) if rows is None else [number(row.std) for row in rows]
    gains = [""] * len(shapes) if rows is None else [number(row.gain, 3) for row in rows]
    fans = [spec.fans(shape) for shape in shapes]
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
        wait_for(can_draw)
        return
    heading("The weights of each layer", "Each on its own axis, its reach beside its name.")
    bars = [Bars(row.low, row.high, row.counts) for row in rows]
    alt = "Histogram of the weights of each layer."
    chart(weights(None, bars, names), key="explore.network", height=170, alt=alt)
    st.code(network_code(spec, seed), language="python", wrap_lines=True)


def down_the_network(spec: InitializerSpec) -> str:
    """The number that decides, layer by layer."""
    gains = [spec.fans(shape)[0] * law.std**2 for shape in NETWORK.kernel_shapes if (law := spec.law(shape))]
    found = ", ".join(f"**{number(gain, 3)}**" for gain in gains)
    words = "2 keeps the power of a ReLU signal, 1 that of a linear one."
    return f"Down a 784 – 128 – 128 – 10 network its $\\sigma_w^2$ is {found}: {words}"


def network_code(spec: InitializerSpec, seed: int) -> str:
    """The network in Keras, with the seed that each layer has here."""
    units, last = (*NETWORK.hidden, NETWORK.outputs), len(NETWORK.hidden)
    layers = ""
    for layer, size in enumerate(units):
        code = spec.code(derive_seed(seed, "kernel", layer), multiline=False)
        activation = 'activation="relu", ' if layer < last else ""
        layers += f"    keras.layers.Dense({size}, {activation}kernel_initializer={code}),\n"
    return f"model = keras.Sequential([\n    keras.Input(({NETWORK.inputs},)),\n{layers}])"


def everything(shape: tuple[int, ...]) -> None:
    """Every initializer of Keras with its defaults, for this shape, on one scale; one is picked by its name."""
    random_first = sorted(CATALOG, key=lambda name: not CATALOG[name].random)
    specs = {name: InitializerSpec(name) for name in random_first}
    laws = {name: law for name, spec in specs.items() if (law := _law(spec, shape)) is not None}
    heading(
        f"{counted(len(laws), 'initializer')} of Keras with their defaults, for {' × '.join(map(str, shape))}",
        "Exact densities of one weight, all on one scale. Stems are point masses. Press a name to see more of it.",
    )
    reach, top = gallery.common_scale(laws.values())
    with st.container(horizontal=True, gap="small"):
        for name, law in laws.items():
            with st.container(width=PANEL_WIDTH, gap="xxsmall"):
                st.button(
                    name, key=f"explore.pick.{name}", type="tertiary", on_click=_pick, args=(specs[name],)
                )
                gain = specs[name].fans(shape)[0] * law.std**2
                st.markdown(f":small[:gray[std {number(law.std, 3)}, $\\sigma_w^2$ {number(gain, 3)}]]")
                alt = f"Density of one weight of {name}, standard deviation {number(law.std, 3)}."
                fig = gallery.panel(law, reach, top)
                chart(fig, key=f"explore.panel.{name}", height=gallery.HEIGHT, alt=alt)
    others = [name for name in specs if name not in laws]
    if others:
        st.markdown(f":gray[No law for this shape: {', '.join(others)}.]")


def _law(spec: InitializerSpec, shape: tuple[int, ...]) -> Law | None:
    try:
        return spec.law(shape)
    except ShapeError:
        return None


def _pick(spec: InitializerSpec) -> None:
    st.session_state["explore.spec"] = str(spec)
    st.session_state["explore.view"] = "kernel"
