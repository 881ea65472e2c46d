"""Plotly figures from arrays, with colour tokens that the browser replaces by the theme's colours."""
