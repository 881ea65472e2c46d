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
from inits.text import exact
from pages.parts.page import session
from pages.parts.page.address import number
from pages.parts.page.refusals import accept, refuse
from pages.parts.page.session import ALL_PAGES, seeded, set_widget, widget_key, widget_value
from pages.parts.widgets.box import box_width, set_box, text_box

Adjustable = InitializerSpec | FileSpec | OptimizerSpec
"""A spec with parameters that controls can change; other kernels have none."""

NAME_WIDTH, CHOICE_WIDTH, SLIDER_WIDTH, NUMBER_WIDTH, GAP = 210, 170, 130, 90, 16  # pixels
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
    text = spec.name if isinstance(spec, InitializerSpec) else _shown(str(spec))
    offered = (*session.PASTED_CODE.get(ALL_PAGES, {}).values(), *more, *CATALOG)
    text_box(
        "Initializer",
        widget_key(prefix, "name"),
        text,
        lambda text: _set(prefix, prefix, lambda: _typed(prefix, text, offered)),
        options=dict.fromkeys(offered),
        width=NAME_WIDTH,
        help="Choose one, or type it as in Keras: `he_normal` or `random_normal(stddev=0.1)`.",
        show=_shown,
    )
    if isinstance(spec, Adjustable):
        parameter_controls(prefix, spec, [p for p in spec.entry.parameters if p.kind != "axes"])
    return spec


def _shown(option: str) -> str:
    if option.startswith(MARK):
        return f"{PastedSpec.parse(option).name} (your code)"
    if option.startswith(file_start.MARK):
        return f"{parse_kernel(option).label} (file)"
    return option if option in CATALOG else parse_kernel(option).label


def _typed(prefix: str, text: str, offered: Sequence[str]) -> Kernel:
    """Return the initializer that was chosen or typed; a seed in the text becomes that of the page."""
    text = text.strip().removeprefix("kernel_initializer=")
    text = next((option for option in offered if text in (option, _shown(option))), text)
    if text in CATALOG:
        return InitializerSpec(text)
    kernel = parse_kernel(text)
    if isinstance(kernel, FileSpec | LsuvSpec) and str(kernel) not in offered:
        raise SpecError(f"{kernel.label} needs a network and data. Add it to a start on the Train page.")
    seed = read_call(text).named.get("seed") if isinstance(kernel, InitializerSpec) else None
    if isinstance(seed, int) and 0 <= seed <= MAX_SEED:
        set_box(widget_key(prefix, "seed"), seed)
    return kernel


def parameter_controls(
    prefix: str, spec: Adjustable, parameters: Sequence[Parameter], scope: str | None = None
) -> None:
    """Draw the controls of each parameter: a slider with the exact number, a choice, or a switch.

    With a `scope`, whose `refusal` shows messages, each parameter has a row of the full width.
    """
    for parameter in parameters:
        value = spec.get(parameter.name)
        key = widget_key(prefix, parameter.name)
        change = partial(_take, prefix, spec, parameter.name, key, scope or prefix)
        if parameter.kind in ("float", "int"):
            _number(prefix, spec, parameter, key, scope)
        elif parameter.kind == "choice":
            set_widget(key, value)
            st.selectbox(
                parameter.name,
                parameter.choices,
                key=key,
                format_func=lambda choice: "None" if choice is None else str(choice),
                help=parameter.help,
                width="stretch" if scope else CHOICE_WIDTH,
                on_change=change,
            )
        elif parameter.kind == "bool":
            set_widget(key, value)
            st.toggle(parameter.name, key=key, help=parameter.help, on_change=change)


