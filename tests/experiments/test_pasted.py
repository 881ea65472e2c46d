"""Pasted code as a start: its text in addresses and files, and what is refused before anything is run."""

import base64
import tracemalloc
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inits.errors import ShapeError, SpecError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.pasted import LONGEST_NAME, MAX_CODE, PastedSpec, check_code, name_of
from inits.experiments.weight_source import parse_kernel
from inits.initializers.spec import InitializerSpec
from pages.parts.experiment.cards import Card, format_cards, labels, parameters, parse_cards

CODE = "def init(shape):\n    return np.zeros(shape)  # σ²; a|b\n"
SPEC = PastedSpec("mine", CODE)

codes = st.text(max_size=300).filter(str.strip)
names = st.text(min_size=1, max_size=80)


def pasted(name: str, code: str) -> PastedSpec | None:
    """Return the spec; None for a name of nothing but signs that are left out."""
    if name.replace(":", " ").split():
        return PastedSpec(name, code)
    with pytest.raises(SpecError, match="must have a letter"):
        PastedSpec(name, code)
    return None


def linked(data: bytes, name: str = "mine") -> str:
    return f"code:{name}:{base64.urlsafe_b64encode(data).decode().rstrip('=')}"


@given(names, codes)
@example("a" * 39 + " b", "\r\n\t x = '\x00'\r")
def test_a_spec_has_one_text_and_a_name_of_one_line(name, code):
    spec = pasted(name, code)
    if spec is not None:
        assert PastedSpec.parse(str(spec)) == parse_kernel(str(spec)) == spec
        assert spec.source == code
        assert not set(str(spec)) & set(";|<>\n\r\t")
        assert str(spec).count(":") == 2
        assert 1 <= len(spec.name) <= LONGEST_NAME
        assert spec.name == " ".join(spec.name.split()) == PastedSpec(spec.name, code).name
    assert PastedSpec(name_of(code), CODE).name == name_of(code)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("He, by hand", "He, by hand"),
        ("  two\n lines\t", "two lines"),
        ("a:b;c|d", "a b,c/d"),
        ("<b>bold</b>", "‹b›bold‹/b›"),
        ("é" * 50, "é" * 40),
        ("a" * 39 + "  " + "b" * 9, "a" * 39),
        *((name, None) for name in ("", " \n", ":", ": : :")),
    ],
)
def test_names_are_cleaned(name, kept):
    spec = pasted(name, CODE)
    assert (spec and spec.name) == kept


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("class A: pass\nclass B:\n    class C: pass\ndef f(): pass\nx = 1", "B"),
        ("x = 1\ndef f(): pass\ndef g():\n    def h(): pass\ny = 2", "g"),
        ("x = 1\nif x:\n    def f(): pass\ny = z = 2\na.b = 3\nc, d = 4, 5", "y"),
        ("print(1)", "initializer"),
        ("def f(", "f"),
        ("\0", "initializer"),
        ("x = '\ud83d'", "x"),
        ("(" * 60_000, "initializer"),
        ("-" * 60_000 + "1", "initializer"),
        ("x" + ".a" * 30_000, "initializer"),
        ("def " + "f" * 50 + "(): pass", "f" * LONGEST_NAME),
    ],
)
def test_code_is_called_by_what_it_defines_last(code, name):
    assert name_of(code) == name


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "The code is empty"),
        (" \n\t\r\n", "The code is empty"),
        ("x" * 60_001, "at most 60,000 bytes, but got 60,001."),
        ("é" * 30_001, "but got 60,002."),
        ("x = '\ud83d'", "half a character at 5"),
    ],
)
def test_code_that_cannot_be_run_is_refused(code, words):
    for refuse in (check_code, lambda code: PastedSpec("mine", code)):
        with pytest.raises(SpecError, match=words):
            refuse(code)


