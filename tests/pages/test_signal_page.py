"""The answer, the address and the placed starts of the Signal page, without a browser."""

import numpy as np
import pytest

from inits.experiments.network import Network
from inits.initializers.laws import Law
from inits.theory.signal_regime import SignalRegime, Trend
from pages.parts.experiment.cards import card, numbered, parse_cards
from pages.parts.signal.builder import SIGNAL, VARIOUS, common_variance, with_variance
from pages.parts.signal.phase_plane import CLICKED, at
from pages.parts.signal.summary import _beside, answer

KEPT = Trend("kept", None, 1.0)


def choices(starts: str, **changes: str):
    return SIGNAL.parse({"starts": starts, **changes}).choices


def answer_for(*regimes: SignalRegime | None) -> str:
    names = ("HeNormal", "GlorotUniform", "LecunNormal")[: len(regimes)]
    return answer(choices(";".join(names)), regimes)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (SignalRegime(KEPT, KEPT, None), "**HeNormal** keeps the signal."),
        (SignalRegime(Trend("faded", None, 0.216), KEPT, None), "**HeNormal** fades to **22%**."),
        (SignalRegime(Trend("grown", None, 41.3), KEPT, None), "**HeNormal** grows by a factor of **41**."),
        (SignalRegime(Trend("faded", None, 0.216), Trend("faded", None, 0.27), None),
         "**HeNormal** fades to **22%**, and its gradients fade to **27%**."),
        (SignalRegime(KEPT, Trend("grown", None, 12.0), None),
         "**HeNormal** keeps the signal, but its gradients grow by a factor of **12**."),
        (SignalRegime(Trend("vanished", 5, 0.0), Trend("vanished", 3, 0.0), None),
         "**HeNormal** vanishes by layer **5**, and its gradients with it."),
        (SignalRegime(Trend("vanished", 5, 0.0), KEPT, None), "**HeNormal** vanishes by layer **5**."),
        (SignalRegime(Trend("exploded", 2, 9e9), KEPT, None), "**HeNormal** explodes from layer **2** on."),
        (SignalRegime(Trend("nan", 7, np.nan), KEPT, None), "**HeNormal** becomes NaN at layer **7**."),
        (SignalRegime(KEPT, Trend("exploded", 4, 1e9), 6),
         "**HeNormal** keeps the signal, but its gradients explode from layer **4** down and different images become "
         "alike from layer **6** on."),
    ],
)  # fmt: skip
def test_answer_for_one_start(one, words):
    assert answer_for(one) == f"Through 10 tanh layers, {words}"


def test_starts_in_one_regime_share_a_clause():
    gone = [SignalRegime(Trend("vanished", layer, 0.0), Trend("vanished", 3, 0.0), None) for layer in (12, 9)]
    assert answer_for(gone[0], SignalRegime(KEPT, KEPT, None), gone[1]) == (
        "Through 10 tanh layers, **HeNormal** and **LecunNormal** vanish by layers **12** and **9**, and their "
        "gradients with them; **GlorotUniform** keeps the signal."
    )


@pytest.mark.parametrize(
    ("layers", "words"),
    [((1,), "its gradients vanish in layer **1**"), ((2,), "its gradients vanish from layer **2** down"),
     ((1, 1), "their gradients vanish in layer **1**"),
     ((2, 1), "their gradients vanish from layers **2** and **1** down"),
     ((3, 1, 2), "their gradients vanish from layers **1** to **3** down")],
)  # fmt: skip
def test_layers_in_which_gradients_vanish(layers, words):
    """A gradient comes from the output: what is lost in layer 2 is lost in layer 1 as well, and nothing is below it."""
    regimes = [SignalRegime(KEPT, Trend("vanished", layer, 0.0), None) for layer in layers]
    assert answer_for(*regimes).endswith(f", but {words}.")


@pytest.mark.parametrize(
    ("theory", "found", "words"),
    [
        (Trend("faded", None, 0.21), Trend("faded", None, 0.24), "fading, as predicted"),
        (Trend("faded", None, 0.001), Trend("faded", None, 0.24),
         "predicted fading (×0.001), measured fading (×0.24)"),
        (KEPT, Trend("grown", None, 13.0), "predicted alive at layer 10 (×1.00), measured growing (×13)"),
        (KEPT, Trend("faded", None, 0.3), "predicted alive at layer 10, measured fading"),
        (Trend("vanished", 4, 1e-20), Trend("vanished", 4, 1e-22), "vanished by layer 4, as predicted"),
        (Trend("vanished", 4, 1e-4), Trend("vanished", 4, 1e-9),
         "predicted vanished by layer 4 (×0.0001), measured vanished by layer 4 (×1·10⁻⁹)"),
        (Trend("exploded", 3, np.inf), Trend("exploded", 3, 1e35), "exploded from layer 3, as predicted"),
        (Trend("nan", 3, np.nan), Trend("nan", 3, np.nan), "NaN from layer 3, as predicted"),
    ],
)  # fmt: skip
def test_as_predicted_is_said_only_of_numbers_that_agree(theory, found, words):
    assert _beside(SignalRegime(theory, KEPT, None), SignalRegime(found, KEPT, None), 10) == words


def test_a_gradient_that_theory_gets_wrong_is_named():
    grown = [SignalRegime(KEPT, Trend("grown", None, ratio), None) for ratio in (12.0, 900.0)]
    assert _beside(*grown, 10) == (
        "predicted gradients growing (gradients ×12), measured gradients growing (gradients ×900)"
    )


def test_starts_without_a_regime_are_left_out():
    words = "Through 10 tanh layers, **GlorotUniform** keeps the signal."
    assert answer_for(None, SignalRegime(KEPT, KEPT, None)) == words
    assert "as soon as Keras has drawn" in answer_for(None)


def test_address_round_trip():
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


def test_bias_variance_of_all_cards():
    cards = with_variance(numbered([card("HeNormal"), card("Zeros")]), 0.04)
    assert {str(one.start.bias) for one in cards} == {"RandomNormal(mean=0.0, stddev=0.2)"}
    assert [str(one.start.kernel) for one in cards] == ["HeNormal()", "Zeros()"]
    assert common_variance(cards) == "0.04"
    assert common_variance(with_variance(cards, 0.0)) == "0"
    assert common_variance((cards[0], card("HeNormal"))) == VARIOUS
    assert common_variance(parse_cards("HeNormal|Ones()")) == VARIOUS


def test_a_placed_start_has_the_variances_of_its_place():
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
