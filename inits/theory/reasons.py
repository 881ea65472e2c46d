"""Why an initializer is recommended, in sentences with numbers, and remarks on what it does not do."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from inits.initializers.activations import ACTIVATIONS
from inits.text import counted, number, times
from inits.theory.meanfield import chi1
from inits.theory.options import STEP, Option, Task
from inits.theory.signal_regime import ALIKE

PREFERRED: Mapping[str, tuple[str, ...]] = {  # first among initializers with about equal scores
    "relu": ("HeNormal",),
    "leaky_relu": ("HeNormal",),
    "selu": ("LecunNormal",),
    "tanh": ("GlorotUniform",),
}
MAX_TIE = 0.1  # difference of scores below which the order of preference decides


def reason(task: Task, options: Sequence[Option], default: Option) -> str:
    """Return the reason with the numbers of the best option, of Keras' default and of options that keep more."""
    if task.normalization != "none":
        return (
            f"{task.normalization.capitalize()} normalization removes the scale of the weights: the pre-activations of "
            "every layer have variance 1 after it. The squared gradient is multiplied by "
            f"**{_factor(options[0].chi)}** per layer. Both are the same for every initializer, so keep Keras' default."
        )
    best = options[0]
    if task.depth == 1:
        return _reason_for_one_layer(task, best, default)
    span = f"From layer 1 to layer {task.depth}"
    words = [f"Its σ_w² is **{number(best.sigma_w2)}** {_where(best)}. {_effect(span, best)}"]
    compared = dict.fromkeys(one for one in (default, *options[1:]) if _worth_comparing(one, best, default))
    words += [_comparison(one, best, default) for one in compared]
    if any(one.score < best.score - MAX_TIE for one in compared):
        words.append(f"{best.name} comes first as the usual start for {ACTIVATIONS[task.activation]}.")
    return " ".join(words)


def _reason_for_one_layer(task: Task, best: Option, default: Option) -> str:
    """Return the reason for a network with one hidden layer, where no option changes a signal."""
    words = f"Its σ_w² is **{number(best.sigma_w2, 3)}** in the only hidden layer, with fan_in {task.kernel_shape[0]}. "
    if default.kernel != best.kernel:
        words += f"That of GlorotUniform, Keras' default, is {number(default.sigma_w2, 3)}. "
    usual = best.kernel.name in PREFERRED.get(task.activation, ())
    choice = (
        f"{best.name} is the usual one for {ACTIVATIONS[task.activation]}" if usual else "take any of them"
    )
    always = (
        "With one hidden layer, every start keeps the signal by definition, and little depends on the choice"
    )
    return f"{words}{always}: {choice}."


def _where(one: Option) -> str:
    """Return in which layers an option has its σ_w², and its value in layer 1 if that is another."""
    if abs(one.first - one.sigma_w2) < 1e-3 * one.sigma_w2:
        return "in every hidden layer"
    return f"from layer 2 on ({number(one.first, 3)} in layer 1)"


def _effect(through: str, best: Option) -> str:
    """Return by how much the signal and its gradient change, as a sentence."""
    if not np.isfinite([best.forward, best.backward]).any():
        return f"{through}, the strength of the signal and the squared gradient overflow."
    forward, backward = (
        f"is multiplied by **{_factor(one)}**" if np.isfinite(one) else "overflows"
        for one in (best.forward, best.backward)
    )
    if "overflows" not in (forward, backward):
        backward = backward.removeprefix("is multiplied ")
    return f"{through}, the strength of the signal {forward} and the squared gradient {backward}."


def _worth_comparing(one: Option, best: Option, default: Option) -> bool:
    """Return True for another effect of Keras' default, a better score, and a signal that only `one` keeps."""
    if one.kernel == default.kernel:
        return one.kernel != best.kernel and abs(one.score - best.score) > MAX_TIE
    keeps = one.regime.forward.kind == "kept" != best.regime.forward.kind
    return keeps or one.score < best.score - MAX_TIE


def _comparison(one: Option, best: Option, default: Option) -> str:
    """Return the numbers of another option, and what it changes more although it keeps the signal."""
    note = ", Keras' default," if one.kernel == default.kernel else ""
    note = ", fitted to this depth," if one.kernel.name == "VarianceScaling" else note
    finite = np.isfinite([one.forward, one.backward])
    factors = f"the factors are {_factor(one.forward)} and {_factor(one.backward)}"
    if not finite.all():
        factors = f"the first factor is {_factor(one.forward)}, and the second overflows"
    if not finite.any():
        factors = "both factors overflow"
    words = f"With {one.name}{note or ','} σ_w² is {number(one.sigma_w2)} {_where(one)}, and {factors}"
    if one.regime.forward.kind == "kept" != best.regime.forward.kind and one.score > best.score:
        words += f": it keeps the signal, but changes {_changed_more(one, best)} more"
    return f"{words}."


def _changed_more(one: Option, best: Option) -> str:
    """Return what an option with a worse score changes more than the best option."""
    pairs = {
        "the squared gradient": (one.backward, best.backward),
        "the difference of two images": (one.separation, best.separation),
        "the strength": (one.forward, best.forward),
    }
    with np.errstate(divide="ignore"):
        logs = {name: np.abs(np.log(pair)) for name, pair in pairs.items()}
    return next(name for name, (ours, least) in logs.items() if ours > least)


def _factor(factor: float) -> str:
    return times(factor).removeprefix("×")


def remarks(task: Task, options: Sequence[Option]) -> Iterator[str]:
    """Yield remarks on the limits of any initializer and on the effects of optimizer and normalization."""
    best, layers = options[0], counted(task.depth, f"{ACTIVATIONS[task.activation]} layer")
    if task.weights:
        yield "Start from your pretrained weights if their task is similar; Train shows whether they are better."
    if task.normalization != "none":
        yield "Train and Signal have no normalization: there you see the network without it."
    if best.sensitive:
        rises = (
            f"multiplies it by {_factor(best.steepness)}"
            if np.isfinite(best.steepness)
            else "makes it overflow"
        )
        yield (
            f"The strength is sensitive to the scale: {STEP - 1:.0%} more {rises}. These numbers are for infinite "
            "width, and drawn weights differ from them: compare the points that Signal measures."
        )
    kept = any(one.severity == "kept" for one in options)
    if not kept and task.normalization != "none":
        yield f"Through {layers}, this normalization does not keep the gradient. Use fewer layers or skip connections."
    elif not kept:
        yield _limit(layers, options)
    if task.optimizer == "Adam" and best.regime.backward.kind != "kept":
        yield "Adam divides each gradient by its own size, so a large or small gradient matters less than with SGD."
    if best.kernel.name == "Orthogonal":
        yield "Orthonormal kernels preserve norms in every direction, not only on average: this helps deep networks."
    if task.activation == "selu" and best.kernel.name == "LecunNormal":
        yield (
            "LecunNormal keeps SELU's variance at 1, as its authors intend, but is not critical: "
            f"χ₁ = {number(chi1('selu', 1.0, 0.0), 3)} there, so gradients grow slowly with depth."
        )


def _limit(layers: str, options: Sequence[Option]) -> str:
    """Return what no option keeps, and what helps."""
    advice = "Use fewer layers, another activation, normalization or skip connections."
    best = options[0]
    if (
        best.regime.changes == (ALIKE,)
        and np.ptp([one.separation for one in options]) < 1e-3 * best.separation
    ):
        return f"{ALIKE.capitalize()} through {layers}, whatever the initializer. {advice}"
    return f"Signals, gradients and differences of images are hard to keep through {layers}. {advice}"
