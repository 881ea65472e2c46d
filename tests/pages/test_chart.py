"""The one door through which pages draw: what it sends, what it refuses, and that the bundle fits."""

import base64
import json
import re
from importlib.metadata import distribution

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.widgets.chart import BUNDLE, PLOTLY_VERSION, TRACE_TYPES, payload

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


def test_a_test_can_read_the_figure() -> None:
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    first, second = (json.loads(element.proto.bytes) for element in app.get("bidi_component"))
    assert first["data"][0] == {"type": "bar", "y": [1, 2]}
    assert (first["key"], first["alt"], first["clicks"]) == ("one", "Two bars.", True)
    assert (second["key"], second["alt"], second["clicks"]) == ("two", "A line.", False)


def test_the_script_travels_by_address_not_with_every_picture() -> None:
    app = AppTest.from_function(page, default_timeout=30).run()
    proto = app.get("bidi_component")[0].proto
    assert proto.js_source_path == "chart.js"
    assert not proto.js_content


def test_arrays_travel_as_32_bit_floats() -> None:
    x = np.linspace(-1, 1, 50)
    spec = sent(go.Figure(go.Scatter(y=x)))["data"][0]["y"]
    assert spec["dtype"] == "f4"
    np.testing.assert_allclose(numbers(spec), x, rtol=1e-6)


@pytest.mark.parametrize("extreme", [1e60, 1e-60])
def test_numbers_beyond_32_bits_keep_64(extreme: float) -> None:
    y = np.array([1.0, extreme, np.nan, np.inf, 0.0])
    spec = sent(go.Figure(go.Scatter(y=y)))["data"][0]["y"]
    assert spec["dtype"] == "f8"
    np.testing.assert_array_equal(numbers(spec), y)


def test_implicit_x_stays_implicit() -> None:
    trace = sent(go.Figure(go.Scatter(x0=0, dx=32, y=np.zeros(9))))["data"][0]
    assert (trace["x0"], trace["dx"]) == (0, 32)
    assert "x" not in trace


def test_a_gap_in_a_list_is_null() -> None:
    trace = sent(go.Figure(go.Scatter(y=[1.0, float("nan"), 2.0], customdata=[float("inf"), None, "a"])))[
        "data"
    ][0]
    assert trace["y"] == [1.0, None, 2.0]
    assert trace["customdata"] == [None, None, "a"]


def test_a_matrix_keeps_its_shape() -> None:
    z = np.arange(6.0).reshape(2, 3)
    spec = sent(go.Figure(go.Heatmap(z=z)))["data"][0]["z"]
    assert spec["shape"] == "2, 3"
    np.testing.assert_array_equal(numbers(spec), z.ravel())


def test_plotlys_template_stays_behind() -> None:
    assert "template" not in sent(go.Figure(layout={"template": "plotly"}))["layout"]


@pytest.mark.parametrize("trace", [go.Scattergl(y=[1]), go.Surface(z=[[1]]), go.Sankey()])
def test_refuses_what_the_bundle_cannot_draw(trace: go.Figure) -> None:
    with pytest.raises(ValueError, match=f"cannot draw traces of type {trace.type}.*scatter"):
        sent(go.Figure(trace))


def test_a_picture_needs_words() -> None:
    with pytest.raises(ValueError, match="alt must describe the picture, but got"):
        payload(go.Figure(), key="k", alt=" ", clicks=False)


def test_the_bundle_draws_exactly_the_trace_types_we_allow() -> None:
    modules = re.findall(r'moduleType:"trace",name:"(\w+)"', BUNDLE.read_text())
    assert set(modules) == TRACE_TYPES


def test_the_bundle_is_the_one_of_the_installed_plotly() -> None:
    assert f"plotly.js (cartesian - minified) v{PLOTLY_VERSION}\n" in BUNDLE.read_text()[:200]
    whole = distribution("plotly").locate_file("plotly/package_data/plotly.min.js")
    with open(whole, encoding="utf-8") as file:
        assert re.search(r"plotly\.js v([\d.]+)", file.read(300))[1] == PLOTLY_VERSION


def test_the_bundle_comes_with_its_licence() -> None:
    licence = (BUNDLE.parent / "plotly-cartesian-LICENSE").read_text()
    assert licence.startswith("MIT License")
    assert "Plotly" in licence


def test_the_browser_asks_for_this_bundle() -> None:
    assert f'"./{BUNDLE.name}"' in (BUNDLE.parent / "chart.js").read_text()
