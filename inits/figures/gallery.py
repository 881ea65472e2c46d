"""Draw small densities of many initializers on one scale."""

from collections.abc import Iterable

import plotly.graph_objects as go

from inits.figures import style
from inits.figures.kernel import density_line
from inits.initializers.laws import Law

HEIGHT = 112


def common_scale(laws: Iterable[Law]) -> tuple[float, float]:
    """Return (reach, top): weights from -reach to reach and densities from 0 to top include every law without atoms.

    An unbounded density does not count for the top.
    """
    dense = [law for law in laws if not law.atoms]
    reach = 3.2 * max((law.std for law in dense), default=1.0)
    tops = [float(density_line(law, -reach, reach)[1].max()) for law in dense]
    return reach, 1.1 * min(max(tops, default=1.0), 4 / min((law.std for law in dense), default=1.0))


def panel(law: Law, reach: float, top: float) -> go.Figure:
    """Draw one density; point masses are stems, at full height if they hold all weights."""
    fig = style.figure()
    tick = float(f"{0.6 * reach:.1g}")
    fig.update_xaxes(
        tickvals=[-tick, 0, tick],
        ticktext=[f"−{tick:g}", "0", f"{tick:g}"],
        range=[-reach, reach],
        fixedrange=True,
    )
    fig.update_yaxes(visible=False, range=[0, top], fixedrange=True)
    if law.atoms:
        for value, share in law.atoms:
            _stem(fig, value, share, reach, top)
    else:
        x, y = density_line(law, -reach, reach)
        fig.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={**style.THEORY_LINE, "width": 1.5},
            fill="tozeroy",
            fillcolor=style.faint(style.INK, 0.08),
            hovertemplate="density %{y:.2f} at %{x:.4f}<extra></extra>",
        )
    return fig.update_layout(height=HEIGHT)


def _stem(fig: go.Figure, value: float, share: float, reach: float, top: float) -> None:
    """Draw a point mass, or an arrow with words if it lies outside."""
    if abs(value) > reach:
        words = f"{100 * share:.3g}% at {value:g}"
        text, side, anchor = (f"{words} →", reach, "right") if value > 0 else (f"← {words}", -reach, "left")
        fig.add_annotation(x=side, y=0.5 * top, text=text, showarrow=False, xanchor=anchor, font_size=12)
        return
    fig.add_scatter(
        x=[value, value],
        y=[0, top * share],
        mode="lines",
        line={"color": style.INK, "width": 4},
        hovertemplate=f"{100 * share:.3g}% at {value:g}<extra></extra>",
    )
