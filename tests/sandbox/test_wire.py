"""Requests and replies: whole, cut and forged. Any bytes give a reply or a ReplyError."""

import struct
import tracemalloc
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from inits.sandbox import wire
from inits.sandbox.wire import Array, Picked, Problem, ReplyError, parse_reply

ANY = st.characters(exclude_categories=())  # also control characters and surrogates
texts = st.text(
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="\u115f\u1160\u2800\u3164\uffa0")
)
texts = texts.filter(lambda text: len(text) <= wire.MAX_NAME)
names = texts.filter(lambda text: ", " not in text)
shapes = st.lists(st.integers(0, 5), max_size=4).map(tuple)
rounds = st.lists(st.lists(st.tuples(shapes, st.integers(0, 2**31 - 3))).map(tuple), max_size=3)
frames = st.lists(st.tuples(st.integers(0, 2**32 - 1), texts), max_size=wire.MAX_FRAMES)

ROUNDS = ((((2, 3), 7), ((), 8)), (((4,), 9),))
VALUES = [np.arange(prod(shape), dtype=np.float32).reshape(shape) for one in ROUNDS for shape, _ in one]


def reply(*parts: bytes) -> bytes:
    return b"".join([wire.MAGIC, *parts, wire.end()])


PICKED = wire.picked("mine", "function", ["other"])
ARRAYS = [wire.array(values.shape, values) for values in VALUES]
ODD = wire.array((4,), np.zeros((2, 2, 2)))
PROBLEM = wire.problem("ValueError", "half a ☃", [(3, "fans"), (1, "<lambda>")])
WHOLE = reply(PICKED, *ARRAYS[:2], ODD, PROBLEM)


def one_array(values: np.ndarray, shape: tuple[int, ...] | None = None) -> Array:
    """Return an array after a round trip; `shape` is the requested one."""
    asked = values.shape if shape is None else shape
    (found,) = parse_reply(reply(PICKED, wire.array(asked, values)), [((asked, 0),)]).arrays
    return found


@given(st.text(), rounds)
def test_request_round_trips(code, asked):
    assert wire.parse_request(wire.request(code, asked)) == (code, [list(one) for one in asked])


@given(names, texts, st.lists(names.filter(bool)), texts, texts, frames)
def test_texts_round_trip(name, kind, others, error, message, where):
    data = reply(wire.picked(name, kind, others), wire.problem(error, message, where))
    found = parse_reply(data, [])
    assert found.picked == Picked(name, kind, tuple(others[: wire.MAX_OTHERS]))
    assert found.problem == Problem(error, message, tuple(where))
    assert found.arrays == ()


