"""Parameters, their values, and the calls that they are read from."""

import math
import re
import sys
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inits.errors import SpecError
from inits.initializers.catalog import CATALOG
from inits.initializers.keras_call import LONGEST_TEXT, Call, read_call
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.parameters import Entry, Parameter, literal, nearest
from inits.text import shown

FLOAT = Parameter(name="stddev", kind="float", default=0.05, help="", low=0.0, low_exclusive=True)
SHARE = Parameter(name="rho", kind="float", default=0.5, help="", low=0.0, high=1.0, high_exclusive=True)
FLOAT0 = Parameter(name="mean", kind="float", default=0.0, help="")
INT = Parameter(name="seed", kind="int", default=None, help="")
BOOL = Parameter(name="nesterov", kind="bool", default=False, help="")
SPELLINGS = {"choices": ("a", "b"), "spellings": (("c", "b"),), "ignore_case": True}
CHOICE = Parameter(name="mode", kind="choice", default="a", help="", **SPELLINGS)
AXES = Parameter(name="input_axes", kind="axes", default=None, help="")

DIFFERENT = "input_axes must be a list of one or more different"

EVERY_PARAMETER = [
    pytest.param(parameter, id=f"{entry.name}-{parameter.name}")
    for entry in (*CATALOG.values(), *OPTIMIZERS.values())
    for parameter in entry.parameters
]


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (FLOAT, 1, 1.0),
        (FLOAT, np.float32(0.5), 0.5),
        (FLOAT, np.int64(2), 2.0),
        (INT, np.uint8(3), 3),
        (INT, None, None),
        (BOOL, np.True_, True),
        (CHOICE, "A", "a"),
        (CHOICE, "c", "b"),
        (AXES, [0, np.int64(-1)], (0, -1)),
        (AXES, None, None),
        (SHARE, 0, 0.0),
        (FLOAT0, -0.0, 0.0),
    ],
)
def test_check_gives_plain_values(parameter, value, expected):
    found = parameter.check(value)
    assert (repr(found), type(found)) == (repr(expected), type(expected))


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        (FLOAT, -0.1, "stddev must be positive, but got -0.1."),
        (FLOAT, 0, "stddev must be positive, but got 0.0."),
        (FLOAT, math.nan, "stddev must be finite, but got nan."),
        (FLOAT, math.inf, "stddev must be finite, but got inf."),
        (FLOAT, True, "stddev must be a number, but got True."),
        (FLOAT, "1", "stddev must be a number, but got '1'."),
        (FLOAT, None, "stddev must be a number, but got None."),
        (FLOAT, 10**400, "stddev must be at most 1e+30, but got 1000"),
        (FLOAT, 1e300, "stddev must be zero or between 1e-30 and 1e+30 in size, but got 1e+300."),
        (FLOAT, 1e-50, "stddev must be zero or between 1e-30 and 1e+30 in size, but got 1e-50."),
        (FLOAT, np.bool_(True), "stddev must be a number, but got True."),
        (SHARE, 1.0, "rho must be at least 0 and less than 1, but got 1.0."),
        (INT, 1.0, "seed must be a whole number, but got 1.0."),
        (INT, True, "seed must be a whole number, but got True."),
        (INT, 2**70, "seed must be smaller than 2**63 in size, but got 1180591620717411303424."),
        (BOOL, 1, "nesterov must be True or False, but got 1."),
        (CHOICE, "d", 'mode must be "a" or "b", but got \'d\'.'),
        (CHOICE, ["a"], 'mode must be "a" or "b", but got [\'a\'].'),
        (AXES, 0, "input_axes must be a list of axes such as [0], but got 0."),
        (AXES, [], f"{DIFFERENT} whole numbers such as [0], but got []."),
        (AXES, [0, 0], DIFFERENT),
        (AXES, [True], DIFFERENT),
    ],
)
def test_check_names_the_argument_and_the_value(parameter, value, message):
    with pytest.raises(SpecError) as error:
        parameter.check(value)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("parameter", [FLOAT, SHARE, INT, BOOL, CHOICE, AXES])
@given(st.data())
def test_check_accepts_or_raises_a_spec_error(parameter, data):
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        st.lists,
        max_leaves=5,
    )
    value = data.draw(anything)
    try:
        checked = parameter.check(value)
    except SpecError as error:
        assert str(error).startswith(parameter.name)  # noqa: PT017
    else:
        assert parameter.check(checked) == checked


def digits(value: float) -> int:
    """Return the number of significant decimal digits of a float."""
    return len(Decimal(repr(value)).normalize().as_tuple().digits)


@given(st.floats(1e-29, 1e29))
@example(99999993857.0)
def test_a_float32_value_is_the_shortest_number_for_it(value):
    single = Parameter(name="learning_rate", kind="float", default=0.1, help="", single=True)
    kept = single.check(value)
    assert np.float32(kept) == np.float32(value)
    assert single.check(float(np.float32(value))) == kept
    assert digits(kept) <= digits(float(np.float32(value)))


