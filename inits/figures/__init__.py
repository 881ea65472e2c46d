"""Pictures: arrays in, plotly figures out. Colours are tokens that the browser replaces by the theme's."""
