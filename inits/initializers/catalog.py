"""Every Keras 3 initializer as one entry: parameters, law, family, shapes it fills, source. Long because it is data.

The Glorot, He and Lecun initializers are VarianceScaling with fixed arguments, here as in Keras.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from inits.initializers import argument_checks, formulas, law_builders
from inits.initializers.laws import Law
from inits.initializers.parameters import Arguments, Entry, Parameter, Value
from inits.initializers.shapes import Shape, compute_fans
from inits.initializers.shapes import checked as checked_shape

__all__ = ["CATALOG", "NAMES", "InitializerEntry", "compute_fans"]

PAGE = "https://keras.io/api/layers/initializers/"

# Windows of scipy.signal.get_window that take no parameter.
WINDOWS = (
    *("hann", "hamming", "blackman", "bartlett", "boxcar", "triang", "flattop", "parzen", "bohman"),
    *("blackmanharris", "nuttall", "barthann", "cosine", "exponential", "tukey", "taylor", "lanczos"),
)


@dataclass(frozen=True, kw_only=True)
class InitializerEntry(Entry):
    """An initializer.

    `law(arguments, shape)` is the law of one weight (None when there is none, as for STFT);
    `formula(arguments, shape)` says it in words with the numbers; `family(arguments)` names the family: with
    the same seed and shape, weights of one family are proportional about their means. `fits` raises
    ShapeError for a shape it cannot fill, `joint` SpecError for arguments that do not go together.
    `random` is False when nothing is drawn (and Keras takes no seed); `fixed` holds arguments that the class
    fixes; `bare` is False when Keras refuses the plain name.
    """

    law: Callable[[Arguments, Shape], Law | None]
    formula: Callable[[Arguments, Shape], str]
    family: Callable[[Arguments], str]
    fits: Callable[[Arguments, Shape], None] = argument_checks.any_shape
    joint: Callable[[Arguments], None] = argument_checks.no_joint_rule
    random: bool = True
    bare: bool = True
    fixed: Mapping[str, Value] = field(default_factory=dict)

    def complete(self, given: Mapping[str, object]) -> tuple[tuple[str, Value], ...]:
        """Return all arguments in order, checked one by one and together. Raises SpecError."""
        arguments = super().complete(given)
        self.joint(dict(arguments))
        return arguments

    def check_shape(self, arguments: Arguments, shape: object) -> Shape:
        """Return `shape` as a tuple of ints. Raises ShapeError if the initializer cannot fill it."""
        dimensions = checked_shape(shape)
        self.fits(arguments, dimensions)
        return dimensions


def _always(family: str) -> Callable[[Arguments], str]:
    return lambda arguments: family


SEED = Parameter(name="seed", kind="int", default=None, help="The seed belongs to the experiment.")
VALUE = Parameter(name="value", kind="float", default=0.0, help="Value of every weight.", slider=(-1.0, 1.0))
MEAN = Parameter(name="mean", kind="float", default=0.0, help="Mean of the distribution.", slider=(-0.5, 0.5))
STDDEV = Parameter(
    name="stddev",
    kind="float",
    default=0.05,
    low=0.0,
    slider=(0.001, 1.0),
    log=True,
    help="Standard deviation of the normal distribution.",
)
CUT_STDDEV = replace(
    STDDEV, help="Standard deviation of the normal distribution before it is cut at ±2 of them."
)
MINVAL = Parameter(
    name="minval", kind="float", default=-0.05, help="Lower end of the distribution.", slider=(-1.0, 0.0)
)
MAXVAL = Parameter(
    name="maxval", kind="float", default=0.05, help="Upper end of the distribution.", slider=(0.0, 1.0)
)
GAIN = Parameter(
    name="gain",
    kind="float",
    default=1.0,
    help="Factor by which the matrix is multiplied.",
    slider=(0.1, 3.0),
)
SCALE = Parameter(
    name="scale",
    kind="float",
    default=1.0,
    low=0.0,
    low_exclusive=True,
    slider=(0.01, 10.0),
    log=True,
    help="Factor of the variance: variance = scale / fan.",
)
MODE = Parameter(
    name="mode",
    kind="choice",
    default="fan_in",
    choices=("fan_in", "fan_out", "fan_avg"),
    help="The fan that divides the scale: inputs, outputs or their average.",
)
DISTRIBUTION = Parameter(
    name="distribution",
    kind="choice",
    default="truncated_normal",
    ignore_case=True,
    choices=("truncated_normal", "untruncated_normal", "uniform"),
    spellings=(("normal", "truncated_normal"),),
    help="The shape of the distribution.",
)
INPUT_AXES = Parameter(
    name="input_axes",
    kind="axes",
    default=None,
    help="Axes whose sizes multiply to fan_in, with output_axes.",
)
OUTPUT_AXES = Parameter(
    name="output_axes",
    kind="axes",
    default=None,
    help="Axes whose sizes multiply to fan_out, with input_axes.",
)
SIDE = Parameter(
    name="side", kind="choice", default="real", choices=("real", "imag"), help="Cosines or sines."
)
WINDOW = Parameter(
    name="window", kind="choice", default="hann", choices=(*WINDOWS, None), help="Window over time, or None."
)
SCALING = Parameter(
    name="scaling",
    kind="choice",
    default="density",
    choices=("density", "spectrum", None),
    help="Divisor of the window: its L2 norm, its L1 norm or 1.",
)
PERIODIC = Parameter(name="periodic", kind="bool", default=False, help="Whether the window is periodic.")

_VARIANCE_SCALING = InitializerEntry(
    name="VarianceScaling",
    summary="Variance scale / fan, whatever the shape. Glorot, He and Lecun are cases of it.",
    page=f"{PAGE}#variancescaling-class",
    paper="He et al. 2015, Delving Deep into Rectifiers",
    source="https://arxiv.org/abs/1502.01852",
    parameters=(SCALE, MODE, DISTRIBUTION, INPUT_AXES, OUTPUT_AXES),
    dropped=(SEED,),
    signature=("scale", "mode", "distribution", "seed", "input_axes", "output_axes"),
    aliases=("variance_scaling",),
    law=law_builders.variance_scaling_law,
    formula=formulas.variance_scaling,
    family=lambda arguments: str(arguments["distribution"]).removeprefix("untruncated_"),
    fits=argument_checks.axes_fit,
    joint=argument_checks.both_axes,
)


def _case(name: str, alias: str, summary: str, paper: tuple[str, str], **fixed: Value) -> InitializerEntry:
    """Return VarianceScaling with fixed arguments, under another name."""
    general = _VARIANCE_SCALING
    return replace(
        general,
        name=name,
        summary=summary,
        page=f"{PAGE}#{name.lower()}-class",
        paper=paper[0],
        source=paper[1],
        parameters=(INPUT_AXES, OUTPUT_AXES),
        signature=("seed", "input_axes", "output_axes"),
        aliases=(alias,),
        law=lambda arguments, shape: general.law({**arguments, **fixed}, shape),
        formula=lambda arguments, shape: formulas.variance_scaling_fixed({**arguments, **fixed}, shape),
        family=lambda arguments: general.family({**arguments, **fixed}),
        fixed=fixed,
    )


_GLOROT = ("Glorot & Bengio 2010", "https://proceedings.mlr.press/v9/glorot10a.html")
_HE = ("He et al. 2015, Delving Deep into Rectifiers", "https://arxiv.org/abs/1502.01852")
_LECUN = ("LeCun et al. 1998, Efficient BackProp", "http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf")
_GLOROT_WORDS = "Variance 2 / (fan_in + fan_out), a balance of the forward and the backward signal"
_HE_WORDS = "Variance 2 / fan_in, which keeps the signal's size through ReLU layers"
_LECUN_WORDS = "Variance 1 / fan_in, which keeps the signal's size through linear and SELU layers"

_ENTRIES = (
    InitializerEntry(
        name="Zeros",
        summary="All weights 0. In a kernel all units of a layer then learn the same; usual for biases.",
        page=f"{PAGE}#zeros-class",
        aliases=("zeros", "zero"),
        law=lambda arguments, shape: law_builders.point(0.0),
        formula=lambda arguments, shape: formulas.constant({"value": 0.0}, shape),
        family=_always("constant"),
        random=False,
    ),
    InitializerEntry(
        name="Ones",
        summary="All weights 1. In a kernel all units of a layer then learn the same.",
        page=f"{PAGE}#ones-class",
        aliases=("ones", "one"),
        law=lambda arguments, shape: law_builders.point(1.0),
        formula=lambda arguments, shape: formulas.constant({"value": 1.0}, shape),
        family=_always("constant"),
        random=False,
    ),
    InitializerEntry(
        name="Constant",
        summary="All weights the same number. In a kernel all units of a layer then learn the same.",
        page=f"{PAGE}#constant-class",
        parameters=(VALUE,),
        aliases=("constant",),
        law=law_builders.constant_law,
        formula=formulas.constant,
        family=_always("constant"),
        random=False,
        bare=False,
    ),
    InitializerEntry(
        name="RandomUniform",
        summary="Uniform between two numbers, the same for every shape.",
        page=f"{PAGE}#randomuniform-class",
        parameters=(MINVAL, MAXVAL),
        dropped=(SEED,),
        signature=("minval", "maxval", "seed"),
        aliases=("random_uniform", "uniform"),
        law=law_builders.random_uniform_law,
        formula=formulas.random_uniform,
        family=_always("uniform"),
        joint=argument_checks.ordered,
    ),
    InitializerEntry(
        name="RandomNormal",
        summary="Normal with a standard deviation that is the same for every shape.",
        page=f"{PAGE}#randomnormal-class",
        parameters=(MEAN, STDDEV),
        dropped=(SEED,),
        signature=("mean", "stddev", "seed"),
        aliases=("random_normal", "normal"),
        law=law_builders.random_normal_law,
        formula=formulas.random_normal,
        family=_always("normal"),
    ),
    InitializerEntry(
        name="TruncatedNormal",
        summary="Normal cut at two standard deviations and not widened again: its real one is 0.88 × stddev.",
        page=f"{PAGE}#truncatednormal-class",
        parameters=(MEAN, CUT_STDDEV),
        dropped=(SEED,),
        signature=("mean", "stddev", "seed"),
        aliases=("truncated_normal",),
        law=law_builders.truncated_normal_law,
        formula=formulas.truncated_normal,
        family=_always("truncated_normal"),
    ),
    _VARIANCE_SCALING,
    _case(
        "GlorotUniform",
        "glorot_uniform",
        f"{_GLOROT_WORDS}; Keras' default. Also called Xavier.",
        _GLOROT,
        scale=1.0,
        mode="fan_avg",
        distribution="uniform",
    ),
    _case(
        "GlorotNormal",
        "glorot_normal",
        f"{_GLOROT_WORDS}. Also called Xavier.",
        _GLOROT,
        scale=1.0,
        mode="fan_avg",
        distribution="truncated_normal",
    ),
    _case(
        "HeUniform",
        "he_uniform",
        f"{_HE_WORDS}. Also called Kaiming.",
        _HE,
        scale=2.0,
        mode="fan_in",
        distribution="uniform",
    ),
    _case(
        "HeNormal",
        "he_normal",
        f"{_HE_WORDS}. Also called Kaiming.",
        _HE,
        scale=2.0,
        mode="fan_in",
        distribution="truncated_normal",
    ),
    _case(
        "LecunUniform",
        "lecun_uniform",
        f"{_LECUN_WORDS}.",
        _LECUN,
        scale=1.0,
        mode="fan_in",
        distribution="uniform",
    ),
    _case(
        "LecunNormal",
        "lecun_normal",
        f"{_LECUN_WORDS}.",
        _LECUN,
        scale=1.0,
        mode="fan_in",
        distribution="truncated_normal",
    ),
    InitializerEntry(
        name="Orthogonal",
        summary="A random matrix with orthonormal rows or columns, times gain: all singular values equal.",
        page=f"{PAGE}#orthogonalinitializer-class",
        paper="Saxe et al. 2014",
        source="https://arxiv.org/abs/1312.6120",
        parameters=(GAIN,),
        dropped=(SEED,),
        signature=("gain", "seed"),
        aliases=("orthogonal", "OrthogonalInitializer"),
        law=law_builders.orthogonal_law,
        formula=formulas.orthogonal,
        family=_always("orthogonal"),
        fits=argument_checks.matrix_at_least,
    ),
    InitializerEntry(
        name="Identity",
        summary="gain on the diagonal, 0 elsewhere: every layer starts by passing its input on.",
        page=f"{PAGE}#identityinitializer-class",
        parameters=(GAIN,),
        aliases=("identity", "IdentityInitializer"),
        law=law_builders.identity_law,
        formula=formulas.identity,
        family=_always("identity"),
        fits=argument_checks.matrix,
        random=False,
    ),
    InitializerEntry(
        name="STFT",
        summary="The waves of a short-time Fourier transform, for 1-D convolutions; not for Dense layers.",
        page=PAGE,
        parameters=(SIDE, WINDOW, SCALING, PERIODIC),
        aliases=("stft", "STFTInitializer"),
        law=law_builders.no_law,
        formula=formulas.stft,
        family=_always("stft"),
        fits=argument_checks.stft_fits,
        random=False,
    ),
)

CATALOG: dict[str, InitializerEntry] = {entry.name: entry for entry in _ENTRIES}
"""All initializers by their Keras class name."""

NAMES: dict[str, str] = {name: e.name for e in _ENTRIES for name in (e.name, *e.aliases)}
"""Every name that Keras resolves, to the class name."""
