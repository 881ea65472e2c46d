"""Ten guided experiments. Each is one entry of data: adding a lesson is adding an entry."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from inits.experiments.pasted import PastedSpec
from inits.experiments.weight_source import parse_kernel

PICTURES = Path(__file__).with_name("lessons.json")


@dataclass(frozen=True)
class Lesson:
    """One experiment.

    Attributes:
        key: its name in the address.
        title, question: what it is about, and what it asks.
        try_, look_for: what to do on the page that it opens, and what to watch there.
        page, state: the page and what its address holds, as the page itself would write it.
        answer: folded away until it is asked for.
        caption, alt: how to read its picture, and what the picture shows to those who cannot see it.
        first: whether its state is trained first, and its starts are then made of the weights learned.
    """

    key: str
    title: str
    question: str
    try_: str
    look_for: str
    page: str
    state: Mapping[str, str]
    answer: str
    caption: str
    alt: str
    first: bool = False

    @property
    def link(self) -> str:
        """The address of its state, from the root of the app."""
        return f"/{self.page}?{urlencode(self.state, quote_via=quote)}"


def _starts(*texts: str) -> str:
    """Starts as the address holds them; each text is a kernel, and a name after "|" if it has one."""
    parts = [text.partition("|") for text in texts]
    return ";".join(str(parse_kernel(kernel)) + (f"||{name}" if name else "") for kernel, _, name in parts)


ONE_SEED = PastedSpec(
    "shared",
    """import keras

