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
    """None for a name of nothing but signs that are left out."""
    if name.replace(":", " ").split():
        return PastedSpec(name, code)
    with pytest.raises(SpecError, match="must have a letter"):
        PastedSpec(name, code)
    return None


def linked(data: bytes, name: str = "mine") -> str:
    return f"code:{name}:{base64.urlsafe_b64encode(data).decode().rstrip('=')}"


@given(names, codes)
@example("a" * 39 + " b", "\r\n\t x = '\x00'\r")
def test_the_text_holds_all_of_it(name, code):
    spec = pasted(name, code)
    if spec is not None:
        assert PastedSpec.parse(str(spec)) == parse_kernel(str(spec)) == spec
        assert str(PastedSpec.parse(str(spec))) == str(spec)
        assert spec.source == code
        assert not set(str(spec)) & set(";|<>\n\r\t")
        assert str(spec).count(":") == 2


@given(names)
def test_names_are_one_line_without_signs_that_part_starts(name):
    spec = pasted(name, CODE)
    if spec is not None:
        assert 1 <= len(spec.name) <= LONGEST_NAME
        assert spec.name == " ".join(spec.name.split())
        assert PastedSpec(spec.name, CODE) == spec


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("He, by hand", "He, by hand"),
        ("  two\n lines\t", "two lines"),
        ("a:b;c|d", "a b,c/d"),
        ("<b>bold</b>", "‹b›bold‹/b›"),
        ("é" * 50, "é" * 40),
        ("a" * 39 + "  " + "b" * 9, "a" * 39),
    ],
)
def test_names_are_cleaned(name, kept):
    assert PastedSpec(name, CODE).name == kept


@pytest.mark.parametrize("name", ["", " \n", ":", ": : :"])
def test_a_name_of_nothing_is_refused(name):
    with pytest.raises(SpecError, match="must have a letter"):
        PastedSpec(name, CODE)


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


@given(st.text(max_size=100))
def test_any_text_gives_a_name(text):
    name = name_of(text)
    assert PastedSpec(name, CODE).name == name


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
        with pytest.raises(SpecError) as caught:
            refuse(code)
        assert words in str(caught.value)


@pytest.mark.parametrize("unit", ["x", "é", "☃"])
def test_the_longest_code_goes_through_a_link(unit):
    code = unit * (MAX_CODE // len(unit.encode()))
    assert check_code(code) == code
    assert PastedSpec.parse(str(PastedSpec("mine", code))).source == code


def test_code_that_does_not_shrink_goes_through_a_link():
    rng = np.random.default_rng(0)
    code = "".join(map(chr, rng.integers(32, 127, MAX_CODE)))
    assert PastedSpec.parse(str(PastedSpec("mine", code))).source == code


WHOLE = zlib.compress(CODE.encode())


@pytest.mark.parametrize(
    "text",
    [
        "code:mine",
        "code:mine:",
        "code:mine:?",
        "code:mine:é☃",
        "code:mine:AAAA",
        "code:mine:A",
        str(SPEC)[:-1],
        str(SPEC)[:-8],
        str(SPEC)[:20] + "!" + str(SPEC)[21:],
        linked(WHOLE[:-1]),
        linked(WHOLE[:-6] + b"\0\0\0\0\0\0"),
        linked(WHOLE[2:]),
        linked(zlib.compress(b"\xff\xfe")),
        linked(b""),
    ],
)
def test_a_damaged_link_is_refused_in_words(text):
    with pytest.raises(SpecError) as caught:
        parse_kernel(text)
    assert str(caught.value).startswith("The code in this link is damaged: ")
    assert str(caught.value).endswith("Copy the link again.")


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


@pytest.mark.parametrize("text", ["", "mine", "HeNormal()", "cod:mine:AAAA"])
def test_another_text_is_no_pasted_code(text):
    with pytest.raises(SpecError):
        PastedSpec.parse(text)


def test_what_has_no_mark_is_one_of_keras():
    assert parse_kernel("he_normal") == InitializerSpec("HeNormal")
    with pytest.raises(SpecError):
        parse_kernel(None)
    with pytest.raises(SpecError):
        InitializerSpec.parse(str(SPEC))


def test_of_code_no_law_is_known():
    assert SPEC.law((784, 10)) is None
    assert SPEC.fans((3, 3, 16, 32)) == (144, 288)
    assert SPEC.check_shape([784, 10]) == (784, 10)
    assert SPEC.code() == CODE
    with pytest.raises(ShapeError):
        SPEC.check_shape((0, 10))
    assert "is not known" in SPEC.formula((784, 10))


def test_codes_share_their_draws_with_nothing():
    other = PastedSpec("mine", CODE + "#")
    assert len({SPEC.family, other.family, InitializerSpec("HeNormal").family}) == 3


BIAS = InitializerSpec.parse("Constant(value=0.5)")
specs = st.builds(pasted, names, codes).filter(bool)
kernels = specs | st.sampled_from([InitializerSpec("HeNormal"), InitializerSpec.parse("Orthogonal(gain=2)")])
starts = st.builds(Start, kernels, st.sampled_from([InitializerSpec("Zeros"), BIAS]))


@given(st.lists(starts, min_size=1, max_size=8))
def test_an_experiment_holds_it(some):
    experiment = Experiment(tuple(some), seeds=(1, 2))
    again = Experiment.from_json(experiment.to_json())
    assert again == experiment
    assert again.key == experiment.key


@given(st.lists(starts, min_size=1, max_size=8), st.text(max_size=20))
def test_cards_hold_it(some, text):
    cards = tuple(Card(start, slot=slot) for slot, start in enumerate(some))
    assert parse_cards(format_cards(cards)) == cards


def test_cards_call_it_by_its_name():
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


@pytest.mark.parametrize("kernel", ["code:mine:AAAA", "code:", 7, None])
def test_an_experiment_with_a_damaged_start_is_refused(kernel):
    text = Experiment((Start(InitializerSpec("HeNormal")),)).to_json()
    damaged = text.replace('"HeNormal()"', {7: "7", None: "null"}.get(kernel, f'"{kernel}"'))
    assert damaged != text
    with pytest.raises(SpecError):
        Experiment.from_json(damaged)
