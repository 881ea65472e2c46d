"""The headline, the badge, the code and the table of Choose agree for every combination of answers."""

import ast
import re
from itertools import product

import pytest

from inits.initializers.spec import InitializerSpec
from inits.text import times
from inits.theory.options import NORMALIZATIONS, OPTIMIZERS, SENSITIVE, Option, Task, evaluate_option
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
    assert f"**{times(best.forward)}**" in headline
    assert (answers.normalization != "none") == (f"with {answers.normalization} normalization" in headline)
    if answers.normalization != "none":
        assert "the signal is kept (**×1.00**)" in headline
        assert (best.regime.severity != "kept") == ("the squared gradient" in headline)


FINE = "Keeps the signal within limits"


def said(text: str) -> set[str]:
    """Return what a text says is not kept, as pairs of a thing and a verb."""
    words = text.lower().replace("*", "").replace("squared ", "")
    found = {"images alike"} if "different images become alike" in words else set()
    found |= {SENSITIVE} if SENSITIVE in words else set()
    for thing, both in (("signal", "signal and the gradient"), ("gradient", "signal and the gradient")):
        for verb in ("fade", "vanish", "grow", "explode", "become"):
            if re.search(rf"the ({both} {verb}|{thing} {verb}(s|es))\b", words):
                found.add(f"{thing} {verb}")
    return found


def contradictions(best: Option) -> list[str]:
    """Return where headline, badge, table and the numbers disagree."""
    headline, table = change(best), effect(best)
    badge, (_, colour) = " ".join(badges(best)), BADGES[best.severity]
    facts = said(headline)
    kept = re.search(r"is kept \(|(weakens|strengthens) to [^,]+, within limits", headline)
    return [
        name
        for name, wrong in {
            "badge": said(badge) != facts,
            "table": said(table) != facts,
            "green": {colour == "green", badge == FINE, FINE.lower() in table} != {not facts},
            "kept": bool(kept) != (not any(one.startswith("signal ") for one in facts - {SENSITIVE})),
            "red": (colour == "red")
            != any(one.split()[1] in ("vanish", "explode", "become") for one in facts),
        }.items()
        if wrong
    ]


@pytest.mark.parametrize(
    ("forward", "words"),
    [(1.0, "is kept (**×1.00**)"), (0.85, "is kept (**×0.85**)"), (0.35, "weakens to **×0.35**, within limits"),
     (3.9, "strengthens to **×3.90**, within limits")],
)  # fmt: skip
def test_a_signal_within_limits_is_said_to_change(forward, words):
    regime = SignalRegime(Trend("kept", None, forward), Trend("kept", None, 1.0), None)
    best = Option(InitializerSpec("GlorotUniform"), 1.0, 1.0, forward, 1.0, 1.0, 0.0, regime)
    assert change(best) == f"the signal {words}"


def test_the_table_says_the_same_of_a_start_in_both_columns():
    """Where Keras' default is recommended, the row says that it is the same, and why it stays although it fades."""
    table = by_activation()
    for activation, best, default in zip(
        table["activation"], table["recommended"], table["Keras' default, GlorotUniform"], strict=True
    ):
        assert (best == "GlorotUniform") == default.startswith("the same, "), activation
    tanh = table["Keras' default, GlorotUniform"][table["activation"].index("tanh")]
    assert tanh.startswith("the same, as is usual: the signal and the gradient fade")
    assert effect(evaluate_option(Task("tanh", 10), InitializerSpec("GlorotUniform"))) in tanh


@pytest.mark.parametrize("depth", [10, 20, 50])
def test_a_scale_on_which_too_much_depends_is_never_green(depth):
    """GELU: at 20 layers a scale 5% larger multiplies the signal by about 40, as drawn weights may."""
    task = Task("gelu", depth)
    advice = recommend(task)
    best, remarks = advice.best, " ".join(advice.remarks)
    assert (SENSITIVE in summary(task, advice)) == (depth > 10)
    assert ("5% more multiplies it by" in remarks) == (depth > 10)
    assert (BADGES[best.severity][1] == "green") == (depth == 10)
    more = evaluate_option(task, best.kernel.replace(scale=1.05 * best.kernel.get("scale")))
    assert more.forward / best.forward == pytest.approx(best.steepness, rel=1e-6)


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
    assert badges(recommend(batch).best) == ["The gradient explodes"]
    assert summary(layer, recommend(layer)).endswith("the signal is kept (**×1.00**).")


def test_the_table_by_activation_follows_the_normalization():
    table = by_activation("batch")
    assert set(table["recommended"]) == {"GlorotUniform"}
    assert table["χ"][table["activation"].index("ReLU")] == "1.47"
    assert "σ_w²" not in table
