"""The pictures of one or two weight files: all kernels at a glance, and one array in depth."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from inits.figures import kernel as kernel_figures
from inits.figures import style
from inits.figures import weightfile as figures
from inits.figures.weights import Bars
from inits.initializers.laws import Law
from inits.initializers.spec import InitializerSpec
from inits.measure.array_summary import ArraySummary
from inits.text import count, counted, number, percent
from pages.parts.page.notes import heading, literal, python
from pages.parts.page.session import widget_key
from pages.parts.page.slides import live_controls, picture, slide
from pages.parts.page.state import linked
from pages.parts.weights.array_table import idle
from pages.parts.weights.open_files import OpenFiles, label
from pages.parts.widgets import tables
from pages.parts.widgets.chart import chart

PANELS = 24  # small multiples at a time
TILES = 32  # units whose incoming weights are shown as images
SIDE = 28  # pixels
BLOCK = 128  # rows and columns of a kernel


def at_a_glance(page: str, opened: OpenFiles) -> None:
    """Draw a small histogram of every kernel."""
    rows = [
        row for row in opened.rows if opened.summaries(row)[0].is_kernel and _finite(opened.summaries(row))
    ]
    if not rows:
        return
    two = opened.two
    line = "the first file" if two else "Keras' default initializer"
    how = f"Filled: {'the second file' if two else 'the file'}. Line: {line}. Each panel has its own axis."
    if any(opened.renamed(row) for row in rows):
        how += " Names are those of the first file."
    box, first = picture("multiples", "All kernels", how, "multiples"), 0
    if len(rows) > PANELS:
        starts = range(0, len(rows), PANELS)
        words = {str(at): f"{at + 1} to {min(at + PANELS, len(rows))} of {len(rows)}" for at in starts}
        with box:
            first = int(linked(page, "panels", words, lambda key: st.selectbox(
                "Kernels", list(words), format_func=words.__getitem__, key=key, width=220,
            )))  # fmt: skip
    part = rows[first : first + PANELS]
    now = [_bars(opened.summaries(row)[-1]) for row in part]
    before = [
        _bars(opened.summaries(row)[0]) if two else _default_bars(opened.summaries(row)[0], bars)
        for row, bars in zip(part, now, strict=True)
    ]
    names = [opened.summaries(row)[0].layer for row in part]
    fig = figures.multiples(before, now, names, two=two)
    alt = "A histogram of the weights of each kernel."
    with box:
        chart(fig, key=widget_key(page, "multiples"), height=int(fig.layout.height), alt=alt)


def _finite(summaries: Sequence[ArraySummary]) -> bool:
    return all(one.summary.count > one.summary.nan + one.summary.inf for one in summaries)


def _bars(one: ArraySummary) -> Bars:
    return Bars(*one.edges, np.array(one.counts, np.int32))


def _default_bars(one: ArraySummary, bars: Bars) -> Bars | None:
    law = _law(one.default, one)
    return figures.bars_of(law, bars.low, bars.high) if law else None


def _law(spec: InitializerSpec | None, one: ArraySummary) -> Law | None:
    """Return the law of an initializer for an array of any size, also beyond the largest that the app draws."""
    return spec.entry.law(dict(spec.arguments), one.shape) if spec is not None else None


def in_depth(page: str, opened: OpenFiles) -> None:
    """Show one array: histogram, numbers, spectrum and values."""
    rows = {
        label(opened.summaries(row)[0]): row for row in opened.rows if opened.summaries(row)[0].summary.count
    }
    with live_controls(page, "array", slides=("array", "numbers", "spectrum", "pixels")):
        chosen = linked(page, "array", rows, lambda key: st.selectbox(
            "Array", list(rows), key=key, width=320, format_func=lambda name: opened.label(rows[name]),
        ), first=_most_interesting(opened, rows))  # fmt: skip
    summaries = opened.summaries(rows[str(chosen)])
    last = summaries[-1]
    left, right = st.columns([2, 1], gap="medium")
    with left:
        title = f"{counted(last.summary.count, 'value')} of {literal(opened.label(rows[str(chosen)]))}"
        say = f"Mean {number(last.summary.mean)}, std **{number(last.summary.std)}**."
        with picture("array", title, _how_to_read(summaries), "array", say=say):
            if not _finite(summaries):
                st.markdown(":gray[No value is finite.]")
            else:
                _histogram(page, summaries)
    terms = "std, σ_w², kurtosis, dead, Kolmogorov distance"
    with right, picture("numbers", "Numbers", "Of all finite values.", terms=terms):
        _numbers(opened, summaries)
        _nearest_initializer(last)
    columns = st.columns(2, gap="medium")
    with columns[0], slide("spectrum"):
        _spectrum(page, summaries)
    with columns[1], slide("pixels"):
        _picture(page, opened, rows[str(chosen)], last)


def _most_interesting(opened: OpenFiles, rows: Mapping[str, tuple[int, ...]]) -> str:
    """Return the kernel with the largest share outside the bulk, else the first kernel, else the first array."""

    def rank(name: str) -> tuple[float, bool]:
        one = opened.summaries(rows[name])[-1]
        return (one.bulk.share if one.bulk else 0.0, one.is_kernel)

    return max(rows, key=rank)


def _how_to_read(summaries: Sequence[ArraySummary]) -> str:
    last = summaries[-1]
    near, default = last.nearest, last.default
    words = "Bars: the file." if len(summaries) == 1 else "Bars: the first file and the second."
    if near and (law := _law(near.spec, last)) and not law.atoms:
        words += f" Line: {literal(str(near.spec))}, the nearest initializer."
    if default and (law := _law(default, last)):
        if law.atoms:
            words += f" Keras initializes it with {literal(default.name)}."
        elif not near or near.spec != default:
            words += f" Dotted: {literal(default.name)}, Keras' default."
    return words


def _histogram(page: str, summaries: Sequence[ArraySummary]) -> None:
    last = summaries[-1]
    specs = [(last.nearest.spec, "solid")] if last.nearest else []
    if last.default and (not last.nearest or last.nearest.spec != last.default):
        specs.append((last.default, "dot"))
    curves = [figures.Curve(law, dash) for spec, dash in specs if (law := _law(spec, last)) is not None]
    shown = [figures.ArrayBars(start, _bars(one)) for start, one in enumerate(summaries)]
    fig = figures.histogram(shown, curves).update_layout(uirevision=label(last), meta="file")
    alt = "Histogram of the values under the densities of the nearest initializer and of Keras' default."
    chart(fig, key=widget_key(page, "histogram"), height=style.HERO, alt=alt)


def _numbers(opened: OpenFiles, summaries: Sequence[ArraySummary]) -> None:
    facts = {
        "mean": [number(one.summary.mean) for one in summaries],
        "std": [number(one.summary.std) for one in summaries],
        "σ_w²": ["" if one.sigma_w2 is None else number(one.sigma_w2) for one in summaries],
        "min": [number(one.summary.min) for one in summaries],
        "max": [number(one.summary.max) for one in summaries],
        "kurtosis": [
            "" if one.summary.kurtosis is None else number(one.summary.kurtosis, 3) for one in summaries
        ],
        "dead, constant": [idle(one) or "none" if one.is_kernel else "" for one in summaries],
        "NaN, inf": [count(n) if (n := one.summary.nan + one.summary.inf) else "none" for one in summaries],
    }
    facts = {name: cells for name, cells in facts.items() if any(cells)}
    heads = [""] if len(summaries) == 1 else [f"{place + 1}" for place in range(len(summaries))]
    columns = {" ": list(facts)}
    columns |= {
        head or "value": [cells[place] for cells in facts.values()] for place, head in enumerate(heads)
    }
    tables.table(columns)


def _nearest_initializer(one: ArraySummary) -> None:
    """Show the nearest initializer, and how near it is."""
    near = one.nearest
    if near is None:
        st.badge("Too few values to compare", icon=":material/info:", color="gray")
        return
    good = near.within_chance
    st.badge(
        f"Consistent with {near.spec.name}" if good else f"Nearest: {near.spec.name}",
        icon=":material/check_circle:" if good else ":material/info:",
        color="green" if good else "gray",
    )
    python(near.spec.code())
    far = f"Kolmogorov distance {number(near.distance, 2)}"
    if near.chance:
        far += f"; a sample of it rarely exceeds {number(near.chance, 2)}"
    trained = "" if good else " Training moves weights away from the distribution that they start with."
    st.markdown(f":small[:gray[{far}.{trained}]]")


def _spectrum(page: str, summaries: Sequence[ArraySummary]) -> None:
    last = summaries[-1]
    bulk = last.bulk
    how = "How much the kernel stretches its inputs."
    if bulk:
        how = "Line: Marchenko-Pastur distribution of a random kernel. Ticks: values outside it, which training added."
    if last.decomposed and np.prod(last.decomposed) < last.summary.count:
        how += f" From {count(last.decomposed[1])} units, chosen at random."
    heading("Singular values", how, "spectrum")
    drawn = [one.singular for one in summaries if one.singular is not None]
    if not drawn or last.singular is None:
        why = "some values are not finite" if last.is_kernel else "this array is not a kernel"
        st.markdown(f":gray[None: {why}.]")
        return
    starts = [place for place, one in enumerate(summaries) if one.singular is not None]
    fig = figures.spectrum(drawn, bulk, last.decomposed, starts).update_layout(uirevision=label(last))
    alt = f"Histogram of {counted(len(drawn[-1]), 'singular value')} with the Marchenko-Pastur distribution."
    chart(fig, key=widget_key(page, "spectrum"), height=style.SMALL, alt=alt)
    if bulk:
        outside = f"**{count(bulk.outside)} of {count(bulk.count)}** singular values ({percent(bulk.share)})"
        st.markdown(f"{outside} lie outside the bulk of a random kernel with std {number(bulk.std, 3)}.")


def _picture(page: str, opened: OpenFiles, row: Sequence[int], last: ArraySummary) -> None:
    """Show incoming weights as images if each unit has 784, else a corner of the kernel."""
    if not last.is_kernel:
        return
    values = opened.files[-1].values(row[-1]).reshape(-1, last.shape[-1])
    pixels = len(values) == SIDE * SIDE
    part = np.nan_to_num(np.array(values[:, :TILES] if pixels else values[:BLOCK, :BLOCK]))
    scale = float(np.abs(part).max(initial=0.0)) or 1.0
    shown = np.rint(part * (127 / scale)).astype(np.int8)
    if pixels:
        title, how = f"Weights of {counted(part.shape[1], 'unit')}", "Incoming weights as 28 × 28 pixels"
        fig = kernel_figures.tiles(shown.T.reshape(-1, SIDE, SIDE), scale)
    else:
        title, how = "The kernel", f"First {counted(len(part), 'input')} × {counted(part.shape[1], 'unit')}"
        fig = kernel_figures.heat_map(shown, scale)
    heading(title, f"{how}: orange −, blue +.", "pixels")
    chart(fig, key=widget_key(page, "pixels"), height=style.SMALL, alt=f"{how}.")
