"""Test that the small histograms in SVG show the arrays and laws they were made of."""

import re
from base64 import b64decode
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.figures import mini
from inits.initializers.laws import Atoms, Law
from inits.initializers.symmetric_laws import Normal, SphereCoordinate, TruncatedNormal, Uniform

COLOUR, INK = "#3266d6", "#1f2430"
SPACE = "{http://www.w3.org/2000/svg}"
LAWS = [
    Uniform(-0.3, 0.1),
    Normal(0.2, 0.05),
    TruncatedNormal(-1.0, 3.0),
    SphereCoordinate(3),
    SphereCoordinate(2, 0.1),
    SphereCoordinate(50, -2.0),
    SphereCoordinate(1, 0.1),
    Atoms(((0.0, 1.0),)),
    Atoms(((0.0, 0.75), (2.0, 0.25))),
    Uniform(5.0, 6.0),
]


def svg(counts, edges, law, reach, **changes) -> ElementTree.Element:
    text = mini.histogram_svg(counts, edges, law, reach, COLOUR, INK, **changes)
    assert len(text.encode()) < 4096
    assert not re.search(r"\d\.\d{3}|nan|inf|e[-+]\d", text)
    return ElementTree.fromstring(text)


def paths(picture, kind: str) -> list[np.ndarray]:
    """Return the pixels of each path of a kind, "area" or "line", (points, 2) each."""
    found = [path.get("d") for path in picture.iter(f"{SPACE}path") if path.get("class") == kind]
    return [np.array([pair.split(",") for pair in d.strip("MZ").split(" ")], float) for d in found]


def marks(picture) -> list[str]:
    return [text.text for text in picture.iter(f"{SPACE}text")]


def area(polygon) -> float:
    """Return the area in square pixels."""
    x, y = polygon.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def draw(law: Law, bins: int = 40):
    drawn = law.ppf(np.random.default_rng(0).random(5000))
    counts, edges = np.histogram(drawn, bins)
    same = np.ptp(drawn) == 0
    return (np.eye(1, bins)[0] * 5000, (drawn[0],) * 2) if same else (counts, (edges[0], edges[-1]))


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("reach", [0.01, 0.5, 4.0, 1000.0])
def test_picture_of_every_law_stays_within_its_size(law, reach):
    counts, edges = draw(law)
    for picture in (
        svg(counts, edges, law, reach),
        svg(None, None, law, reach),
        svg(counts, edges, None, reach),
        svg(counts, edges, law, reach, size=(100, 30)),
    ):
        width, height = float(picture.get("width")), float(picture.get("height"))
        assert picture.get("viewBox") == f"0 0 {width:g} {height:g}"
        for path in paths(picture, "area") + paths(picture, "line"):
            assert path.min() >= 0
            assert path[:, 0].max() <= width
            assert path[:, 1].max() <= height


@given(
    st.lists(st.integers(0, 999), min_size=2, max_size=40).filter(any),
    st.floats(-0.9, 0),
    st.floats(0.1, 0.9),
)
def test_bars_are_the_counts(counts, low, high):
    picture = svg(counts, (low, high), None, 1.0)
    (bars,) = paths(picture, "area")
    left, right = (84 * (1 + edge) for edge in (low, high))
    sides = np.linspace(left, right, len(counts) + 1)
    np.testing.assert_allclose(bars[1:-1:2, 0], sides, atol=0.006)
    heights = 47 - bars[2:-2:2, 1]
    np.testing.assert_allclose(heights, 44 * np.array(counts) / max(counts), atol=0.006)


@pytest.mark.parametrize("law", [Normal(0.0, 0.05), Uniform(-0.1, 0.1), TruncatedNormal(0.0, 0.05)], ids=str)
def test_bars_and_density_have_the_same_scale(law):
    counts, edges = draw(law)
    picture = svg(counts, edges, law, 0.25)
    (bars,), (line,) = paths(picture, "area"), paths(picture, "line")
    closed = np.concatenate([[[line[0, 0], 47]], line, [[line[-1, 0], 47]]])
    assert area(bars) == pytest.approx(area(closed), rel=0.02)
    assert bars[:, 1].min() == pytest.approx(3, abs=0.01)


def test_line_is_the_density():
    law = Normal(0.0, 0.05)
    (line,) = paths(svg(None, None, law, 0.15), "line")
    x = (line[:, 0] / 84 - 1) * 0.15
    np.testing.assert_allclose((47 - line[:, 1]) / 44, np.exp(-((x / 0.05) ** 2) / 2), atol=2e-3)
    assert (np.diff(line[:, 0]) > 0).all()
    # It falls where the law ends, but not where the picture does.
    (line,) = paths(svg(None, None, Uniform(-0.1, 0.4), 0.2), "line")
    np.testing.assert_allclose([line[0], line[-1]], [[42, 47], [168, 3]])