def test_the_longest_code_goes_through_a_link():
    dense = "".join(map(chr, np.random.default_rng(0).integers(32, 127, MAX_CODE)))  # does not shrink
    for code in (dense, *(unit * (MAX_CODE // len(unit.encode())) for unit in "xé☃")):
        assert check_code(code) == code
        assert PastedSpec.parse(str(PastedSpec("mine", code))).source == code


WHOLE = zlib.compress(CODE.encode())


DAMAGED = [
    *(f"code:mine{data}" for data in ("", ":", ":?", ":é☃", ":AAAA", ":A")),
    *(str(SPEC)[:-1], str(SPEC)[:-8], str(SPEC)[:20] + "!" + str(SPEC)[21:]),
    *(
        linked(data)
        for data in (WHOLE[:-1], WHOLE[:-6] + bytes(6), WHOLE[2:], zlib.compress(b"\xff\xfe"), b"")
    ),
]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_link_is_refused(text):
    with pytest.raises(SpecError, match=r"^The code in this link is damaged: .* Copy the link again\.$"):
        parse_kernel(text)


@pytest.mark.parametrize("kernel", ['"code:mine:AAAA"', '"code:"', "7", "null"])
def test_an_experiment_with_a_damaged_start_is_refused(kernel):
    text = Experiment((Start(InitializerSpec("HeNormal")),)).to_json()
    assert text.count('"HeNormal()"') == 1
    with pytest.raises(SpecError):
        Experiment.from_json(text.replace('"HeNormal()"', kernel))


@given(st.data())
def test_a_link_that_was_changed_is_refused_or_read(data):
    text = list(str(SPEC))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 2))] = data.draw(st.text(max_size=2))
    try:
        spec = PastedSpec.parse("".join(text))
    except SpecError:
        return
    check_code(spec.source)


@pytest.mark.parametrize("unit", [b" x", "é".encode()])
def test_a_bomb_in_a_link_is_refused_without_unfolding_it(unit):
    text = linked(zlib.compress(unit * 50_000_000, 9))
    assert len(text) < 200_000
    tracemalloc.start()
    with pytest.raises(SpecError, match=r"at most 60,000 bytes|is damaged"):
        parse_kernel(text)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10 * (len(text) + MAX_CODE)


def test_other_texts_are_not_pasted_code():
    for text in ("", "mine", "HeNormal()", "cod:mine:AAAA"):
        with pytest.raises(SpecError):
            PastedSpec.parse(text)
    assert parse_kernel("he_normal") == InitializerSpec("HeNormal")
    for read, value in ((parse_kernel, None), (InitializerSpec.parse, str(SPEC))):
        with pytest.raises(SpecError):
            read(value)


def test_pasted_code_has_no_law_and_shares_its_draws_with_nothing():
    assert SPEC.law((784, 10)) is None
    assert SPEC.fans((3, 3, 16, 32)) == (144, 288)
    assert SPEC.check_shape([784, 10]) == (784, 10)
    assert SPEC.code() == CODE
    with pytest.raises(ShapeError):
        SPEC.check_shape((0, 10))
    assert "is not known" in SPEC.formula((784, 10))
    other = PastedSpec("mine", CODE + "#")
    assert len({SPEC.family, other.family, InitializerSpec("HeNormal").family}) == 3


BIAS = InitializerSpec.parse("Constant(value=0.5)")
specs = st.builds(pasted, names, codes).filter(bool)
kernels = specs | st.sampled_from([InitializerSpec("HeNormal"), InitializerSpec.parse("Orthogonal(gain=2)")])
starts = st.builds(Start, kernels, st.sampled_from([InitializerSpec("Zeros"), BIAS]))


@given(st.lists(starts, min_size=1, max_size=8))
def test_experiments_and_cards_read_back(some):
    experiment = Experiment(tuple(some), seeds=(1, 2))
    again = Experiment.from_json(experiment.to_json())
    assert (again, again.key) == (experiment, experiment.key)
    cards = tuple(Card(start, slot=slot) for slot, start in enumerate(some))
    assert parse_cards(format_cards(cards)) == cards


def test_cards_have_its_name():
    cards = (Card(Start(SPEC)), Card(Start(SPEC, BIAS), slot=1), Card(Start(SPEC), "my own", 2))
    assert labels(cards) == ["1 mine", "2 mine", "my own"]
    assert parameters(cards[0].start) == "your code"
    assert parameters(cards[1].start).startswith("your code; biases")


def test_another_code_is_another_experiment():
    one = Experiment((Start(SPEC),))
    others = [
        replace(one, starts=(Start(PastedSpec(name, code)),))
        for name, code in [("mine", CODE + "\n"), ("mine", CODE.replace("\n", "\r\n")), ("other", CODE)]
    ]
    assert len({experiment.key for experiment in (one, *others)}) == 4
    assert replace(one, starts=(Start(PastedSpec("mine", CODE)),)).key == one.key
