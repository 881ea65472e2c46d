"""Numbers as people read them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits import text as words

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
def test_number(x, text):
    assert words.number(x) == text


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [(0.96, 1, "1"), (12.3, 2, "12"), (126, 2, "130"), (0.0123456, 6, "0.0123456"), (3.6e-9, 1, "4 × 10⁻⁹")],
)
def test_number_of_digits(x, digits, text):
    assert words.number(x, digits) == text


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


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0"), (999, "999"), (12345, "12,345"), (-1234, "−1,234"), (10**15, "1" + ",000" * 5)]
)
def test_count(n, text):
    assert words.count(n) == text


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (1875, "1,875 steps")]
)
def test_counted(n, text):
    assert words.counted(n, "step") == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.97531, "97.5%"), (0, "0.0%"), (1, "100.0%"), (-0.013, "−1.3%"), (0.0999, "10.0%")]
)
def test_percent(share, text):
    assert words.percent(share) == text


def test_percent_with_other_digits():
    assert words.percent(0.97531, 0) == "98%"
    assert words.percent(0.97531, 3) == "97.531%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (12.4, "12 s"),
        (99.4, "99 s"),
        (99.6, "2 min"),
        (170, "3 min"),
        (7200, "120 min"),
    ],
)
def test_duration(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0.0 MB"), (11_490_434, "11.5 MB"), (2_000_000_000, "2000.0 MB")]
)
def test_megabytes(size, text):
    assert words.megabytes(size) == text
