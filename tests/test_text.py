"""Numbers and names as text."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits import text as words
from inits.experiments.file_start import FileSpec
from inits.experiments.pasted import PastedSpec
from inits.initializers.symmetric_laws import Uniform
from inits.typed import read_number
from inits.weightfiles.formats.limits import clean
from pages.parts.experiment.cards import called
from pages.parts.page.notes import literal
from pages.parts.widgets import tables

NUMBERS = [
    (0, "0"),
    (-0.0, "0"),
    (2, "2"),
    (0.0505, "0.0505"),
    (np.float32(0.1), "0.1"),
    (1 / 3, "0.3333"),
    (-1234, "−1,234"),
    (999.96, "1,000"),
    (0.99996, "1"),
    (1234567, "1,235,000"),
    (9999999, "1 × 10⁷"),
    (0.0001, "0.0001"),
    (0.000012346, "1.235 × 10⁻⁵"),
    (-1.5e-7, "−1.5 × 10⁻⁷"),
    (1e20, "1 × 10²⁰"),
    (1e100, "1 × 10¹⁰⁰"),
    (1.7976931348623157e308, "1.798 × 10³⁰⁸"),
    (5e-324, "4.941 × 10⁻³²⁴"),
    (1e-310, "1 × 10⁻³¹⁰"),
    (math.inf, "∞"),
    (-math.inf, "−∞"),
    (math.nan, "not a number"),
]


@pytest.mark.parametrize(("x", "text"), NUMBERS)
def test_numbers_have_four_digits(x, text):
    assert words.number(x) == text


def read_back(text: str) -> float:
    mantissa, _, power = text.replace("−", "-").replace(",", "").partition(" × 10")
    exponent = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(f"{mantissa}e{exponent or 0}")


@given(st.floats(allow_nan=False, allow_infinity=False).filter(bool), st.integers(1, 8))
def test_a_number_is_rounded_and_nothing_else(x, digits):
    text = words.number(x, digits)
    assert read_back(text) == float(f"{x:.{digits - 1}e}")
    mantissa = text.partition(" × ")[0]
    assert "." not in mantissa or mantissa[-1] not in "0."


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_exact_text_is_read_back_whole(x):
    assert float(words.exact(x)) == x
    assert read_number(words.exact(x)) == x
    assert len(words.exact(x)) <= len(repr(x))


UNITS = [
    (words.count, [(0, "0"), (999, "999"), (12345, "12,345"), (-1234, "−1,234"), (10**15, "1" + ",000" * 5)]),
    (
        partial(words.counted, thing="step"),
        [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (1875, "1,875 steps")],
    ),
    (words.percent, [(0.97531, "97.5%"), (0, "0.0%"), (1, "100.0%"), (-0.013, "−1.3%"), (0.0999, "10.0%")]),
    (partial(words.percent, digits=0), [(0.97531, "98%")]),
    (partial(words.percent, digits=3), [(0.97531, "97.531%")]),
    (words.duration, [(0, "0.0 s"), (0.44, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (12.4, "12 s")]),
    (words.duration, [(99.4, "99 s"), (99.6, "2 min"), (170, "3 min"), (7200, "120 min")]),
    (words.megabytes, [(0, "0.0 MB"), (11_490_434, "11.5 MB"), (2_000_000_000, "2000.0 MB")]),
]


@pytest.mark.parametrize(("function", "rows"), UNITS)
def test_counts_shares_durations_and_sizes(function, rows):
    assert [function(value) for value, _ in rows] == [text for _, text in rows]


UNSEEN = {
    "turns the direction": "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    "has no width": "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u034f",
    "controls": "\0\x07\x1b\x7f\x9b",
    "fills": "\u115f\u1160\u3164\uffa0\u2800\ufe00\U000e0101",
    "tags": "\U000e0001\U000e0041\U000e007f",
    "has no meaning": "\ue000\U0010ffff\ufffe\ud800\udfff\u0378",
}
NAMES = [
    "net (1).keras", "épreuve é.h5", "重み.npz", "שלום.h5", "नमस्ते.h5", "ติ้ว", "❤️ net.h5", "a<b>|c;d", "→ 10⁻⁷",
]  # fmt: skip
CLEANERS = {
    "text": words.printable,
    "file": lambda name: FileSpec(name, "0" * 32).name,
    "code": lambda name: PastedSpec(name, "x = 1").name,
    "card": called,
    "layer": clean,
    "page": literal,
}


@pytest.mark.parametrize("function", CLEANERS.values(), ids=CLEANERS)
def test_no_name_has_a_character_that_cannot_be_seen(function):
    for signs in UNSEEN.values():
        for sign in signs:
            assert function(f"a{sign}b") == "a\ufffdb"
    assert function(f"z{chr(0x36F) * 20}o") == f"z{chr(0x36F) * 4}\ufffdo"
    plain = [name for name in NAMES if name.isalnum() or function in (words.printable, clean)]
    assert [function(name) for name in plain] == plain


@given(st.text() | st.text("a\u202e\u0301\u3164\n ", max_size=30))
def test_a_printable_text_stays_as_it_is(text):
    found = words.printable(text)
    assert found.isprintable()
    assert words.printable(found) == found
    assert len(found) <= len(text)


@pytest.mark.parametrize(
    ("factor", "text"),
    [(1.0, "×1.00"), (0.998, "×1.00"), (2.5, "×2.50"), (9.94, "×9.94"), (9.96, "×10"), (32.4, "×32"),
     (0.0057, "×0.0057"), (3.2e8, "×3.2·10⁸"), (4e-9, "×4·10⁻⁹"), (0.0, "×0"), (math.inf, "×∞")],
)  # fmt: skip
def test_factors(factor, text):
    assert words.times(factor) == text


def test_symbols_are_set_with_subscript_and_superscript():
    text = "critical σ_w² and σ_b²"
    assert words.html_symbols(text) == "critical σ<sub>w</sub><sup>2</sup> and σ<sub>b</sub><sup>2</sup>"
    assert words.markdown_symbols(text) == r"critical $\sigma_w^2$ and $\sigma_b^2$"
    assert literal("σ_w² is 2*3") == r"$\sigma_w^2$ is 2\*3"
    assert literal("σ_mine_") == r"σ\_mine\_"
    assert words.plain_symbols(text) == "critical σw² and σb²"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "less than 1 s"),
        (1.4, "about 1 s"),
        (1.5, "about 2 s"),
        (43, "about 40 s"),
        (57, "about 1 min"),
        (92, "about 1.5 min"),
        (420, "about 7 min"),
        (3700, "about 1 h"),
        (5000, "about 1.5 h"),
        (36000, "about 10 h"),
    ],
)
def test_estimate_is_rounded(seconds, expected):
    assert words.roughly(seconds) == expected


@given(st.floats(1e-8, 1e5), st.floats(-1e6, 1e6).filter(bool), st.sampled_from(["mean", "min", "max"]))
def test_a_number_beside_theory_is_never_rounded_away(std, value, name):
    """RandomUniform(-0.05, 1000.5) had the minimum "−0", and "−0.1" in theory."""
    law = Uniform(-math.sqrt(3) * std, math.sqrt(3) * std)
    theory, measured = (
        read_back(tables._shown(value, name, law, exactly=exactly)) for exactly in (True, False)
    )
    fourth = max(0.5001 * 10.0 ** (math.floor(math.log10(law.std)) - 3), 0.5 if law.std > 999 else 0.0)
    beside, near = abs(value) < 1e9 * law.std, 0.0005001 * abs(value)
    assert abs(theory - value) <= (min(near, fourth) if beside else near)
    assert math.copysign(1, measured) == math.copysign(1, value)
    assert measured
    assert abs(measured - value) <= (fourth if name == "mean" and beside else near)


@given(st.floats(-1, 1))
def test_no_zero_has_a_minus(x):
    for text in (words.percent(x), tables.signed(x)):
        assert read_back(text.strip("+%")) or "−" not in text