def _number(prefix: str, spec: Adjustable, parameter: Parameter, key: str, scope: str | None) -> None:
    """Draw a box with the exact number, and a slider before it if there is one."""
    name, value = parameter.name, spec.get(parameter.name)
    slides = parameter.slider is not None and isinstance(value, int | float)
    text = exact(value) if isinstance(value, int | float) else ""

    def take(text: str) -> None:
        """Change the argument; an empty box means its default."""
        read = number(
            name, "a whole number" if parameter.kind == "int" else "a number", whole=parameter.kind == "int"
        )
        _set(
            prefix,
            scope or prefix,
            lambda: spec.replace(**{name: read(text) if text.strip() else parameter.default}),
        )

    width = box_width(text, NUMBER_WIDTH)
    row = SLIDER_WIDTH + GAP + width if slides else width
    with st.container(
        horizontal=True,
        vertical_alignment="bottom",
        gap="small",
        wrap=False,
        width="stretch" if scope else row,
    ):
        if slides:
            assert isinstance(value, int | float)
            set_widget(key, value)
            st.select_slider(
                name,
                _grid(parameter, value),
                key=key,
                format_func=lambda x: exact(x).replace("-", "−"),
                help=parameter.help,
                on_change=partial(_take, prefix, spec, name, key, scope or prefix),
            )
        text_box(
            f"{name}, exact" if slides else name,
            widget_key(key, "exact"),
            text,
            take,
            width=None if scope and not slides else NUMBER_WIDTH,
            label_visibility="collapsed" if slides else "visible",
            placeholder="None" if parameter.default is None else exact(float(str(parameter.default))),
            help=None if slides else parameter.help,
        )


def axes_inputs(prefix: str, spec: Kernel) -> None:
    """Draw text inputs for the axes that count as inputs and outputs, if the initializer has them."""
    if not isinstance(spec, InitializerSpec):
        return
    names = [p.name for p in spec.entry.parameters if p.kind == "axes"]
    keys = [widget_key(prefix, name) for name in names]
    values = [spec.get(name) for name in names]
    now = [", ".join(map(str, value)) if isinstance(value, tuple) else "" for value in values]
    for key, text in zip(keys, now, strict=True):
        seeded(key, text)

    def take() -> None:
        texts = [widget_value(key) for key in keys]
        if all(texts) or not any(texts):
            given = {name: _axes(text) for name, text in zip(names, texts, strict=True)}
            if not _set(prefix, prefix, lambda: spec.replace(**given)):
                for key, text in zip(keys, now, strict=True):
                    set_widget(key, text)

    for column, name, key in zip(st.columns(2) if names else (), names, keys, strict=True):
        column.text_input(name, key=key, on_change=take, placeholder="Keras' rule", help=AXES_HELP)


def _axes(text: str) -> list[int | str] | None:
    """Return "0, 1" as [0, 1]; words that are not numbers stay, and the spec refuses them."""
    words = text.replace(",", " ").split()
    return [int(word) if word.lstrip("-").isdecimal() else word for word in words] or None


def _grid(parameter: Parameter, value: float) -> list[float]:
    """Return the values of a slider: its ends, the present value, and round numbers evenly spaced on its scale."""
    assert parameter.slider
    low, high = parameter.slider
    if parameter.log:
        decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        grid = [float(f"{digits}e{decade}") for decade in decades for digits in DIGITS]
    else:
        step = next(step for step in STEPS if (high - low) / step <= MAX_STEPS)
        grid = [round(i * step, 10) for i in range(round(low / step), round(high / step) + 1)]
    return sorted({*(x for x in grid if low < x < high), low, high, value})


def _take(prefix: str, spec: Adjustable, name: str, key: str, scope: str) -> None:
    """Change one argument to the value of a control."""
    _set(prefix, scope, lambda: spec.replace(**{name: widget_value(key)}))


def _set(prefix: str, scope: str, make: Callable[[], Kernel | OptimizerSpec]) -> bool:
    """Change the spec; return False after a refusal."""
    try:
        session.SPEC[prefix] = str(make())
    except InitsError as error:
        refuse(scope, str(error))
        return False
    accept(scope)
    return True
