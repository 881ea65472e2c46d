"""The initializer picker: a name or a Keras call, and controls for each parameter."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import streamlit as st

from inits.errors import InitsError, SpecError
from inits.experiments import file_start
from inits.experiments.file_start import FileSpec
from inits.experiments.pasted import MARK, PastedSpec
from inits.experiments.weight_source import Kernel, LsuvSpec, parse_kernel
from inits.initializers.catalog import CATALOG
from inits.initializers.keras_call import read_call
from inits.initializers.parameters import Parameter
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.seeds import MAX_SEED
from pages.parts.page import session
from pages.parts.page.refusals import accept, refuse
from pages.parts.page.session import ALL_PAGES, seeded, set_widget, widget_key, widget_value

Adjustable = InitializerSpec | FileSpec | OptimizerSpec
"""A spec with parameters that controls can change; other kernels have none."""

NAME_WIDTH, CHOICE_WIDTH, SLIDER_WIDTH, NUMBER_WIDTH = 190, 170, 130, 90
MAX_STEPS = 100  # of a slider
DIGITS = (1, 1.1, 1.25, 1.4, 1.6, 1.8, 2, 2.25, 2.5, 2.8, 3, 3.5, 4, 4.5, 5, 5.6, 6.3, 7, 8, 9)
AXES_HELP = "Axes of the kernel, such as 0, 1. They take effect when both are set."
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


def offer_code(spec: PastedSpec) -> None:
    """Offer pasted code in all pickers of this session; it replaces an older one of its name."""
    session.PASTED_CODE.setdefault(ALL_PAGES, {})[spec.name] = str(spec)


def offer_file(spec: FileSpec) -> None:
    """Offer a weight file in all dialogs that change a start."""
    session.WEIGHT_FILES.setdefault(ALL_PAGES, {})[spec.digest] = str(spec)


def initializer_picker(prefix: str, spec: Kernel, more: Sequence[str] = ()) -> Kernel:
    """Draw the controls for an initializer in the present row; return the initializer.

    The state is one text, `session.SPEC[prefix]`; every control shows and changes it. A text or value that is refused
    leaves it as it was, and `refusal` shows why.

    Args:
        prefix: the scope of the keys: a page or a dialog.
        spec: the initializer to begin with.
        more: texts of starts to offer beside those of Keras and the pasted code of this session.
    """
    spec = parse_kernel(session.SPEC.setdefault(prefix, str(spec)))
    name = widget_key(prefix, "name")
    other = [] if isinstance(spec, InitializerSpec) else [str(spec)]
    set_widget(name, other[0] if other else spec.name)
    shelf = session.PASTED_CODE.get(ALL_PAGES, {}).values()
    st.selectbox(
        "Initializer",
        list(dict.fromkeys((*shelf, *other, *more, *CATALOG))),
        key=name,
        accept_new_options=True,
        width=NAME_WIDTH,
        help="Choose one, or type it as in Keras: `he_normal` or `random_normal(stddev=0.1)`.",
        format_func=_shown,
        on_change=lambda: _set(prefix, lambda: _typed(prefix, widget_value(name), more)),
    )
    if isinstance(spec, Adjustable):
        parameter_controls(prefix, spec, [p for p in spec.entry.parameters if p.kind != "axes"])
    return spec


def _shown(option: str) -> str:
    if option.startswith(MARK):
        return f"{PastedSpec.parse(option).name} (your code)"
    if option.startswith(file_start.MARK):
        return f"{parse_kernel(option).label} (file)"
    if option not in CATALOG:
        return parse_kernel(option).label
    return f"\u200b{option}"  # otherwise the browser removes it from a typed text that begins alike


def _typed(prefix: str, text: str, more: Sequence[str]) -> Kernel:
    """Return the initializer that was chosen or typed; a seed in the text becomes that of the page."""
    text = text.strip().removeprefix("kernel_initializer=").replace("\u200b", "")
    if text in CATALOG:
        return InitializerSpec(text)
    kernel = parse_kernel(text)
    if isinstance(kernel, FileSpec | LsuvSpec) and str(kernel) not in more:
        raise SpecError(f"{kernel.label} needs a network and data. Add it to a start on the Train page.")
    seed = read_call(text).named.get("seed") if isinstance(kernel, InitializerSpec) else None
    if isinstance(seed, int) and 0 <= seed <= MAX_SEED:
        set_widget(widget_key(prefix, "seed"), seed)
    return kernel


def parameter_controls(prefix: str, spec: Adjustable, parameters: Sequence[Parameter]) -> None:
    """Draw the controls of each parameter: a slider with the exact number, a choice, or a switch."""
    for parameter in parameters:
        value = spec.get(parameter.name)
        key = widget_key(prefix, parameter.name)
        if parameter.kind in ("float", "int"):
            _number(prefix, spec, parameter, key)
        elif parameter.kind == "choice":
            set_widget(key, value)
            st.selectbox(
                parameter.name,
                parameter.choices,
                key=key,
                format_func=lambda choice: "None" if choice is None else str(choice),
                help=parameter.help,
                width=CHOICE_WIDTH,
                on_change=partial(_take, prefix, spec, parameter.name, key),
            )
        elif parameter.kind == "bool":
            set_widget(key, value)
            change = partial(_take, prefix, spec, parameter.name, key)
            st.toggle(parameter.name, key=key, help=parameter.help, on_change=change)


def _number(prefix: str, spec: Adjustable, parameter: Parameter, key: str) -> None:
    value = spec.get(parameter.name)
    exact = widget_key(key, "exact")
    if parameter.slider and isinstance(value, int | float):
        grid = _grid(parameter)
        inside = min(max(value, grid[0]), grid[-1])
        set_widget(key, min(grid, key=lambda x: abs(x - inside)))
        st.select_slider(
            parameter.name,
            grid,
            key=key,
            format_func=lambda x: f"{x:.3g}".replace("-", "−"),
            help=parameter.help,
            width=SLIDER_WIDTH,
            on_change=partial(_take, prefix, spec, parameter.name, key),
        )
    set_widget(exact, value)
    slides = parameter.slider is not None and value is not None
    st.number_input(
        f"{parameter.name}, exact" if slides else parameter.name,
        value=None,
        key=exact,
        format="%g",
        step=None,
        label_visibility="hidden" if slides else "visible",
        width=NUMBER_WIDTH,
        on_change=partial(_take, prefix, spec, parameter.name, exact),
    )


def axes_inputs(prefix: str, spec: Kernel) -> None:
    """Draw text inputs for the axes that count as inputs and outputs, if the initializer has them."""
    if not isinstance(spec, InitializerSpec):
        return
    names = [p.name for p in spec.entry.parameters if p.kind == "axes"]
    keys = [widget_key(prefix, name) for name in names]
    for name, key in zip(names, keys, strict=True):
        value = spec.get(name)
        seeded(key, ", ".join(map(str, value)) if isinstance(value, tuple) else "")

    def take() -> None:
        texts = [widget_value(key) for key in keys]
        if all(texts) or not any(texts):
            given = {name: _axes(text) for name, text in zip(names, texts, strict=True)}
            _set(prefix, lambda: spec.replace(**given))

    for column, name, key in zip(st.columns(2) if names else (), names, keys, strict=True):
        column.text_input(name, key=key, on_change=take, placeholder="Keras' rule", help=AXES_HELP)


def _axes(text: str) -> list[int | str] | None:
    """Return "0, 1" as [0, 1]; words that are not numbers stay, and the spec refuses them."""
    words = text.replace(",", " ").split()
    return [int(word) if word.lstrip("-").isdecimal() else word for word in words] or None


def _grid(parameter: Parameter) -> list[float]:
    """Return the values of a slider: round numbers, evenly spaced on a linear or logarithmic scale."""
    assert parameter.slider
    low, high = parameter.slider
    if parameter.log:
        decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        grid = [float(f"{digits}e{decade}") for decade in decades for digits in DIGITS]
        return [x for x in grid if low <= x <= high]
    step = next(step for step in STEPS if (high - low) / step <= MAX_STEPS)
    first, last = round(low / step), round(high / step)
    return [round(i * step, 10) for i in range(first, last + 1)]


def _take(prefix: str, spec: Adjustable, name: str, key: str) -> None:
    """Change one argument; an empty box means its default."""
    value = widget_value(key)
    default = next(p.default for p in spec.entry.parameters if p.name == name)
    _set(prefix, lambda: spec.replace(**{name: default if value is None else value}))


def _set(prefix: str, make: Callable[[], Kernel | OptimizerSpec]) -> None:
    try:
        session.SPEC[prefix] = str(make())
        accept(prefix)
    except InitsError as error:
        refuse(prefix, str(error))