def test_unbounded_density_is_cut():
    law = SphereCoordinate(2)
    (line,) = paths(svg(None, None, law, 1.5), "line")
    assert 5 < 47 - line[len(line) // 2, 1] < 22, "the middle can be seen"
    (bars,) = paths(svg(*draw(law), law, 1.5), "area")
    assert bars[:, 1].min() < 15


def test_theory_is_pale_before_the_draw():
    law = Normal(0, 1)
    for drawn, opacity in (((None, None), "0.25"), (draw(law), None)):
        fills = [path for path in svg(*drawn, law, 3.0) if path.get("class") == "area"]
        assert [(path.get("fill"), path.get("fill-opacity")) for path in fills] == [(COLOUR, opacity)]


def test_point_masses_are_stems():
    law = Atoms(((0.0, 0.75), (1.0, 0.25)))
    counts = np.zeros(40, int)
    counts[[0, -1]] = 60, 40
    picture = svg(counts, (0.0, 1.0), law, 2.0)
    stems, lines = paths(picture, "area"), paths(picture, "line")
    assert [stem[:, 0].mean() for stem in stems] == [84, 126]
    np.testing.assert_allclose([47 - stem[:, 1].min() for stem in stems], [44 * 0.6, 44 * 0.4], atol=0.01)
    np.testing.assert_allclose([47 - line[-1, 1] for line in lines], [44 * 0.75, 44 * 0.25], atol=0.01)
    assert len(paths(svg(counts, (0.0, 1.0), law, 0.5), "area")) == 1
    np.testing.assert_allclose(area(paths(svg(None, None, law, 2.0), "area")[0]), mini.STEM * 33)


def test_equal_weights_are_visible():
    for law in (None, Normal(0.1, 1e-6)):
        (bar,) = paths(svg([9, 0, 0], (0.1, 0.1 + 1e-9 * bool(law)), law, 1.0), "area")
        assert np.ptp(bar[:, 0]) == pytest.approx(mini.NARROW)
        assert 47 - bar[:, 1].min() > 30


@pytest.mark.parametrize(
    ("law", "found"),
    [
        (Atoms(((5.0, 1.0),)), ["›"]),
        (Atoms(((-5.0, 1.0),)), ["‹"]),
        (SphereCoordinate(1, 5.0), ["‹", "›"]),
        (Atoms(((0.0, 0.5), (5.0, 0.5))), []),
        (Normal(5.0, 0.1), ["›"]),
        (Normal(0.0, 100.0), []),
        (Uniform(-9.0, -8.0), ["‹"]),
    ],
    ids=str,
)
def test_weights_outside_the_picture_are_marked(law, found):
    assert marks(svg(None, None, law, 1.0)) == found
    assert marks(svg(*draw(law), law, 1.0)) == found
    assert marks(svg(*draw(law), None, 1.0)) == (found if len(found) < 2 else [])


@pytest.mark.parametrize(
    ("counts", "edges"),
    [(None, None), ([0, 0], (0.0, 1.0)), ([0, 0], (-np.inf, np.inf)), ([0], (np.nan,) * 2)],
)
def test_picture_without_weights_is_empty(counts, edges):
    picture = svg(counts, edges, None, 1.0)
    assert paths(picture, "area") == paths(picture, "line") == marks(picture) == []


def test_common_reach():
    he, glorot, wide = Normal(0.0, 0.05), Uniform(-0.09, 0.09), Normal(0.0, 5.0)
    zero, near, far = (Atoms(((value, 1.0),)) for value in (0.0, 0.3, 30.0))
    for laws, drawn, reach in [
        ([he, glorot, None], [], 3.2 * glorot.std),
        ([he, he, wide], [], 12 * 0.05),
        ([he, wide], [], 12 * 0.05),
        ([he, None], [0.5], 0.5),
        ([None], [0.7, 0.0], 0.7),
        ([wide], [], 16),
        ([he, near], [], 0.33),
        ([he, far], [], 0.6),
        ([Atoms(((-8.0, 1.0),))], [], 8.8),
        ([], [], 1),
        ([None], [], 1),
        ([zero], [], 1),
    ]:
        assert mini.common_reach(laws, drawn) == pytest.approx(reach)
    assert mini.common_reach([Normal(5.0, 0.1)]) > 5


def test_data_uri_contains_the_picture():
    text = mini.histogram_svg(None, None, Normal(5.0, 0.1), 1.0, COLOUR, INK)
    kind, data = mini.data_uri(text).split(",")
    assert kind == "data:image/svg+xml;base64"
    assert b64decode(data).decode() == text
