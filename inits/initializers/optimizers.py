"""The Keras optimizers that can train a small Dense network, one entry each. Long because it is data."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from inits.initializers.formulas import real
from inits.initializers.parameters import Arguments, Entry, Parameter

PAGE = "https://keras.io/api/optimizers/"


@dataclass(frozen=True, kw_only=True)
class OptimizerEntry(Entry):
    """An optimizer, and how the size of its step depends on the size of the gradient.

    Attributes:
        adaptive: True if the size of a step does not depend on that of the gradient, from 10⁻³ up.
        relative: True if the size of a step is that of the weights times the learning rate.
        divisor: from the arguments, the number that a small gradient is divided by. Below it the step of an
            adaptive optimizer shrinks with the gradient; 0.0 means that it never does. The step of any other
            optimizer is gradient * learning_rate / divisor.
    """

    adaptive: bool
    relative: bool = False
    divisor: Callable[[Arguments], float]


def _constant(value: float) -> Callable[[Arguments], float]:
    return lambda arguments: value


def _epsilon(arguments: Arguments) -> float:
    return real(arguments, "epsilon")


def _root_epsilon(arguments: Arguments) -> float:
    """Return the divisor where Keras adds epsilon under the root."""
    return math.sqrt(real(arguments, "epsilon"))


def _adagrad_divisor(arguments: Arguments) -> float:
    return math.sqrt(real(arguments, "initial_accumulator_value"))


def _ftrl_divisor(arguments: Arguments) -> float:
    power = -real(arguments, "learning_rate_power")
    return math.pow(real(arguments, "initial_accumulator_value"), power) + real(arguments, "beta")


def _rate(default: float) -> Parameter:
    words = "Size of one step."
    return Parameter(
        name="learning_rate",
        kind="float",
        default=default,
        help=words,
        low=0.0,
        slider=(1e-5, 1.0),
        log=True,
        single=True,
    )


def _share(name: str, default: float, help: str) -> Parameter:
    """Return a parameter in [0, 1)."""
    return Parameter(
        name=name,
        kind="float",
        default=default,
        help=help,
        low=0.0,
        high=1.0,
        high_exclusive=True,
        slider=(0.0, 0.999),
    )


def _amount(
    name: str, default: float | None, help: str, slider: tuple[float, float] = (1e-6, 1.0)
) -> Parameter:
    """Return a parameter >= 0 on a log scale; None is allowed if it is the default."""
    return Parameter(name=name, kind="float", default=default, help=help, low=0.0, slider=slider, log=True)


def _switch(name: str, help: str, default: bool = False) -> Parameter:
    return Parameter(name=name, kind="bool", default=default, help=help)


RATE = _rate(0.001)
BETA_1 = _share("beta_1", 0.9, "Share of the running mean of the gradient that is kept at every step.")
BETA_2 = _share("beta_2", 0.999, "Share of the running mean of the squared gradient that is kept.")
EPSILON = Parameter(
    name="epsilon",
    kind="float",
    default=1e-7,
    low=0.0,
    low_exclusive=True,
    slider=(1e-10, 1e-1),
    log=True,
    help="Added to the divisor so that it is never 0.",
)
WEIGHT_DECAY = _amount(
    "weight_decay", None, "Share of every weight that a step subtracts, times learning_rate."
)
AMSGRAD = _switch("amsgrad", "Divide by the largest running mean so far (Reddi et al. 2018).")
ACCUMULATOR = _amount("initial_accumulator_value", 0.1, "Initial value of the sum of squared gradients.")
MOMENTUM = replace(
    _share("momentum", 0.0, "Share of the last step that is added to the next."), high_exclusive=False
)

# Keras accepts these for every optimizer; here they are read when they change nothing and then left out.
_NEUTRAL = (
    *(
        Parameter(name=name, kind="choice", default=None, choices=(None,), help="Not offered here.")
        for name in (
            "clipnorm",
            "clipvalue",
            "global_clipnorm",
            "loss_scale_factor",
            "gradient_accumulation_steps",
        )
    ),
    Parameter(name="use_ema", kind="choice", default=False, choices=(False,), help="Not offered here."),
    *(
        Parameter(name=name, kind="ignored", default=None, help="Changes nothing here.")
        for name in ("ema_momentum", "ema_overwrite_frequency", "name")
    ),
)


def _optimizer(
    name: str,
    summary: str,
    paper: str,
    source: str,
    *parameters: Parameter,
    divisor: Callable[[Arguments], float],
    adaptive: bool = True,
    relative: bool = False,
) -> OptimizerEntry:
    return OptimizerEntry(
        name=name,
        summary=summary,
        page=f"{PAGE}{name.lower()}/",
        paper=paper,
        source=source,
        parameters=parameters,
        dropped=_NEUTRAL,
        adaptive=adaptive,
        relative=relative,
        divisor=divisor,
    )


_ENTRIES = (
    _optimizer(
        "SGD",
        "Steps along the gradient of a batch, with optional momentum.",
        "Robbins & Monro 1951; Sutskever et al. 2013 for momentum",
        "https://proceedings.mlr.press/v28/sutskever13.html",
        _rate(0.01),
        MOMENTUM,
        _switch("nesterov", "Look ahead along the momentum (Nesterov 1983)."),
        WEIGHT_DECAY,
        divisor=_constant(1.0),
        adaptive=False,
    ),
    _optimizer(
        "Adam",
        "Running mean of the gradient over the root of that of its square.",
        "Kingma & Ba 2014",
        "https://arxiv.org/abs/1412.6980",
        RATE,
        BETA_1,
        BETA_2,
        EPSILON,
        AMSGRAD,
        WEIGHT_DECAY,
        divisor=_epsilon,
    ),
    _optimizer(
        "AdamW",
        "Adam with decay of the weights themselves.",
        "Loshchilov & Hutter 2019",
        "https://arxiv.org/abs/1711.05101",
        RATE,
        replace(WEIGHT_DECAY, default=0.004),
        BETA_1,
        BETA_2,
        EPSILON,
        AMSGRAD,
        divisor=_epsilon,
    ),
    _optimizer(
        "RMSprop",
        "The gradient over the root of the running mean of its square.",
        "Tieleman & Hinton 2012",
        "https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf",
        RATE,
        _share("rho", 0.9, "Share of the running mean of the squared gradient that is kept."),
        MOMENTUM,
        EPSILON,
        _switch("centered", "Subtract the squared mean of the gradient."),
        WEIGHT_DECAY,
        divisor=_root_epsilon,
    ),
    _optimizer(
        "Nadam",
        "Adam with Nesterov's look ahead.",
        "Dozat 2015",
        "https://cs229.stanford.edu/proj2015/054_report.pdf",
        RATE,
        BETA_1,
        BETA_2,
        EPSILON,
        WEIGHT_DECAY,
        divisor=_epsilon,
    ),
    _optimizer(
        "Adamax",
        "Adam with the largest recent gradient as divisor.",
        "Kingma & Ba 2014, section 7",
        "https://arxiv.org/abs/1412.6980",
        RATE,
        BETA_1,
        BETA_2,
        EPSILON,
        WEIGHT_DECAY,
        divisor=_epsilon,
    ),
    _optimizer(
        "Adagrad",
        "The gradient over the root of the sum of all its squares so far.",
        "Duchi et al. 2011",
        "https://www.jmlr.org/papers/v12/duchi11a.html",
        RATE,
        ACCUMULATOR,
        EPSILON,
        WEIGHT_DECAY,
        divisor=_adagrad_divisor,
        adaptive=False,
    ),
    _optimizer(
        "Adadelta",
        "RMSprop whose step follows the size of recent steps.",
        "Zeiler 2012",
        "https://arxiv.org/abs/1212.5701",
        RATE,
        _share("rho", 0.95, "Share of the running means that is kept at every step."),
        EPSILON,
        WEIGHT_DECAY,
        divisor=_root_epsilon,
    ),
    _optimizer(
        "Adafactor",
        "Adam that keeps row and column means of the squared gradient only.",
        "Shazeer & Stern 2018",
        "https://arxiv.org/abs/1804.04235",
        RATE,
        Parameter(
            name="beta_2_decay",
            kind="float",
            default=-0.8,
            high=0.0,
            slider=(-1.0, 0.0),
            help="Exponent by which the memory of squared gradients grows with the steps.",
        ),
        _amount("epsilon_1", 1e-30, "Added to the squared gradient so that it is never 0.", (1e-30, 1e-3)),
        _amount("epsilon_2", 1e-3, "Smallest size of a weight tensor that the step is scaled by."),
        Parameter(
            name="clip_threshold",
            kind="float",
            default=1.0,
            low=0.0,
            low_exclusive=True,
            slider=(0.1, 10.0),
            log=True,
            help="Largest root mean square of an update.",
        ),
        _switch("relative_step", "Let the step fall with the root of the number of steps.", True),
        WEIGHT_DECAY,
        divisor=_constant(0.0),
        relative=True,
    ),
    _optimizer(
        "Lion",
        "Steps of equal size along the sign of the momentum.",
        "Chen et al. 2023",
        "https://arxiv.org/abs/2302.06675",
        RATE,
        replace(BETA_1, low_exclusive=True, slider=(0.001, 0.999), help="Weight of the momentum in a step."),
        replace(BETA_2, default=0.99, help="Share of the momentum that is kept at every step."),
        WEIGHT_DECAY,
        divisor=_constant(0.0),
    ),
    _optimizer(
        "Ftrl",
        "Follow the regularized leader: made for sparse linear models.",
        "McMahan et al. 2013",
        "https://research.google.com/pubs/archive/41159.pdf",
        RATE,
        Parameter(
            name="learning_rate_power",
            kind="float",
            default=-0.5,
            high=0.0,
            slider=(-1.0, 0.0),
            help="Exponent by which the step falls; 0 keeps it.",
        ),
        ACCUMULATOR,
        _amount("l1_regularization_strength", 0.0, "Pull of every weight towards exactly 0."),
        _amount("l2_regularization_strength", 0.0, "Pull of every weight towards 0 in proportion to it."),
        _amount("l2_shrinkage_regularization_strength", 0.0, "L2 penalty that is added to the gradient."),
        Parameter(
            name="beta",
            kind="float",
            default=0.0,
            low=0.0,
            slider=(0.0, 1.0),
            help="Added to the root of the summed squares.",
        ),
        WEIGHT_DECAY,
        divisor=_ftrl_divisor,
        adaptive=False,
    ),
    _optimizer(
        "Lamb",
        "Adam with the step of each layer scaled to the size of its weights.",
        "You et al. 2019",
        "https://arxiv.org/abs/1904.00962",
        RATE,
        BETA_1,
        BETA_2,
        EPSILON,
        WEIGHT_DECAY,
        divisor=_constant(0.0),
        relative=True,
    ),
)

OPTIMIZERS: dict[str, OptimizerEntry] = {entry.name: entry for entry in _ENTRIES}
"""All optimizers by their Keras class name."""