def forged(text: bytes, lines: int) -> bytes:
    """Return a reply that our own writer would not write: every text is `text`, and there are `lines` frames."""
    one = struct.pack("<H", len(text)) + text
    frames = (struct.pack("<I", 3) + one) * lines
    odd = b"o" + one + bytes([255]) + bytes(8 * 255)
    return reply(b"p" + 3 * one, odd, b"e" + 2 * one + bytes([lines]) + frames)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    "sign",
    ["x", "é", "☃", "😀", "\ud800", ", ", "\u202e", "\x1b[2J", "\n", "\t", "\0", "a\u0301\u0301\u0301"],
)
def test_texts_are_cut_and_made_printable_when_a_reply_is_read(sign, own):
    """Also those of a forged reply: 20 kB of a name, 255 frames and axes."""
    long = sign * (20_000 // len(sign.encode("utf-8", "replace")))
    if own:
        data = reply(
            wire.picked(long, long, [long] * 300),
            wire.array((4,), np.zeros((1,) * 12)),
            wire.problem(long, long, [(3, long)] * 300),
        )
    else:
        data = forged(long.encode("utf-8", "replace"), 255)
    found = parse_reply(data, [(((4,), 0),)])
    picked, problem, (array,) = found.picked, found.problem, found.arrays
    names = [picked.kind, *picked.others, problem.kind, array.dtype, *(name for _, name in problem.frames)]
    assert max(map(len, names)) <= wire.MAX_NAME
    assert len(picked.name) <= wire.MAX_EXPRESSION
    assert len(problem.message) <= wire.MAX_TEXT
    assert len(picked.others) <= wire.MAX_OTHERS
    assert len(problem.frames) == wire.MAX_FRAMES
    assert len(array.received) == wire.MAX_AXES
    assert all(text.isprintable() for text in [*names, picked.name, *problem.message.split("\n")])
    assert sign not in ("x", "é", "☃", "😀") or problem.message == sign * (wire.MAX_TEXT - 1) + "…"


def test_innermost_lines_are_kept_and_impossible_numbers_are_clipped():
    where = [(line, "f") for line in [*range(998), -1, 2**40]]
    found = parse_reply(reply(wire.problem("RecursionError", "", where)), [])
    assert found.problem.frames == (*where[-wire.MAX_FRAMES : -2], (0, "f"), (2**32 - 1, "f"))


@given(shapes.flatmap(lambda shape: hnp.arrays(np.uint32, shape)))
def test_float32_values_round_trip_bit_by_bit(bits):
    """Bits of any pattern include all NaN and infinities."""
    values = bits.view(np.float32)
    found = one_array(values)
    assert (found.requested, found.received, found.dtype) == (values.shape, values.shape, "float32")
    assert (found.values.dtype, found.values.shape) == (np.dtype(np.float32), values.shape)
    assert found.values.tobytes() == values.tobytes()
    assert found.values.flags.writeable


def test_array_is_little_endian_float32_in_order_of_rows():
    values = np.asfortranarray([[1.0, -2.5], [0.1, 1e-40]], ">f8")
    expected = b"a" + struct.pack("<H", 7) + b"float64" + struct.pack("<4f", 1.0, -2.5, 0.1, 1e-40)
    assert wire.array((2, 2), values.astype(float, order="F")) == expected
    assert wire.array((2, 2), values)[-16:] == expected[-16:]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float64", "longdouble"])
def test_other_dtypes_become_float32_and_are_reported(dtype):
    found = one_array(np.array([0, 1, 1], dtype))
    assert (found.dtype, found.values.dtype.name) == (str(np.dtype(dtype)), "float32")
    np.testing.assert_array_equal(found.values, [0, 1, 1])


def test_numbers_beyond_float32_become_infinite():
    with np.errstate(over="ignore"):
        found = one_array(np.array([np.nan, 1e300, -1e300]))
    np.testing.assert_array_equal(found.values, [np.nan, np.inf, -np.inf])


@pytest.mark.parametrize("received", [(), (4, 1), (5,), (0,), (2, 2, 2, 2, 2), (1,) * 12])
def test_only_the_shape_of_a_wrong_array_is_sent(received):
    assert len(wire.array((4,), np.zeros(received))) <= 1 + 2 + 7 + 1 + 8 * wire.MAX_AXES
    assert one_array(np.zeros(received), (4,)) == Array((4,), received[: wire.MAX_AXES], "float64", None)


def test_arrays_come_in_the_requested_order_up_to_the_problem():
    found = parse_reply(reply(PICKED, *ARRAYS), ROUNDS)
    assert [one.requested for one in found.arrays] == [(2, 3), (), (4,)]
    for one, values in zip(found.arrays, VALUES, strict=True):
        np.testing.assert_array_equal(one.values, values)
    found = parse_reply(WHOLE, ROUNDS)
    assert [one.received for one in found.arrays] == [(2, 3), (), (2, 2, 2)]
    assert found.problem == Problem("ValueError", "half a ☃", ((3, "fans"), (1, "<lambda>")))
    assert len(parse_reply(reply(PICKED, ARRAYS[0], PROBLEM), ROUNDS).arrays) == 1
    assert parse_reply(reply(PROBLEM), ROUNDS).picked is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"inits2\n\0" + WHOLE[8:], "cannot be read"),
        (reply(PICKED, *ARRAYS, ARRAYS[2]), "the unknown part 97"),
        (reply(PICKED, *ARRAYS, ODD), "the unknown part 111"),
        (reply(PICKED, PICKED, *ARRAYS), "the unknown part 112"),
        (reply(PICKED, PROBLEM, PROBLEM), "the unknown part 101"),
        (reply(PICKED, b"\0", *ARRAYS), "the unknown part 0"),
        (WHOLE + b"\0", "1 bytes too long"),
        (WHOLE + WHOLE, f"{len(WHOLE)} bytes too long"),
        (reply(PICKED, *ARRAYS[:2]), "returned 2 of 3 arrays"),
        (reply(*ARRAYS), "returned 3 of 3 arrays"),
        (reply(PICKED, ARRAYS[0][:-1]), "in the middle"),
        (reply(PICKED, b"o" + struct.pack("<H", 65_535)), "in the middle"),
        (reply(PICKED, b"o" + struct.pack("<HB", 0, 255)), "in the middle"),
        *((WHOLE[:end], "in the middle") for end in range(len(WHOLE))),
    ],
)
def test_invalid_and_incomplete_replies_are_refused_with_a_reason(data, words):
    with pytest.raises(ReplyError) as caught:
        parse_reply(data, ROUNDS)
    assert words in str(caught.value)
    assert str(caught.value).endswith("un again.")


