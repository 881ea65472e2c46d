"""The terms of the field that the pages use, one entry each: what they mean, with the formula."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term.

    Attributes:
        name: as a definition begins.
        meaning: one or two sentences, plain text without Markdown.
        pattern: a regular expression for the term in a text of a page.
    """

    name: str
    meaning: str
    pattern: str


GLOSSARY: tuple[Term, ...] = (
    Term(
        "Start",
        "An initializer with its parameters: where training begins.",
        r"([Ee]ach|[Ee]very|[Aa]s a) start\b|\b[Ss]tarts\b",
    ),
    Term(
        "fan_in",
        "Number of inputs of a unit: the rows of a Dense kernel. For a convolution, its area × input channels.",
        r"fan_in",
    ),
    Term(
        "fan_out",
        "Number of units that each input feeds: the columns of a Dense kernel. For a convolution, its area × "
        "filters.",
        r"fan_out",
    ),
    Term(
        "σ_w²",
        "fan_in × variance of a weight: the factor by which a layer multiplies the mean square of its inputs. 2 keeps "
        "the strength of a signal through ReLU layers, 1 through linear ones.",
        r"σ_w²",
    ),
    Term("σ_b²", "Variance of the biases.", r"σ_b²"),
    Term("std", "Standard deviation: the root of the variance.", r"\bstd\b"),
    Term(
        "Gain",
        "Factor of all weights of Orthogonal: each singular value of its kernels equals it.",
        r"\bgain\b",
    ),
    Term(
        "Kurtosis",
        "Excess kurtosis, E[(w − mean)⁴] / std⁴ − 3: how heavy the tails are. 0 for a normal distribution, −1.2 for a "
        "uniform one.",
        r"[Kk]urtosis",
    ),
    Term(
        "Kolmogorov distance",
        "The largest difference between the cumulative distribution of the weights and the expected one, from 0 to 1.",
        r"Kolmogorov",
    ),
    Term(
        "Standard error",
        "How much a measured number varies from draw to draw: its standard deviation over many draws.",
        r"standard errors?",
    ),
    Term(
        "Q-Q plot",
        "Quantile-quantile plot: the sorted weights against the quantiles of the expected distribution. Equal "
        "distributions lie on the diagonal.",
        r"Q-Q",
    ),
    Term(
        "Singular values",
        "The factors by which a matrix W stretches its main directions: the roots of the eigenvalues of WᵀW.",
        r"[Ss]ingular values?",
    ),
    Term(
        "Marchenko-Pastur distribution",
        "Distribution of the singular values of a large M × N matrix of independent entries with standard deviation s. "
        "It reaches from s(√M − √N) to s(√M + √N) for M ≥ N.",
        r"Marchenko-Pastur|range of a random kernel",
    ),
    Term(
        "χ₁",
        "σ_w² E[φ′(√q* z)²] for activation φ, z standard normal and q* the variance at which the signal settles: the "
        "growth of the squared gradient per layer. χ₁ = 1 is the edge of chaos.",
        r"χ₁",
    ),
    Term(
        "χ", "Growth of the squared gradient per layer: the geometric mean over the hidden layers.", r"χ(?!₁)"
    ),
    Term(
        "Critical σ_w²",
        "The value with χ₁ = 1: there, signals and gradients neither vanish nor explode in deep networks.",
        r"[Cc]ritical",
    ),
    Term(
        "Depth scale ξ",
        "1 / |ln χ₁|: the number of layers over which the squared gradient shrinks or grows by a factor of e.",
        r"depth scale|ξ",
    ),
    Term("Pre-activations", "The sums Wx + b of a layer, before its activation.", r"[Pp]re-activations?"),
    Term(
        "Strength",
        "The mean square of a signal in a layer, also called its second moment.",
        r"[Ss]trength|[Mm]ean square\b",
    ),
    Term(
        "Logits",
        "The outputs of the last layer, one for each class. Softmax turns them into probabilities; equal logits give a "
        "loss of ln 10 = 2.303.",
        r"[Ll]ogits",
    ),
    Term(
        "Jacobian",
        "The matrix of the derivatives of all outputs by all inputs: how small changes of pixels change the logits.",
        r"Jacobian",
    ),
    Term(
        "Saturated",
        "A value where the activation is flat: its slope is below 5% of its maximum. For ReLU these are the "
        "negative values, by nature about half at the start.",
        r"[Ss]aturated",
    ),
    Term(
        "Dead unit",
        "A unit with the same output for every image: it separates nothing. A ReLU that is always 0 gets no gradient.",
        r"[Dd]ead",
    ),
    Term(
        "LSUV",
        "Layer-sequential unit variance: orthonormal kernels, scaled layer by layer until the pre-activations of the "
        "first batch have variance 1 (±0.1).",
        r"LSUV",
    ),
    Term("Epoch", "One pass over all training images, in random order.", r"[Ee]poch"),
    Term("Step", "One update of the weights, from one batch of images.", r"\b[Ss]teps?\b"),
    Term(
        "Seed",
        "The number that determines random draws: the same seed gives the same weights and the same batches.",
        r"\b[Ss]eeds?\b",
    ),
    Term(
        "Loss",
        "Cross-entropy: minus the logarithm of the probability of the right digit, mean over images. Guessing gives "
        "ln 10 = 2.303.",
        r"\b([Tt]est|[Tt]raining) loss|^Loss",
    ),
    Term(
        "Gradient norm",
        "The root of the sum of the squared derivatives of the loss by all weights of a layer.",
        r"[Gg]radient norm",
    ),
    Term("Held-out images", "Images that the network does not train on.", r"[Hh]eld-out images"),
)
"""The terms, in the order in which definitions are listed."""

START = GLOSSARY[0]


def terms_in(*texts: str) -> list[Term]:
    """Return the terms that occur in texts."""
    return [term for term in GLOSSARY if any(re.search(term.pattern, text) for text in texts)]


def definitions(terms: Iterable[Term]) -> str:
    """Return definitions as Markdown, one paragraph each; "" for none."""
    return "\n\n".join(f"**{term.name}:** {term.meaning}" for term in terms)