# One instance with a seed, handed to every layer.
shared = keras.initializers.HeNormal(seed=1)
""",
)

LESSONS = (
    Lesson(
        key="symmetry",
        title="Zeros and symmetry",
        question="Why must weights be random at all?",
        try_="Press Run. When it is over, press Look inside and choose the constant.",
        look_for="Which accuracies leave chance, and how many different units the constant has after "
        "training.",
        page="train",
        state={"starts": _starts("Zeros", "Constant(value=0.05)", "HeNormal"), "hidden": "2 × 64"},
        answer="Zeros and the constant stay at **11%** of MNIST, the share of its commonest digit. Zeros "
        "above and below a kernel make its gradient zero, so no kernel moves. A constant gives all 64 units "
        "of a layer the same gradient: they stay copies of one. Random weights break the tie, and HeNormal "
        "reaches **94%**.",
        caption="Accuracy over one epoch; dotted: chance.",
        alt="Accuracy over one epoch: zeros and the constant stay at chance, HeNormal climbs.",
    ),
    Lesson(
        key="scale",
        title="Too small, right, too large",
        question="How much does the scale of the weights decide?",
        try_="Press Run, then set Hidden layers to 128 and run again.",
        look_for="The first loss of each start, and which of them still learn with one layer.",
        page="train",
        state={
            "starts": _starts(
                "VarianceScaling(scale=0.2)|Too small",
                "VarianceScaling(scale=2.0)|Right for ReLU",
                "VarianceScaling(scale=8.0)|Too large",
            )
        },
        answer="ReLU halves a signal's power, so each layer multiplies it by σ_w² / 2. With 2 that is 1, "
        "and MNIST gets to **95%**. With 0.2 a tenth is left after each layer: it stays at **11%**. With 8 "
        "the power grows four times a layer: the loss begins near **100** and soon is no number. One layer "
        "forgives all three.",
        caption="Accuracy over one epoch; dotted: chance; cross: the loss is no number.",
        alt="Accuracy over one epoch: the small scale stays at chance, the right one climbs, the large one "
        "breaks off.",
    ),
    Lesson(
        key="depth",
        title="He against Glorot at depth",
        question="Does a factor of two in the variance matter?",
        try_="Press Run. Then set Hidden layers to 6 × 128 and run again.",
        look_for="Where GlorotNormal ends through 30 layers, and where through 6.",
        page="train",
        state={
            "starts": _starts("GlorotNormal", "HeNormal"),
            "hidden": "30 × 128",
            "optimizer": "SGD(learning_rate=0.02, momentum=0.0, nesterov=False)",
        },
        answer="Between layers of equal width both draw the same numbers here, HeNormal's $\\sqrt{2}$ times "
        "as large. ReLU halves the power, which He makes up for and Glorot does not: through 30 layers "
        "$2^{-29}$ of it is left, and MNIST stays at **11%**, where HeNormal reaches **91%**. Through 6 "
        "layers both learn.",
        caption="Accuracy over one epoch of 30 ReLU layers; dotted: chance.",
        alt="Accuracy over one epoch of 30 layers: GlorotNormal stays at chance, HeNormal climbs.",
    ),
    Lesson(
        key="trap",
        title="The 0.05 trap",
        question="What do Keras' RandomNormal and RandomUniform do when nobody sets their scale?",
        try_="Read the first picture from left to right. Then press Train and Train these.",
        look_for="What is left of each start's signal in layer 1, and in layer 10.",
        page="signal",
        state={"starts": _starts("RandomNormal", "RandomUniform", "HeNormal"), "activation": "relu"},
        answer="Their defaults are 0.05 whatever the fan-in. For 784 inputs σ_w² = 784 × 0.05² = **1.96**, "
        "by accident what He asks for. For 128 inputs it is **0.32**, for the uniform law **0.11**. ReLU "
        "halves that, so of the power in layer 1 less than **10⁻⁷** is left in layer 10, and neither start "
        "learns.",
        caption="Power of the pre-activations, layer by layer, log scale; lines: theory.",
        alt="Power by layer on a log scale: HeNormal stays level, RandomNormal and RandomUniform fall by "
        "many decades.",
    ),
    Lesson(
        key="truncated",
        title="TruncatedNormal against HeNormal",
        question="Both are cut normal laws, and both say 0.125. Which one keeps its word?",
        try_="Note the measured std. Then pick HeNormal as the initializer: shape and seed stay.",
        look_for="The std in the table, and where the density is cut.",
        page="explore",
        state={"init": str(parse_kernel("TruncatedNormal(stddev=0.125)")), "shape": "128x128"},
        answer="TruncatedNormal cuts at two standard deviations and leaves it there: its std is **0.11**, "
        "0.88 times what it was told. HeNormal makes up for the cut first, so its std is √(2 / 128) = "
        "**0.125**. Same seed, same numbers, 1.14 times as large: through 20 ReLU layers the short one "
        "keeps **0.8%** of the power.",
        caption="Weights of a 128 × 128 kernel, same seed.",
        alt="Two histograms of weights: that of TruncatedNormal is narrower than that of HeNormal.",
    ),
    Lesson(
        key="seed",
        title="One seeded instance, used twice",
        question="What do layers have in common that share one initializer with a seed?",
        try_="Read the checks. Take out seed=1 and press Run; then write seed=keras.random.SeedGenerator(1).",
        look_for="The check Layers differ, each time.",
        page="custom",
        state={"init": str(ONE_SEED)},
        answer="An instance takes its seed once, when it is made, and gives the same values at every call: layers "
        "of equal shape start **equal**, others begin with the same draws at another scale. Without seed=1 it picks "
        "one seed for itself, and **nothing changes**. A SeedGenerator moves on at every call. Keras warns of "
        "nothing, and the network may learn all the same: only its layers are one draw, not several.",
        caption="Weights of layer 2 (across) against those of layer 3 (up).",
        alt="Weights of two layers against each other: with seed=1 all on the diagonal, with a SeedGenerator a cloud.",
    ),
    Lesson(
        key="orthogonal",
        title="Orthogonal spectra",
        question="What does a deep network stretch, and what does it squash?",
        try_="Scroll to the singular values of the Jacobian. Then set the activation to tanh.",
        look_for="How far the largest and the smallest singular value of each start are apart.",
        page="signal",
        state={"starts": _starts("Orthogonal", "LecunNormal"), "hidden": "20 × 128", "activation": "linear"},
        answer="Orthogonal kernels turn and do not stretch, and so does their product: all ten singular "
        "values are **1**. Those of LecunNormal are 1 only on average: after 20 layers the largest is about "
        "**ten times** the smallest. tanh bends both, and Orthogonal stays the narrower one.",
        caption="The ten singular values of 20 linear layers, largest first; dotted: 1.",
        alt="Singular values of 20 layers: level at 1 for Orthogonal, falling from above 2 towards 0 for "
        "LecunNormal.",
    ),
    Lesson(
        key="sigmoid",
        title="Sigmoid at depth",
        question="Why did deep sigmoid networks not learn?",
        try_="Press Run. Then set the activation to tanh and run again.",
        look_for="From which scale on each depth leaves chance.",
        page="sweep",
        state={
            "vary": "scale",
            "low": "0.5",
            "high": "50",
            "values": "7",
            "depth": "5",
            "activation": "sigmoid",
        },
        answer="A sigmoid's slope is at most 1/4, so a layer leaves at most σ_w² / 16 of a squared "
        "gradient. One layer learns with any scale. Five need a large one: with about 1, the scale of "
        "Glorot and LeCun, MNIST stays at **11%**; with 23 it gets to **86%**. The slope of tanh is up to "
        "1: there the whole map learns.",
        caption="Accuracy after one epoch: depth 1 to 5 across, scale 0.5 to 50 up; full: high.",
        alt="A map of accuracy: one layer learns with any scale, five layers only with the largest.",
    ),
    Lesson(
        key="pretrained",
        title="Pretrained, shuffled, Gaussian",
        question="What helps in trained weights: the values, or only their scale?",
        try_="Wait until a network has been trained for you; its weights are then three starts. Press Run.",
        look_for="The first accuracy of each start, then the last.",
        page="train",
        state={"starts": _starts("GlorotUniform"), "hidden": "2 × 128"},
        answer="The values. As saved they begin MNIST at **92%** and end at **96%**. The same values in "
        "another order begin at chance, as does a Gaussian of their mean and std, and both end at **95%**, "
        "hardly above a fresh start: what training learned is in the order, not in the scale.",
        caption="Accuracy over one more epoch; dotted: chance.",
        alt="Accuracy over one epoch: as saved begins high, shuffled and Gaussian begin at chance and climb "
        "alike.",
        first=True,
    ),
    Lesson(
        key="lsuv",
        title="LSUV to the rescue",
        question="What if no formula is made for your activation?",
        try_="Press Run.",
        look_for="When each start leaves chance, and the factors that LSUV has found.",
        page="train",
        state={"starts": _starts("GlorotUniform", "HeNormal", "LSUV"), "hidden": "15 × 64", "activation": "silu"},
        answer="SiLU loses more power than ReLU, so through 15 layers GlorotUniform stays at **11%** of "
        "MNIST and HeNormal, made for ReLU, learns late. LSUV needs no formula: it scales each layer until "
        "the first batch leaves it with variance 1, learns from the first steps and gets to **94%**.",
        caption="Accuracy over one epoch of 15 SiLU layers; dotted: chance.",
        alt="Accuracy over one epoch of 15 layers: GlorotUniform stays at chance, HeNormal learns late, "
        "LSUV first.",
    ),
)  # fmt: skip


@cache
def pictures() -> Mapping[str, Any]:
    """What the experiments came to, by key, as `docs/lessons.py` has written it."""
    found: dict[str, Any] = json.loads(PICTURES.read_text(encoding="utf-8"))
    return found
