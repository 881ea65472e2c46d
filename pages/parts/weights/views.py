"""What is in a weight file, alone or beside another one: all kernels at a glance, and one array in depth."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from inits.figures import kernel as kernel_figures
from inits.figures import style
from inits.figures import weightfile as figures
from inits.figures.layers import Bars
from inits.initializers.laws import Law
from inits.initializers.spec import InitializerSpec
from inits.measure.array_summary import Survey
from inits.text import count, counted, number, percent
from pages.parts.page.notes import heading, literal, python
from pages.parts.page.session import widget_key
from pages.parts.page.state import linked
from pages.parts.weights.array_table import Shelf, idle, label
from pages.parts.widgets import tables
from pages.parts.widgets.chart import chart

PANELS = 24  # small multiples at a time
TILES, SIDE, BLOCK = 32, 28, 128


def at_a_glance(page: str, shelf: Shelf) -> None:
    """A small histogram of every kernel."""
    rows = [row for row in shelf.rows if shelf.surveys(row)[0].is_kernel and _finite(shelf.surveys(row))]
    if not rows:
        return
    two = len(shelf.files) > 1
    line = "the first file" if two else "the start that Keras gives it by default"
    heading(
        "All kernels",
        f"Filled: {'the second file' if two else 'the file'}. Line: {line}. Each on its own axis.",
        "multiples",
    )
    first = 0
    if len(rows) > PANELS:
        starts = range(0, len(rows), PANELS)
        words = {str(at): f"{at + 1} to {min(at + PANELS, len(rows))} of {len(rows)}" for at in starts}
        first = int(linked(page, "panels", words, lambda key: st.selectbox(
            "Kernels", list(words), format_func=words.__getitem__, key=key, width=220,
        )))  # fmt: skip
    part = rows[first : first + PANELS]
    now = [_bars(shelf.surveys(row)[-1]) for row in part]
    before = [
        _bars(shelf.surveys(row)[0]) if two else _default_bars(shelf.surveys(row)[0], bars)
        for row, bars in zip(part, now, strict=True)
    ]
    names = [shelf.surveys(row)[-1].layer for row in part]
    fig = figures.multiples(before, now, names, len(shelf.files) - 1)
    chart(
        fig,
        key=widget_key(page, "multiples"),
        height=int(fig.layout.height),
        alt="A histogram of the weights of each kernel.",
    )


def _finite(surveys: Sequence[Survey]) -> bool:
    return all(one.summary.count > one.summary.nan + one.summary.inf for one in surveys)


def _bars(one: Survey) -> Bars:
    return Bars(*one.edges, np.array(one.counts, np.int32))


def _default_bars(one: Survey, bars: Bars) -> Bars | None:
    law = _law(one.default, one)
    return figures.bars_of(law, bars.low, bars.high) if law else None


def _law(spec: InitializerSpec | None, one: Survey) -> Law | None:
    """Also for kernels larger than any that is drawn here."""
    return spec.entry.law(dict(spec.arguments), one.shape) if spec is not None else None


def in_depth(page: str, shelf: Shelf) -> None:
    """One array: histogram, numbers, spectrum, what its units look at."""
    rows = {label(shelf.surveys(row)[0]): row for row in shelf.rows if shelf.surveys(row)[0].summary.count}
    chosen = linked(page, "array", rows, lambda key: st.selectbox(
        "Look at", list(rows), key=key, width=320,
    ), first=_most_telling(shelf, rows))  # fmt: skip
    surveys = shelf.surveys(rows[str(chosen)])
    last = surveys[-1]
    left, right = st.columns([2, 1], gap="medium")
    with left:
        heading(
            f"{counted(last.summary.count, 'value')} of {literal(label(last))}",
            _how_to_read(surveys),
            "array",
        )
        if not _finite(surveys):
            st.markdown(":gray[No value is finite.]")
        else:
            _histogram(page, surveys)
    with right:
        heading("Numbers", "Kurtosis: 0 for a normal law, −1.2 for a uniform one.")
        _numbers(shelf, surveys)
        _likeness(last)
    columns = st.columns(2, gap="medium")
    with columns[0]:
        _spectrum(page, surveys)
    with columns[1]:
        _picture(page, shelf, rows[str(chosen)], last)


def _most_telling(shelf: Shelf, rows: Mapping[str, tuple[int, ...]]) -> str:
    """The kernel with the largest share outside the bulk, else the first kernel, else the first array."""

    def rank(name: str) -> tuple[float, bool]:
        one = shelf.surveys(rows[name])[-1]
        return (one.bulk.share if one.bulk else 0.0, one.is_kernel)

    return max(rows, key=rank)


def _how_to_read(surveys: Sequence[Survey]) -> str:
    last = surveys[-1]
    near, default = last.nearest, last.default
    words = "Bars: the file." if len(surveys) == 1 else "Bars: the one file and the other."
    if near and (law := _law(near.spec, last)) and not law.atoms:
        words += f" Line: {literal(str(near.spec))}, the nearest."
    if default and (law := _law(default, last)):
        if law.atoms:
            words += f" Keras begins it with {literal(default.name)}."
        elif not near or near.spec != default:
            words += f" Dotted: {literal(default.name)}, Keras’ default."
    return words


def _histogram(page: str, surveys: Sequence[Survey]) -> None:
    last = surveys[-1]
    specs = [(last.nearest.spec, "solid")] if last.nearest else []
    if last.default and (not last.nearest or last.nearest.spec != last.default):
        specs.append((last.default, "dot"))
    curves = [figures.Curve(law, dash) for spec, dash in specs if (law := _law(spec, last)) is not None]
    shown = [figures.Shown(start, _bars(one)) for start, one in enumerate(surveys)]
    fig = figures.histogram(shown, curves).update_layout(uirevision=label(last), meta="file")
    alt = "Histogram of the values under the densities of the nearest initializer and of Keras' default."
    chart(fig, key=widget_key(page, "histogram"), height=style.HERO, alt=alt)


def _numbers(shelf: Shelf, surveys: Sequence[Survey]) -> None:
    facts = {
        "mean": [number(one.summary.mean) for one in surveys],
        "std": [number(one.summary.std) for one in surveys],
        "σ_w²": ["" if one.sigma_w2 is None else number(one.sigma_w2) for one in surveys],
        "min": [number(one.summary.min) for one in surveys],
        "max": [number(one.summary.max) for one in surveys],
        "kurtosis": [
            "" if one.summary.kurtosis is None else number(one.summary.kurtosis, 3) for one in surveys
        ],
        "dead, constant": [idle(one) or "none" if one.is_kernel else "" for one in surveys],
        "NaN, inf": [count(n) if (n := one.summary.nan + one.summary.inf) else "none" for one in surveys],
    }
    facts = {name: cells for name, cells in facts.items() if any(cells)}
    heads = [""] if len(surveys) == 1 else [f"{place + 1}" for place in range(len(surveys))]
    columns = {" ": list(facts)}
    columns |= {
        head or "value": [cells[place] for cells in facts.values()] for place, head in enumerate(heads)
    }
    tables.table(columns)


def _likeness(one: Survey) -> None:
    """The initializer that it most looks like, with the distance."""
    near = one.nearest
    if near is None:
        st.badge("Too few values to name a law", icon=":material/info:", color="gray")
        return
    good = near.within_chance
    st.badge(
        f"As {near.spec.name} draws" if good else f"Nearest: {near.spec.name}",
        icon=":material/check_circle:" if good else ":material/info:",
        color="green" if good else "gray",
    )
    python(near.spec.code())
    far = f"Kolmogorov distance {number(near.distance, 2)}"
    if near.chance:
        far += f"; chance alone seldom exceeds {number(near.chance, 2)}"
    trained = "" if good else " Training moves weights away from the law that they began with."
    st.markdown(f":small[:gray[{far}.{trained}]]")


def _spectrum(page: str, surveys: Sequence[Survey]) -> None:
    last = surveys[-1]
    bulk = last.bulk
    how = "How much it stretches."
    if bulk:
        how = "Line: Marchenko-Pastur, what a random kernel has. Ticks: outside, what training added."
    if last.decomposed and np.prod(last.decomposed) < last.summary.count:
        how += f" Of {count(last.decomposed[1])} units, taken at random."
    heading("Singular values", how, "spectrum")
    drawn = [one.singular for one in surveys if one.singular is not None]
    if not drawn or last.singular is None:
        why = "some values are not finite" if last.is_kernel else "it is no kernel"
        st.markdown(f":gray[There are none: {why}.]")
        return
    starts = [place for place, one in enumerate(surveys) if one.singular is not None]
    fig = figures.spectrum(drawn, bulk, last.decomposed, starts).update_layout(uirevision=label(last))
    alt = f"Histogram of {counted(len(drawn[-1]), 'singular value')} with the Marchenko-Pastur law."
    chart(fig, key=widget_key(page, "spectrum"), height=style.SMALL, alt=alt)
    if bulk:
        outside = f"**{count(bulk.outside)} of {count(bulk.count)}** singular values ({percent(bulk.share)})"
        st.markdown(f"{outside} lie outside the bulk of std {number(bulk.std, 3)}.")


def _picture(page: str, shelf: Shelf, row: Sequence[int], last: Survey) -> None:
    """Incoming weights as images, where there are 784 of them; else a corner of the kernel."""
    if not last.is_kernel:
        return
    values = shelf.files[-1].values(row[-1]).reshape(-1, last.shape[-1])
    pixels = len(values) == SIDE * SIDE
    part = np.nan_to_num(np.array(values[:, :TILES] if pixels else values[:BLOCK, :BLOCK]))
    scale = float(np.abs(part).max(initial=0.0)) or 1.0
    shown = np.rint(part * (127 / scale)).astype(np.int8)
    if pixels:
        title, how = f"What {counted(part.shape[1], 'unit')} look at", "Incoming weights as 28 × 28 pixels"
        fig = kernel_figures.tiles(shown.T.reshape(-1, SIDE, SIDE), scale)
    else:
        title, how = "The kernel", f"First {counted(len(part), 'input')} × {counted(part.shape[1], 'unit')}"
        fig = kernel_figures.heat_map(shown, scale)
    heading(title, f"{how}: orange −, blue +.", "pixels")
    chart(fig, key=widget_key(page, "pixels"), height=style.SMALL, alt=f"{how}.")
