"""The headline, the badge, the code and the table of Choose agree for every combination of answers."""

import ast
import re
from itertools import product

import pytest

from inits.initializers.spec import InitializerSpec
from inits.text import times
from inits.theory.options import NORMALIZATIONS, OPTIMIZERS, Option, Task
from inits.theory.recommendation import NAMED, recommend
from inits.theory.signal_regime import VERBS, SignalRegime, Trend
from inits.theory.signal_theory import TYPICAL_INPUTS
from pages.parts.choose.questions import KNOWN, WEIGHTS, Answers
from pages.parts.choose.views import badges, by_activation, change, effect, keras_code, source, summary
from pages.parts.page.notes import BADGES
from pages.parts.signal.builder import SIGNAL
from pages.parts.signal.summary import answer

SIZES = [("relu", 1), ("relu", 20), ("tanh", 6), ("sigmoid", 6), ("selu", 6)]
ANSWERS = [
    Answers(activation, depth, 64, *rest)
    for (activation, depth), *rest in product(SIZES, NORMALIZATIONS, OPTIMIZERS, WEIGHTS)
]


def layers_of(code: str) -> list[tuple[str, dict[str, object]]]:
    """Return the layers that the code builds: their class and their keywords."""
    (found,) = ast.parse(f"[{code}]").body
    assert isinstance(found, ast.Expr) and isinstance(found.value, ast.List)  # noqa: PT018
    return [
        (ast.unparse(call.func), {word.arg: ast.unparse(word.value) for word in call.keywords})
        for call in found.value.elts
        if isinstance(call, ast.Call)
    ]


@pytest.mark.parametrize("answers", ANSWERS, ids=lambda answers: "-".join(map(str, answers)))
def test_headline_badge_and_code_agree(answers):
    task = answers.task()
    advice = recommend(task)
    best, headline = advice.best, summary(task, advice)
    layers = layers_of(keras_code(task, best))
    dense, keywords = layers[0]
    assert dense == "keras.layers.Dense"
    assert keywords["kernel_initializer"].startswith(f"keras.initializers.{best.kernel.name}(")
    if answers.normalization == "none":
        assert len(layers) == 1
        assert keywords["activation"] == repr(answers.activation)
        assert "use_bias" not in keywords
    else:
        norm = {"batch": "BatchNormalization", "layer": "LayerNormalization"}[answers.normalization]
        assert [name for name, _ in layers[1:]] == [f"keras.layers.{norm}", "keras.layers.Activation"]
        assert keywords["use_bias"] == "False"
        assert "activation" not in keywords
        assert best.kernel.name == "GlorotUniform"
        assert best.forward == 1.0
        assert {(one.forward, one.backward) for one in advice.options} == {(1.0, best.backward)}
        assert "no normalization" in " ".join(advice.remarks)
        assert not any("LecunNormal" in words for words in advice.remarks)
    if answers.weights == "yes":
        assert headline.startswith("**Your pretrained weights**")
        return
    assert headline.startswith(f"**{best.kernel.name}")
    assert f"(**{times(best.forward)}**)" in headline
    assert (answers.normalization != "none") == (f"with {answers.normalization} normalization" in headline)
    if answers.normalization != "none":
        assert "the signal is kept (**×1.00**)" in headline
        assert (best.regime.severity != "kept") == ("the squared gradient" in headline)


def said(text: str) -> set[str]:
    """Return what a text says is not kept, as pairs of a thing and a verb."""
    words = text.lower().replace("*", "").replace("squared ", "")
    found = {"images alike"} if "different images become alike" in words else set()
    for thing, both in (("signal", "signal and the gradient"), ("gradient", "signal and the gradient")):
        for verb in ("fade", "vanish", "grow", "explode", "become"):
            if re.search(rf"the ({both} {verb}|{thing} {verb}(s|es))\b", words):
                found.add(f"{thing} {verb}")
    return found


