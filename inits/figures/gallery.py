"""Every initializer's density for one shape, as small multiples on one scale."""

from collections.abc import Mapping

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from inits.figures import style
from inits.figures.kernel import density_line
from inits.laws import Law

ROW = 138  # pixels of one row of panels


def gallery(laws: Mapping[str, Law | None], notes: Mapping[str, str], columns: int = 4) -> go.Figure:
    """One panel a name, all on the same weight axis and the same density axis.

    Args:
        laws: the law of one weight by name; None where there is none for this shape.
        notes: a few words under each name, such as its standard deviation.
        columns: panels in a row.
    """
    dense = [law for law in laws.values() if law is not None and not law.atoms]
    reach = 3.2 * max((law.std for law in dense), default=1.0)
    top = 1.15 * max((float(density_line(law, -reach, reach)[1].max()) for law in dense), default=1.0)
    rows = -(-len(laws) // columns)
    titles = [f"<b>{name}</b><br>{notes.get(name, '')}" for name in laws]
    fig = make_subplots(rows, columns, subplot_titles=titles, horizontal_spacing=0.03)
    for i, law in enumerate(laws.values()):
        where = {"row": i // columns + 1, "col": i % columns + 1}
        if law is not None:
            _panel(fig, law, reach, top, where)
    axis = style.layout()["xaxis"]
    tick = float(f"{0.6 * reach:.1g}")
    ticks = {"tickvals": [-tick, 0, tick], "ticktext": [f"−{tick:g}", "0", f"{tick:g}"]}
    fig.update_xaxes({**axis, **ticks, "range": [-reach, reach], "fixedrange": True})
    fig.update_yaxes(visible=False, range=[0, top], fixedrange=True)
    fig.update_annotations(font_size=12)
    margin = {"l": 4, "r": 4, "t": 40, "b": 4}
    return fig.update_layout(
        height=ROW * rows + 40, margin=margin, showlegend=False, template="none", font_size=13
    )


def _stem(
    fig: go.Figure, value: float, share: float, reach: float, top: float, where: dict[str, int]
) -> None:
    """A point mass, as high as the panel when it holds everything; an arrow when it lies outside."""
    if abs(value) > reach:
        side = 1 if value > 0 else -1
        words = f"{share:.3g} at {value:g} →" if side > 0 else f"← {share:.3g} at {value:g}"
        anchor = "right" if side > 0 else "left"
        fig.add_annotation(x=side * reach, y=0.5 * top, text=words, showarrow=False, xanchor=anchor, **where)
        return
    fig.add_scatter(
        x=[value, value],
        y=[0, top * share],
        mode="lines",
        line={"color": style.INK, "width": 4},
        hovertemplate=f"{100 * share:.3g}% at {value:g}<extra></extra>",
        **where,
    )


def _panel(fig: go.Figure, law: Law, reach: float, top: float, where: dict[str, int]) -> None:
    if law.atoms:
        for value, share in law.atoms:
            _stem(fig, value, share, reach, top, where)
        return
    x, y = density_line(law, -reach, reach)
    fig.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={**style.THEORY_LINE, "width": 1.5},
        fill="tozeroy",
        fillcolor=style.faint(style.INK, 0.08),
        hovertemplate="density %{y:.2f} at %{x:.4f}<extra></extra>",
        **where,
    )
