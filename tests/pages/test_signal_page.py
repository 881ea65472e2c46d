"""What the Signal page says and carries, without a browser."""

import numpy as np
import pytest

from inits.experiments.network import Network
from inits.initializers.laws import Law
from inits.theory.signal_regime import SignalRegime, Trend
from pages.parts.experiment.cards import card, numbered, parse_cards
from pages.parts.signal.builder import SIGNAL, VARIOUS, common_variance, with_variance
from pages.parts.signal.phase_plane import CLICKED, at
from pages.parts.signal.summary import answer

KEPT = Trend("kept", None, 1.0)


def choices(starts: str, **changes: str):
    return SIGNAL.parse({"starts": starts, **changes}).choices


def said(*fates: SignalRegime | None) -> str:
    names = ("HeNormal", "GlorotUniform", "LecunNormal")[: len(fates)]
    return answer(choices(";".join(names)), fates)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (SignalRegime(KEPT, KEPT, None), "**HeNormal** keeps the signal."),
        (SignalRegime(Trend("faded", None, 0.216), KEPT, None), "**HeNormal** fades to **22%**."),
        (SignalRegime(Trend("grown", None, 41.3), KEPT, None), "**HeNormal** grows **41** times."),
        (SignalRegime(Trend("vanished", 5, 0.0), Trend("vanished", 3, 0.0), None),
         "**HeNormal** is gone by layer **5**, and its gradients with it."),
        (SignalRegime(Trend("vanished", 5, 0.0), KEPT, None), "**HeNormal** is gone by layer **5**."),
        (SignalRegime(Trend("exploded", 2, 9e9), KEPT, None), "**HeNormal** explodes from layer **2** on."),
        (SignalRegime(Trend("nan", 7, np.nan), KEPT, None), "**HeNormal** stops being a number at layer **7**."),
        (SignalRegime(KEPT, Trend("exploded", 4, 1e9), 6),
         "**HeNormal** keeps the signal, but its gradients explode below layer **4** and two digits look alike from "
         "layer **6** on."),
    ],
)  # fmt: skip
def test_what_becomes_of_one_start(one, words):
    assert said(one) == f"Through 10 tanh layers, {words}"


def test_starts_that_fare_alike_share_a_clause():
    gone = [SignalRegime(Trend("vanished", layer, 0.0), Trend("vanished", 3, 0.0), None) for layer in (12, 9)]
    assert said(gone[0], SignalRegime(KEPT, KEPT, None), gone[1]) == (
        "Through 10 tanh layers, **HeNormal** and **LecunNormal** are gone by layer **9** to **12**, and their "
        "gradients with them; **GlorotUniform** keeps the signal."
    )


def test_what_is_not_known_yet_is_left_out():
    assert (
        said(None, SignalRegime(KEPT, KEPT, None))
        == "Through 10 tanh layers, **GlorotUniform** keeps the signal."
    )
    assert "as soon as Keras has drawn" in said(None)


def test_the_address_holds_everything():
    kept = {
        "starts": "Orthogonal(gain=2.0)|RandomNormal(mean=0.0, stddev=0.1)|mine",
        "hidden": "50 × 64",
        "activation": "gelu",
        "images": "100",
        "seed": "7",
        "seeds": "4",
        "data": "digits",
        "view": "cosines",
    }
    shown = SIGNAL.parse(kept)
    assert SIGNAL.format(shown) == kept
    assert shown.choices.network == Network((64,) * 50, "gelu")


def test_biases_of_a_variance():
    cards = with_variance(numbered([card("HeNormal"), card("Zeros")]), 0.04)
    assert {str(one.start.bias) for one in cards} == {"RandomNormal(mean=0.0, stddev=0.2)"}
    assert [str(one.start.kernel) for one in cards] == ["HeNormal()", "Zeros()"]
    assert common_variance(cards) == "0.04"
    assert common_variance(with_variance(cards, 0.0)) == "0"
    assert common_variance((cards[0], card("HeNormal"))) == VARIOUS
    assert common_variance(parse_cards("HeNormal|Ones()")) == VARIOUS


def test_a_place_on_the_plane_is_a_start_with_these_variances():
    for w, b in ((1.4949, 0.2375), (103.2, 0.0)):
        one = at(w, b)
        law: Law | None = one.start.kernel.law((300, 40))
        bias = one.start.bias.law((40,))
        assert law is not None
        assert bias is not None
        assert 300 * law.std**2 == pytest.approx(w, rel=0.005)
        assert bias.std**2 == pytest.approx(b, rel=0.01)
        assert CLICKED.fullmatch(one.name)
    assert parse_cards(f"{one.start.kernel}|{one.start.bias}|{one.name}")[0].start == one.start