@pytest.mark.parametrize("parameter", EVERY_PARAMETER)
def test_every_parameter_accepts_its_default_and_its_slider(parameter):
    assert parameter.check(parameter.default) == parameter.default
    assert parameter.help.endswith(".")
    for end in parameter.slider or ():
        assert parameter.check(end) == end
    for choice in parameter.choices:
        assert parameter.check(choice) == choice
    if parameter.kind == "float":
        low, high = parameter.slider
        assert low < high
        if parameter.log:
            assert low > 0
        elif parameter.default is not None:
            assert low <= parameter.default <= high


CONFIG = {"class_name": "A", "config": {"x": 1}, "module": "keras.initializers", "registered_name": None}
CALLS = [
    ("he_normal", Call("he_normal", bare=True)),
    ("  'he_normal' ", Call("he_normal", bare=True)),
    ("keras.initializers.HeNormal", Call("HeNormal", "keras.initializers", bare=True)),
    ("HeNormal()", Call("HeNormal")),
    (
        "A(1, -2.5, b=None, c='x', d=[0, -1], e=True)",
        Call("A", "", (1, -2.5), {"b": None, "c": "x", "d": (0, -1), "e": True}),
    ),
    ("a.b.C(1e-3)", Call("C", "a.b", (1e-3,))),
    (
        '{"class_name": "A", "config": {"seed": null, "on": true}}',
        Call("A", "", (), {"seed": None, "on": True}),
    ),
    ("{'class_name': 'A', 'config': {}}", Call("A", bare=True)),
    (CONFIG, Call("A", "keras.initializers", (), {"x": 1})),
]


@pytest.mark.parametrize(("text", "call"), CALLS)
def test_calls_and_configs_are_read(text, call):
    assert read_call(text) == call


ONE_CALL = ["HeNormal(", "HeNormal();x", "[HeNormal()]", "f()()", "A('\\x41')", "A\x00"]
LITERALS = ["b'1'", "1j", "-True", "--1", "[[[[[1]]]]]"]
NO_CALLS = [
    ("", "but got an empty text"),
    (None, "but got None"),
    (b"HeNormal()", "but got b'HeNormal()'"),
    *(
        (text, "Expected one call")
        for text in (*ONE_CALL, "(" * 900, "-" * 900 + "1", "a" + ".a" * 400 + "()()")
    ),
    ("A(x=1/3)", "x must be written as a plain number, text or list, but got 1 / 3."),
    ("A(x=__import__('os'))", "x must be written as a plain number"),
    *((f"A(x={value})", "x must be written") for value in LITERALS),
    ("A(*[1])", "An argument must be written"),
    ("A(**{})", "Arguments must be written out, but got **."),
    ("A(" + "9" * 2_000 + ")", f"at most {LONGEST_TEXT:,} characters, but got 2,003."),
    ("A(x=" + "-" * 900 + "1)", "call|must be written"),  # where the parser gives up depends on Python
    ("A(" + "[" * 150 + "]" * 150 + ")", "must be written"),
    ({"class_name": "A", "extra": 1}, "but got the key 'extra'"),
    ({"class_name": 3, "config": {}}, "class_name must be a text"),
    ({"config": {}}, "class_name must be a text"),
    ({"class_name": "A", "config": [1]}, "config must be a dict"),
    ({"class_name": "A", "config": {1: 2}}, "config must be a dict"),
    ({"class_name": "A", "config": {}, "registered_name": "mine>A"}, "Paste its code instead"),
    ('{"class_name": "A", "class_name": "B"}', "different texts"),
]


@pytest.mark.parametrize(("text", "message"), NO_CALLS)
def test_what_is_no_call_is_refused(text, message):
    with pytest.raises(SpecError) as error:
        read_call(text)
    assert any(part in str(error.value) for part in message.split("|"))


def test_arguments_are_named_completed_and_checked():
    parameters, order = (FLOAT, CHOICE), ("stddev", "seed", "mode")
    entry = Entry(name="E", summary="", page="", parameters=parameters, dropped=(INT,), signature=order)
    assert entry.named((1, 2)) == {"stddev": 1, "seed": 2}
    assert entry.complete({"seed": 3}) == (("stddev", 0.05), ("mode", "a"))
    for refused, message in [
        (lambda: entry.named((1, 2, 3, 4)), "E takes at most 3 positional arguments, but got 4."),
        (lambda: entry.complete({"std": 1}), "E has no argument 'std'. Did you mean stddev?"),
        (lambda: entry.complete({"zzz": 1}), "Its arguments are stddev, mode."),
        (lambda: entry.complete({"seed": "x"}), "seed must be a whole number"),
    ]:
        with pytest.raises(SpecError, match=re.escape(message)):
            refused()


def test_literals_and_nearest_names():
    values = (1e-7, 0.05, "a", (0, -1), None, True, 3)
    assert [literal(value) for value in values] == ["1e-07", "0.05", '"a"', "[0, -1]", "None", "True", "3"]
    assert nearest("HE-NORMAL", ["HeNormal", "HeUniform"]) == "HeNormal"
    assert nearest("zzz", ["HeNormal"]) is None


def test_shown_values_never_raise_and_are_short():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert shown(Broken()) == "a Broken"
    assert len(shown("x" * 999)) == 60
    assert shown(1 << (sys.get_int_max_str_digits() * 4)) == "a int"
