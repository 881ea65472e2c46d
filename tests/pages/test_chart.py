"""What `chart` sends to the browser, and what it refuses."""

import base64
import json

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.widgets.chart import payload

FLOATS = {"f4": np.float32, "f8": np.float64}


def sent(fig: go.Figure) -> dict:
    return json.loads(payload(fig, key="k", alt="A picture.", clicks=False))


def numbers(spec: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(spec["bdata"]), dtype=FLOATS[spec["dtype"]])


def page() -> None:
    import plotly.graph_objects as go

    from pages.parts.widgets.chart import chart

    chart(go.Figure(go.Bar(y=[1, 2])), key="one", height=200, alt="Two bars.", on_click=print)
    chart(go.Figure(go.Scatter(y=[1, 2])), key="two", height=300, alt="A line.")


def test_a_chart_sends_its_figure_and_the_address_of_the_script() -> None:
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    protos = [element.proto for element in app.get("bidi_component")]
    assert [(proto.js_source_path, proto.js_content) for proto in protos] == [("chart.js", "")] * 2
    first, second = (json.loads(proto.bytes) for proto in protos)
    assert first["data"][0] == {"type": "bar", "y": [1, 2]}
    assert (first["key"], first["alt"], first["clicks"]) == ("one", "Two bars.", True)
    assert (second["key"], second["alt"], second["clicks"]) == ("two", "A line.", False)


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (np.linspace(-1, 1, 50), "f4"),
        (np.array([1.0, 1e60, np.nan, np.inf, 0.0]), "f8"),  # beyond the range of 32 bits
        (np.array([1.0, 1e-60, np.nan, np.inf, 0.0]), "f8"),
    ],
)
def test_arrays_are_sent_as_32_bit_floats_where_those_suffice(y: np.ndarray, dtype: str) -> None:
    spec = sent(go.Figure(go.Scatter(y=y)))["data"][0]["y"]
    assert spec["dtype"] == dtype
    np.testing.assert_allclose(numbers(spec), y, rtol=1e-6 if dtype == "f4" else 0)


def test_a_matrix_keeps_its_shape() -> None:
    z = np.arange(6.0).reshape(2, 3)
    spec = sent(go.Figure(go.Heatmap(z=z)))["data"][0]["z"]
    assert spec["shape"] == "2, 3"
    np.testing.assert_array_equal(numbers(spec), z.ravel())


def test_gaps_in_lists_are_null_implicit_x_stays_implicit_and_no_template_is_sent() -> None:
    trace = go.Scatter(x0=0, dx=32, y=[1.0, float("nan"), 2.0], customdata=[float("inf"), None, "a"])
    figure = sent(go.Figure(trace, layout={"template": "plotly"}))
    expected = {"x0": 0, "dx": 32, "y": [1.0, None, 2.0], "customdata": [None, None, "a"]}
    assert figure["data"] == [{"type": "scatter", **expected}]
    assert "template" not in figure["layout"]


@pytest.mark.parametrize("trace", [go.Scattergl(y=[1]), go.Surface(z=[[1]]), go.Sankey()])
def test_traces_that_the_bundle_cannot_draw_are_refused(trace: go.Figure) -> None:
    with pytest.raises(ValueError, match=f"cannot draw traces of type {trace.type}.*scatter"):
        sent(go.Figure(trace))


def test_a_picture_without_a_description_is_refused() -> None:
    with pytest.raises(ValueError, match="alt must describe the picture, but got"):
        payload(go.Figure(), key="k", alt=" ", clicks=False)
