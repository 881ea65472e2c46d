"""The headline, the badge, the code and the table of Choose agree for every combination of answers."""

import ast
from itertools import product

import pytest

from inits.text import times
from inits.theory.recommendation import NORMALIZATIONS, OPTIMIZERS, recommend
from pages.parts.choose.questions import WEIGHTS, Answers
from pages.parts.choose.views import by_activation, chip, keras_code, summary

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
    best, headline, (badge, _, colour) = advice.best, summary(task, advice), chip(task, advice.best)
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
    if colour == "green":
        assert badge == "Keeps the signal"
        assert not any(words in headline for words in ("weakens", "but", "and the"))
    if answers.normalization != "none":
        assert "keeps its strength (**×1.00**)" in headline
        assert (colour != "green") == ("the squared gradient" in headline)


def test_numbers_of_deep_networks_with_normalization():
    """pi / (pi - 1) per layer, Yang et al. 2019; layer normalization of ReLU keeps the gradient."""
    batch, layer = (Answers("relu", 50, 64, name, "SGD", "no").task() for name in ("batch", "layer"))
    assert "the squared gradient grows (×1.4·10⁸)" in summary(batch, recommend(batch))
    assert chip(batch, recommend(batch).best)[0] == "The gradient grows"
    assert summary(layer, recommend(layer)).endswith("the signal keeps its strength (**×1.00**).")


def test_the_table_by_activation_follows_the_normalization():
    table = by_activation("batch")
    assert set(table["recommended"]) == {"GlorotUniform"}
    assert table["χ"][table["activation"].index("ReLU")] == "1.47"
    assert "σ_w²" not in table