def contradictions(best: Option) -> list[str]:
    """Return where headline, badge, table and the numbers disagree."""
    headline, table = change(best), effect(best)
    badge, (_, colour) = " ".join(badges(best.regime)), BADGES[best.regime.severity]
    facts = said(headline)
    return [
        name
        for name, wrong in {
            "badge": said(badge) != facts,
            "table": said(table) != facts,
            "green": {colour == "green", badge == "Keeps the signal", "keeps the signal" in table}
            != {not facts},
            "kept": ("is kept" in headline) != (not any(one.startswith("signal") for one in facts)),
            "red": (colour == "red")
            != any(one.split()[1] in ("vanish", "explode", "become") for one in facts),
        }.items()
        if wrong
    ]


@pytest.mark.parametrize("alike", [None, 3])
@pytest.mark.parametrize(("forward", "backward"), [*product(VERBS, repeat=2)])
def test_headline_badge_and_table_never_contradict_each_other(forward, backward, alike):
    """All that can become of a signal, so every activation, depth and normalization."""
    regime = SignalRegime(Trend(forward, None, 0.5), Trend(backward, None, 0.5), alike)
    best = Option(InitializerSpec("HeNormal"), 2.0, 1.0, 0.5, 0.5, 0.5, 0.0, regime)
    assert contradictions(best) == []
    assert len(said(change(best))) == (forward != "kept") + (backward != "kept") + (alike is not None)
    clause = answer(SIGNAL.parse({"starts": "HeNormal"}).choices, [regime])
    assert VERBS[forward][0] in clause


@pytest.mark.parametrize("depth", [1, 2, 50])
@pytest.mark.parametrize("activation", KNOWN)
def test_three_options_and_words_that_follow_the_numbers(activation, depth):
    advice, other = (recommend(Task(activation, depth, 32, optimizer=one)) for one in OPTIMIZERS)
    assert advice.options == other.options, "the optimizer changes only the remarks"
    assert len({str(one.kernel) for one in advice.options}) == 3
    assert {one.kernel.name for one in advice.options} <= {*NAMED, "VarianceScaling"}
    assert "**" in advice.reason
    assert all(text.endswith(".") for text in (advice.reason, *advice.remarks, *other.remarks))
    best = advice.best
    facts = said(change(best))
    assert contradictions(best) == []
    for thing, factor in (("signal", best.forward), ("gradient", best.backward)):
        falls, rises = (
            {f"{thing} {one}" for one in verbs} for verbs in (("fade", "vanish"), ("grow", "explode"))
        )
        assert bool(facts & falls) == (factor < 1 / 3)
        assert bool(facts & rises) == (factor > 10)
    cosine = 1 - (1 - TYPICAL_INPUTS["mnist"].pair_cosine) * best.separation
    assert ("images alike" in facts) == (cosine > 0.97)


def test_a_fitted_scale_is_computed_here():
    named, fitted = (recommend(Task(name, 6)).best for name in ("relu", "sigmoid"))
    assert source(named).startswith("Source: [He et al. 2015")
    assert source(fitted).startswith("Scale computed here by mean-field theory")
    assert "1611.01232" in source(fitted)


def test_numbers_of_deep_networks_with_normalization():
    """pi / (pi - 1) per layer, Yang et al. 2019; layer normalization of ReLU keeps the gradient."""
    batch, layer = (Answers("relu", 50, 64, name, "SGD", "no").task() for name in ("batch", "layer"))
    assert "the squared gradient explodes (×1.4·10⁸)" in summary(batch, recommend(batch))
    assert badges(recommend(batch).best.regime) == ["The gradient explodes"]
    assert summary(layer, recommend(layer)).endswith("the signal is kept (**×1.00**).")


def test_the_table_by_activation_follows_the_normalization():
    table = by_activation("batch")
    assert set(table["recommended"]) == {"GlorotUniform"}
    assert table["χ"][table["activation"].index("ReLU")] == "1.47"
    assert "σ_w²" not in table
