"""A histogram like Explore's, drawn by our chart or, with ?with=plotly, by st.plotly_chart."""

import numpy as np
import streamlit as st

from inits.figures import style
from pages.parts.widgets.chart import chart

st.set_page_config(layout="wide")
std = st.slider("std", 0.01, 0.10, 0.05, 0.001, format="%.3f", key="std")

weights = np.random.default_rng(0).normal(0, std, 100_000)
density, edges = np.histogram(weights, 80, density=True)
x = np.linspace(edges[0], edges[-1], 400)
exact = np.exp(-((x / std) ** 2) / 2) / (std * np.sqrt(2 * np.pi))

fig = style.figure(x="weight", y="density")
fig.add_bar(x=(edges[1:] + edges[:-1]) / 2, y=density, marker_color=style.START[0], opacity=style.BAR_OPACITY)
fig.add_scatter(x=x, y=exact, mode="lines", line=style.THEORY_LINE)

if st.query_params.get("with") == "plotly":
    st.plotly_chart(fig, key="histogram", height=style.HERO)
else:
    chart(fig, key="histogram", height=style.HERO, alt="A histogram of weights under its exact density.")
