"""The lessons: guided experiments, each one entry of LESSONS; `docs/lessons.py` makes their pictures."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from inits.experiments.pasted import PastedSpec
from inits.experiments.weight_source import parse_kernel
from pages.parts.lessons.steps import Step

PICTURES = Path(__file__).with_name("lessons.json")
PictureKind = Literal["accuracy", "power", "singular values", "densities", "layer pairs", "sweep"]


@dataclass(frozen=True)
class Lesson(Step):
    """Guided experiment.

    Attributes:
        question: what it asks.
        caption: how to read its picture.
        alt: its picture in words.
        picture: what its picture shows: a key of `PAINTERS` in `docs/lessons.py`.
    """

    question: str
    caption: str
    alt: str
    picture: PictureKind = "accuracy"


def _starts(*texts: str) -> str:
    """Return starts as the address holds them; each text is a kernel, with its name after "|" if it has one."""
    parts = [text.partition("|") for text in texts]
    return ";".join(str(parse_kernel(kernel)) + (f"||{name}" if name else "") for kernel, _, name in parts)


ONE_SEED = PastedSpec(
    "shared",
    """import keras

# One instance with a seed, used for every layer.
shared = keras.initializers.HeNormal(seed=1)
""",
)

LESSONS = (
    Lesson(
        key="symmetry",
        title="Zeros and symmetry",
        question="Why must weights be random at all?",
        task="Press **Run**. When the run has ended, press **Look inside** and select the constant.",
        look_for="Which accuracies rise above guessing (10%), and how alike the pictured units of the constant are.",
        page="train",
        state={"starts": _starts("Zeros", "Constant(value=0.05)", "HeNormal"), "hidden": "2 × 64"},
        answer="With zeros and with the constant, accuracy on MNIST stays at **11%**, the share of its most frequent "
        "digit. A kernel between kernels of zeros has a gradient of zero, so no kernel changes. With a constant, all "
        "64 units of a layer receive the same gradient and remain copies of one unit. Random weights break this "
        "symmetry: HeNormal reaches about **94%**.",
        caption="Accuracy over one epoch. Dotted: guessing.",
        alt="Accuracy over one epoch: zeros and the constant keep guessing, HeNormal rises.",
    ),
    Lesson(
        key="scale",
        title="Too small, right, too large",
        question="How much does the scale of the weights matter?",
        task="Press **Run**, then set **Hidden layers** to 128 and run again.",
        look_for="The first loss of each start, and which starts still learn with one hidden layer.",
        page="train",
        state={
            "starts": _starts(
                "VarianceScaling(scale=0.2)|Too small",
                "VarianceScaling(scale=2.0)|Right for ReLU",
                "VarianceScaling(scale=8.0)|Too large",
            )
        },
        answer="ReLU halves the strength of a signal, so each layer multiplies it by σ_w² / 2. With σ_w² = 2 the "
        "factor is 1, and accuracy on MNIST reaches about **95%**. With 0.2 each layer keeps a tenth of the strength, "
        "and accuracy stays at **11%**. With 8 the strength quadruples in each layer: the loss begins near **100** and "
        "soon becomes NaN. With one hidden layer all three learn.",
        caption="Accuracy over one epoch. Dotted: guessing. Cross: the loss became NaN.",
        alt="Accuracy over one epoch: the small scale keeps guessing, the right one rises, the large one ends early.",
    ),
    Lesson(
        key="depth",
        title="He versus Glorot at depth",
        question="Does a factor of two in the variance matter?",
        task="Press **Run**. Then set **Hidden layers** to 6 × 128 and run again.",
        look_for="The final accuracy of GlorotNormal with 30 layers, and with 6.",
        page="train",
        state={
            "starts": _starts("GlorotNormal", "HeNormal"),
            "hidden": "30 × 128",
            "optimizer": "SGD(learning_rate=0.02, momentum=0.0, nesterov=False)",
        },
        answer="Between layers of equal width both draw the same random numbers here, HeNormal's $\\sqrt{2}$ times as "
        "large. ReLU halves the strength of a signal, which He corrects for and Glorot does not. From layer 1 "
        "to layer 30 it leaves $2^{-29}$ of the strength, and accuracy on MNIST stays at **11%**, while HeNormal "
        "reaches about **92%**. With 6 layers both learn.",
        caption="Accuracy over one epoch of 30 ReLU layers. Dotted: guessing.",
        alt="Accuracy over one epoch of 30 layers: GlorotNormal keeps guessing, HeNormal rises.",
    ),
    Lesson(
        key="trap",
        title="The 0.05 trap",
        question="What do RandomNormal and RandomUniform do with their default scale?",
        task="Read the first picture from left to right. Then press **Train**, and **Train these**.",
        look_for="How much of each start's signal is left in layer 1, and in layer 10.",
        page="signal",
        state={"starts": _starts("RandomNormal", "RandomUniform", "HeNormal"), "activation": "relu"},
        answer="The default scale of both is 0.05, regardless of fan_in. With 784 inputs σ_w² = 784 × 0.05² = "
        "**1.96**, by coincidence nearly the 2 of He. With 128 inputs it is **0.32**, and **0.11** for the uniform "
        "distribution. ReLU halves that, so less than **10⁻⁷** of the strength in layer 1 is left in layer 10, and "
        "neither start learns.",
        picture="power",
        caption="Strength of the pre-activations by layer, log scale. Lines: theory.",
        alt="Strength by layer, log scale: HeNormal stays level, RandomNormal and RandomUniform fall by many decades.",
    ),
    Lesson(
        key="truncated",
        title="TruncatedNormal versus HeNormal",
        question="Both are truncated normal distributions for a std of 0.125. Which one has it?",
        task="Note the measured std. Then select HeNormal as the **Initializer**; shape and seed stay the same.",
        look_for="The std in the table, and where the density is cut off.",
        page="explore",
        state={"init": str(parse_kernel("TruncatedNormal(stddev=0.125)")), "shape": "128x128"},
        answer="TruncatedNormal cuts off at two standard deviations and does not correct for it: its std is **0.11**, "
        "0.88 times its stddev argument. HeNormal corrects for the truncation, so its std is √(2 / 128) = **0.125**. "
        "With the same seed it draws the same numbers, 1.14 times as large. Through 20 ReLU layers TruncatedNormal "
        "keeps about **0.8%** of the strength.",
        picture="densities",
        caption="Weights of a 128 × 128 kernel, same seed.",
        alt="Two histograms of weights: that of TruncatedNormal is narrower than that of HeNormal.",
    ),
    Lesson(
        key="seed",
        title="One seeded instance, used twice",
        question="What do layers have in common that share one initializer with a seed?",
        task="Read the checks. Remove seed=1 and press **Run**; then write seed=keras.random.SeedGenerator(1).",
        look_for="The check **Layers differ** after each run.",
        page="custom",
        state={"init": str(ONE_SEED)},
        answer="An instance takes its seed once, when it is created, and returns the same values at every call: layers "
        "of equal shape start **equal**, others start with the same draws at another scale. Without seed=1 it chooses "
        "one seed itself, and **nothing changes**. A SeedGenerator advances at every call. Keras gives no warning, and "
        "the network may still learn, but its layers are one draw instead of several.",
        picture="layer pairs",
        caption="Weights of layer 2 (across) against those of layer 3 (up).",
        alt="Weights of two layers against each other: on the diagonal with seed=1, a cloud with a SeedGenerator.",
    ),
    Lesson(
        key="orthogonal",
        title="Orthogonal spectra",
        question="Which directions does a deep network stretch, and which does it shrink?",
        task="Scroll to the singular values of the Jacobian. Then set **Activation** to tanh.",
        look_for="How far apart the largest and the smallest singular value of each start are.",
        page="signal",
        state={"starts": _starts("Orthogonal", "LecunNormal"), "hidden": "20 × 128", "activation": "linear"},
        answer="Orthogonal kernels rotate without stretching, and so does their product: all ten singular values are "
        "**1**. Those of LecunNormal are 1 only on average: after 20 layers the largest is about **ten times** the "
        "smallest. tanh spreads both, and Orthogonal keeps the narrower range.",
        picture="singular values",
        caption="The ten singular values of 20 linear layers, largest first. Dotted: 1.",
        alt="Singular values of 20 layers: level at 1 for Orthogonal, falling from above 2 towards 0 for LecunNormal.",
    ),
    Lesson(
        key="sigmoid",
        title="Sigmoid at depth",
        question="Why did deep sigmoid networks not learn?",
        task="Press **Run**. Then set **Activation** to tanh and run again.",
        look_for="The smallest scale with which each depth learns.",
        page="sweep",
        state={
            "vary": "scale",
            "low": "0.5",
            "high": "50",
            "values": "7",
            "depth": "5",
            "activation": "sigmoid",
        },
        answer="The slope of a sigmoid is at most 1/4, so a layer passes on at most σ_w² / 16 of a squared gradient. "
        "One layer learns with any scale. Five layers need a large one: with about 1, the scale of Glorot and LeCun, "
        "accuracy on MNIST stays at **11%**; with 23 it reaches about **86%**. The slope of tanh is up to 1: with tanh "
        "the whole map learns.",
        picture="sweep",
        caption="Accuracy after one epoch. Across: depth 1 to 5. Up: scale 0.5 to 50. Filled: high.",
        alt="A map of accuracy: one layer learns with any scale, five layers only with the largest.",
    ),
    Lesson(
        key="pretrained",
        title="Pretrained, shuffled, Gaussian",
        question="What helps in trained weights: the values, or only their scale?",
        task="Wait until a network has been trained for you; its weights are then three starts. Press **Run**.",
        look_for="The first accuracy of each start, then the last.",
        page="train",
        state={"starts": _starts("GlorotUniform"), "hidden": "2 × 128"},
        answer="The values. As saved, the weights begin at about **92%** on MNIST and end at about **96%**. The same "
        "values in another order begin by guessing, and so does a Gaussian of their mean and std. Both end at about "
        "**95%**, hardly better than a new start: what training learned is in the order of the weights, not in their "
        "scale.",
        caption="Accuracy over one more epoch. Dotted: guessing.",
        alt="Accuracy over one epoch: as saved begins high, shuffled and Gaussian begin by guessing and rise alike.",
        pretrain=True,
    ),
    Lesson(
        key="lsuv",
        title="LSUV for any activation",
        question="What if there is no formula for your activation?",
        task="Press **Run**. When the run has ended, unfold **Network**.",
        look_for="When each start rises above guessing (10%), and the factors that LSUV has found.",
        page="train",
        state={"starts": _starts("GlorotUniform", "HeNormal", "LSUV"), "hidden": "15 × 64", "activation": "silu"},
        answer="SiLU loses more strength than ReLU. Through 15 layers GlorotUniform stays at **11%** on MNIST, and "
        "HeNormal, made for ReLU, learns late. LSUV needs no formula: it scales each layer until its outputs for the "
        "first batch have variance 1. It learns from the first steps on and reaches about **93%**.",
        caption="Accuracy over one epoch of 15 SiLU layers. Dotted: guessing.",
        alt="Accuracy over one epoch of 15 layers: GlorotUniform keeps guessing, HeNormal learns late, LSUV first.",
    ),
)  # fmt: skip


@cache
def pictures() -> Mapping[str, Any]:
    """Return the pictures of the lessons by key, as `docs/lessons.py` has written them."""
    found: dict[str, Any] = json.loads(PICTURES.read_text(encoding="utf-8"))
    return found
