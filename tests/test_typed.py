"""Numbers and lists as people type and paste them."""

import contextlib
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.text import number
from inits.typed import read_number

TYPED = [  # text, as a number, as a whole number; None if it is refused
    ("0.01", 0.01, None),
    ("0,01", 0.01, None),
    ("0,125", 0.125, None),
    ("1,5", 1.5, None),
    ("1e-3", 0.001, None),
    ("1,5E-3", 0.0015, None),
    ("1.5 × 10⁻⁷", 1.5e-7, None),
    ("2 x 10^3", 2000, 2000),
    ("−2", -2, -2),
    (" +5. ", 5, 5),
    (".5", 0.5, None),
    ("128.0", 128, 128),
    ("10 000", 10_000, 10_000),
    ("10\u202f000,5", 10_000.5, None),
    ("10'000", 10_000, 10_000),
    ("1_000", 1000, 1000),
    ("1,234,567", 1_234_567, 1_234_567),
    ("1.234.567", 1_234_567, 1_234_567),
    ("1.234,5", 1234.5, None),
    ("1,234.5", 1234.5, None),
    ("1,024", None, 1024),  # 1024 or 1.024
    ("1.024", 1.024, None),
    ("-1,000", None, -1000),
    ("1.2345", 1.2345, None),
    ("2147483645", 2_147_483_645, 2_147_483_645),
    *((text, None, None) for text in ("", "abc", "nan", "inf", "1e400", "12a", "0x10", "1 2", "1,2,3", "5%")),
    *(
        (text, None, None)
        for text in ("0.1.2", "2×103", "123,456,78", "--1", "e5", "1/28", "9" * 5000, "1.5 units")
    ),
]


@pytest.mark.parametrize(("text", "value", "whole"), TYPED)
def test_numbers_are_read_as_people_write_them(text, value, whole):
    for expected, only_whole in ((value, False), (whole, True)):
        if expected is None:
            with pytest.raises(ValueError, match=r"^$|^which can mean"):
                read_number(text, whole=only_whole)
        else:
            found = read_number(text, whole=only_whole)
            assert found == expected
            assert isinstance(found, int) or not only_whole


@given(st.floats(1e-300, 1e300), st.integers(1, 8))
def test_a_number_that_the_app_prints_is_read_back_unless_it_can_mean_two(x, digits):
    text, can_mean_two = number(x, digits), re.compile(r"\d{1,3},\d{3}")
    if can_mean_two.fullmatch(text):
        with pytest.raises(ValueError, match="can mean"):
            read_number(text)
    else:
        assert read_number(text) == pytest.approx(float(f"{x:.{digits - 1}e}"), rel=1e-15)


@given(st.text(max_size=80))
def test_any_text_is_a_finite_number_or_refused(text):
    with contextlib.suppress(ValueError):
        assert math.isfinite(read_number(text))
