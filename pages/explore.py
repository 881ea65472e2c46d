"""One initializer in depth: what it draws beside what theory promises."""

import streamlit as st

from inits.catalog import CATALOG
from inits.errors import InitsError
from inits.spec import InitializerSpec
from pages.shared import state
from pages.shared.kernel_views import everything, network, one_kernel
from pages.shared.picker import initializer_picker, refusal
from pages.shared.setup import setup
from pages.shared.shape import format_shape, parse_shape, shape_popover

PAGE = "explore"
VIEWS = {"kernel": "One kernel", "network": "A whole network", "all": "All initializers"}
DEFAULTS = {"init": "HeNormal()", "shape": "784x128", "seed": "0", "view": "kernel"}


def main() -> None:
    setup("Explore")
    kept = state.load(PAGE, DEFAULTS)
    spec, shape, seed, view = understood(kept)

    title, answer = st.empty(), st.empty()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        spec = initializer_picker(PAGE, spec)
        shape, seed = shape_popover(PAGE, spec, shape, seed)
    refusal(PAGE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        view = st.segmented_control(
            "View",
            list(VIEWS),
            key=state.seed(f"{PAGE}.view", view),
            format_func=VIEWS.__getitem__,
            label_visibility="collapsed",
            required=True,
        )
        if st.button("Draw again", icon=":material/casino:", key=f"{PAGE}.again", disabled=not spec.random):
            st.session_state[f"{PAGE}.reseed"] = seed + 1
            st.rerun()
        train = st.button("Train it", icon=":material/add:", type="primary", key=f"{PAGE}.train")
    values = {"init": str(spec), "shape": format_shape(shape), "seed": str(seed), "view": str(view)}
    state.save(PAGE, values, DEFAULTS)
    title.title(f"What does {spec.name} draw?")
    if train:
        st.switch_page("pages/train.py", query_params={"init": str(spec)})

    try:
        answer.markdown(sentence(spec, shape))
        if view == "kernel":
            one_kernel(spec, shape, seed)
        elif view == "network":
            network(spec, seed)
        else:
            everything(shape)
    except InitsError as error:
        st.error(str(error), icon=":material/error:")


def understood(kept: dict[str, str]) -> tuple[InitializerSpec, tuple[int, ...], int, str]:
    """The state as values; what cannot be understood is at its default, and said."""
    parsers = {
        "init": InitializerSpec.parse,
        "shape": parse_shape,
        "seed": int,
        "view": lambda text: text if text in VIEWS else DEFAULTS["view"],
    }
    values = {}
    for name, parse in parsers.items():
        try:
            values[name] = parse(kept[name])
        except (InitsError, ValueError) as error:
            st.warning(f"The link's {name} was not understood. {error}", icon=":material/link_off:")
            values[name] = parse(DEFAULTS[name])
    return values["init"], values["shape"], values["seed"], values["view"]


def sentence(spec: InitializerSpec, shape: tuple[int, ...]) -> str:
    """What it draws for this shape, with the numbers, and the named initializer that draws the same."""
    law = spec.law(shape)
    twins = [
        name
        for name in CATALOG
        if name.startswith(("Glorot", "He", "Lecun"))
        and name != spec.name
        and law == InitializerSpec(name).law(shape)
    ]
    same = f", the same as {twins[0]}" if twins and law is not None else ""
    return spec.formula(shape).removesuffix(".") + same + "."


main()