@st.composite
def damaged(draw):
    data = bytearray(WHOLE)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(data) - 1))
        data[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
        data = data or bytearray(b"x")
    return bytes(data)


parts = st.lists(st.sampled_from([PICKED, *ARRAYS, ODD, PROBLEM, b"."]), max_size=9)
garbage = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(lambda data: wire.MAGIC + data),
    st.tuples(parts, st.booleans()).map(lambda both: wire.MAGIC + b"".join(both[0]) + b"." * both[1]),
    damaged(),
)


@given(st.lists(garbage, min_size=3, max_size=3))
def test_garbage_parts_in_any_order_and_damaged_replies_are_refused_or_read(replies):
    for data in replies:
        try:
            found = parse_reply(data, ROUNDS)
        except ReplyError:
            continue
        for one, values in zip(found.arrays, VALUES, strict=False):
            assert one.requested == values.shape
            if one.values is not None:
                assert (one.values.shape, one.values.dtype) == (values.shape, np.float32)
        assert len(found.arrays) <= 3
        assert found.problem or (found.picked and len(found.arrays) == 3)


@pytest.mark.parametrize(
    "part",
    [
        b"a" + struct.pack("<H", 7) + b"float32",
        b"o" + struct.pack("<H", 7) + b"float32" + b"\xff" + b"\xff" * 100,
        b"e" + struct.pack("<H", 65_535),
        b"e" + b"\0\0\0\0\xff" + b"\xff" * 100,
    ],
)
def test_huge_lengths_are_refused_before_memory_is_allocated(part):
    tracemalloc.start()
    for shape in ((10_000, 4_000), (2**31, 2**31, 2**31)):
        with pytest.raises(ReplyError, match="in the middle"):
            parse_reply(wire.MAGIC + PICKED + part, [((shape, 0),)])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000


def test_no_valid_reply_exceeds_the_longest_reply():
    long = "x" * 100_000
    parts = [wire.picked(long, long, [long]), wire.problem(long, long, [(1, long)] * 1000)]
    for values in (*VALUES, np.zeros((1,) * 12)):
        parts += [wire.array(values.shape, values), wire.array((9, 9), values)]
    assert len(reply(*parts)) <= wire.longest_reply(ROUNDS)
    assert wire.longest_reply(ROUNDS) <= wire.OVERHEAD + 4 * (6 + 1 + 4)
