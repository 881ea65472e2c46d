"""Draw the signal strength that is left after each layer, for the Choose page."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from inits.figures import style

LOWEST, HIGHEST = 1e-12, 1e12  # beyond it a line leaves the picture


def power(lines: Sequence[tuple[str, NDArray[np.float64]]]) -> go.Figure:
    """Draw the share of the first layer's strength after each hidden layer, a line for each name."""
    fig = style.figure(x="hidden layer", y="remaining strength", hovermode="x unified")
    shown = [np.clip(values, LOWEST, HIGHEST) for _, values in lines]
    low, high = (min(one.min() for one in shown) / 2, max(one.max() for one in shown) * 2)
    for start, ((name, _), values) in enumerate(zip(lines, shown, strict=True)):
        fig.add_scatter(
            x=np.arange(1, len(values) + 1),
            y=values,
            mode="lines" if len(values) > 1 else "markers",
            line=style.start_line(start),
            marker=style.start_marker(start),
            name=name,
            hovertemplate="%{y:.2g}",
        )
    fig.update_yaxes(style.log_axis(low, high), range=[np.log10(low), np.log10(high)])
    ends = [
        style.LineEnd(float(values[-1]), name, start)
        for start, ((name, _), values) in enumerate(zip(lines, shown, strict=True))
    ]
    style.end_labels(fig, ends, height=style.SMALL, y_range=(low, high), log=True)
    return fig.update_layout(height=style.SMALL)
