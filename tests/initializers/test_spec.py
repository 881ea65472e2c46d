"""Specs: texts, configs and code that read back, and everything else refused with advice."""

import ast
import json
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.errors import ShapeError, SpecError
from inits.initializers.catalog import CATALOG
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import InitializerSpec, OptimizerSpec

parse = InitializerSpec.parse


def values_of(parameter):
    """Return a strategy for the values of a parameter."""
    if parameter.kind == "float":
        low = -1e30 if parameter.low is None else parameter.low
        high = 1e30 if parameter.high is None else parameter.high
        ends = {"exclude_min": parameter.low_exclusive, "exclude_max": parameter.high_exclusive}
        values = st.floats(low, high, **ends).filter(lambda x: x == 0.0 or abs(x) >= 1e-30)
        return values | st.none() if parameter.default is None else values
    if parameter.kind == "axes":
        return st.none()
    return st.sampled_from(parameter.choices) if parameter.kind == "choice" else st.booleans()


@st.composite
def specs(draw):
    kind, entries = draw(st.sampled_from([(InitializerSpec, CATALOG), (OptimizerSpec, OPTIMIZERS)]))
    entry = draw(st.sampled_from(list(entries.values())))
    arguments = {parameter.name: draw(values_of(parameter)) for parameter in entry.parameters}
    if "minval" in arguments:
        low, high = sorted((arguments["minval"], arguments["maxval"]))
        arguments = {"minval": low, "maxval": high} if low < high else {}
    if arguments.get("input_axes", 0) is None and draw(st.booleans()):
        axes = st.lists(st.integers(-4, 3), min_size=1, unique=True)
        arguments |= {"input_axes": draw(axes), "output_axes": draw(axes)}
    return kind(entry.name, tuple(arguments.items()))


@given(specs(), st.none() | st.integers(0, 2**31), st.booleans())
def test_texts_configs_code_and_pickles_read_back(spec, seed, multiline):
    text, code, read = str(spec), spec.code(multiline=multiline), type(spec).parse
    ast.parse(code, mode="eval")
    for source in (text, f"keras.{spec.module}.{text}", code):
        assert read(source) == spec
        assert (str(read(source)), hash(read(source))) == (text, hash(spec))
    assert read(spec) is spec
    assert pickle.loads(pickle.dumps(spec)) == spec
    config = {"class_name": spec.name, "config": dict(spec.arguments)}
    if spec.arguments:
        assert all(read(source) == spec for source in (config, json.dumps(config), repr(config)))
    if spec.entry.dropped and isinstance(spec, InitializerSpec):
        config["config"]["seed"] = seed
        assert parse(config) == spec


NAMES = ["HeNormal", "RandomNormal", "VarianceScaling", "Adam", "keras", "stddev", "scale", "seed", "config"]
SIGNS = [*"()=,-[]'\"{}:.*", "**", "lambda", "if", "class_name"]
HARD = ["None", "nan", "inf", "1e400", "0.1", "1_0", "9" * 300, "0x" + "f" * 300, "f'{1}'", "\0", "\n"]
HARDER = ["\ud800", "é", "\\N{x}", "(" * 90, "-" * 300]
mixtures = st.lists(st.sampled_from([*NAMES, *SIGNS, *HARD, *HARDER]), max_size=25).map("".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
arguments = st.sampled_from(["scale", "mode", "stddev", "seed", "value", "input_axes"])
full = {"class_name": st.sampled_from(list(CATALOG)), "config": st.dictionaries(arguments, json_values)}
short = {"class_name": st.sampled_from(["HeNormal", "RandomNormal"]) | json_values}
anything = st.text(max_size=200) | st.fixed_dictionaries(full) | st.fixed_dictionaries(short) | json_values


@pytest.mark.parametrize("sources", [mixtures, anything], ids=["mixtures", "anything"])
@given(st.data())
def test_any_source_is_a_spec_or_a_spec_error(sources, data):
    source = data.draw(sources)
    for kind in (InitializerSpec, OptimizerSpec):
        try:
            spec = kind.parse(source)
        except SpecError as error:
            assert str(error)  # noqa: PT017
        else:
            assert kind.parse(str(spec)) == spec


CANONICAL = [
    ("he_normal", "HeNormal()"),
    ("uniform", "RandomUniform(minval=-0.05, maxval=0.05)"),
    ("normal", "RandomNormal(mean=0.0, stddev=0.05)"),
    ("random_normal(stddev=0.1)", "RandomNormal(mean=0.0, stddev=0.1)"),
    ("tf.keras.initializers.HeNormal(seed=3)", "HeNormal()"),
    ("initializers.RandomNormal(1, 2, 3)", "RandomNormal(mean=1.0, stddev=2.0)"),
    ("HeNormal(42)", "HeNormal()"),
    (
        "VarianceScaling(2, 'fan_out', 'NORMAL', 1)",
        'VarianceScaling(scale=2.0, mode="fan_out", distribution="truncated_normal")',
    ),
    ("GlorotUniform(None, [0], (1,))", "GlorotUniform(input_axes=[0], output_axes=[1])"),
    ("Orthogonal(gain=-0.0)", "Orthogonal(gain=0.0)"),
    ("constant(3)", "Constant(value=3.0)"),
    ("STFT(window=None)", 'STFT(side="real", window=None, scaling="density", periodic=False)'),
    ("'zero'", "Zeros()"),
    ("IdentityInitializer", "Identity(gain=1.0)"),
    ({"class_name": "HeNormal", "config": {"seed": None}}, "HeNormal()"),
    (
        '{"module": "keras.initializers", "class_name": "RandomNormal", '
        '"config": {"seed": null, "mean": 0, "stddev": 0.1}, "registered_name": null}',
        "RandomNormal(mean=0.0, stddev=0.1)",
    ),
]


@pytest.mark.parametrize(("text", "canonical"), CANONICAL)
def test_what_people_type_has_a_canonical_text(text, canonical):
    assert str(parse(text)) == canonical


SUGGESTIONS = {
    "GlorotUniform()": "xavier xavier_uniform glorot",
    "GlorotNormal()": "xavier_normal torch.nn.init.xavier_normal_",
    "HeNormal()": "kaiming kaiming_normal() he HE_NORMAL henormal mypackage.initializers.HeNormal() "
    "keras.optimizers.HeNormal()",
    "HeUniform()": "kaiming_uniform",
    "LecunNormal()": "lecun",
    "RandomUniform()": "Uniform",
    "RandomNormal()": "Normal(0,1) gaussian RandomNormalInitializer",
    "RandomNormal(stddev=1.0)": "randn",
    "Identity()": "delta eye dirac",
    "TruncatedNormal()": "TruncatedNomal()",
    "Orthogonal()": "Othogonal",
    "Constant(value=0.0)": "CONSTANT",
}


@pytest.mark.parametrize(("suggestion", "texts"), SUGGESTIONS.items())
def test_unknown_names_get_the_nearest_right_one(suggestion, texts):
    for text in texts.split():
        with pytest.raises(SpecError) as error:
            parse(text)
        assert str(error.value).endswith(f"is not a Keras initializer. Did you mean {suggestion}?")
    parse(suggestion)


@pytest.mark.parametrize(
    "text", ["constant", "Constant", "keras.initializers.constant", {"class_name": "Constant", "config": {}}]
)
def test_constant_needs_its_value_as_in_keras(text):
    with pytest.raises(SpecError, match=r"without a value. Write Constant\(value=0.0\)."):
        parse(text)


TOGETHER = "input_axes and output_axes must be given together (Keras ignores one alone), but got only"
REFUSED = [
    ("RandomNormal(stddev=-0.1)", "stddev must be positive or zero, but got -0.1."),
    ("RandomNormal(std=0.1)", "RandomNormal has no argument 'std'. Did you mean stddev?"),
    ("RandomNormal(0.0, mean=1.0)", "mean must be given once, but got two values."),
    ("RandomUniform(1, 0)", "minval must be less than maxval, but got minval=1.0 and maxval=0.0."),
    ("RandomUniform(0.05)", "minval must be less than maxval, but got minval=0.05 and maxval=0.05."),
    ("VarianceScaling(scale=0)", "scale must be positive, but got 0.0."),
    ("VarianceScaling(mode='FAN')", 'mode must be "fan_in", "fan_out" or "fan_avg", but got \'FAN\'.'),
    ("GlorotUniform(input_axes=[0])", f"{TOGETHER} input_axes=[0]."),
    ("GlorotUniform(output_axes=[0])", f"{TOGETHER} output_axes=[0]."),
    ("HeNormal(seed=1.5)", "seed must be a whole number, but got 1.5."),
    ("Zeros(1)", "Zeros takes at most 0 positional arguments, but got 1."),
    ("Zeros(seed=1)", "Zeros has no argument 'seed'. It takes none."),
    ("blah", "'blah' is not a Keras initializer. Use one of Zeros, "),
]
REFUSED_OPTIMIZERS = [
    ("adm", "'adm' is not a Keras optimizer. Did you mean Adam"),
    ("SGD(lr=0.1)", "SGD has no argument 'lr'."),
    ("SGD(clipnorm=1.0)", "clipnorm must be None, but got 1.0."),
    ("SGD(momentum=1.5)", "momentum must be at least 0 and at most 1, but got 1.5."),
    ("SGD(use_ema=True)", "use_ema must be False, but got True."),
    ("keras.initializers.Adam()", "'keras.initializers.Adam' is not a Keras optimizer. Did you mean Adam"),
    ("AdamW(weight_decay=None)", "weight_decay must be a number, but got None."),
]


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        *((InitializerSpec, *row) for row in REFUSED),
        *((OptimizerSpec, *row) for row in REFUSED_OPTIMIZERS),
    ],
)
def test_refusals_name_the_argument_and_the_value(kind, text, message):
    with pytest.raises(SpecError) as error:
        kind.parse(text)
    assert str(error.value).startswith(message)


def test_specs_are_values():
    spec = parse("random_normal")
    assert str(spec.replace(stddev=1)) == "RandomNormal(mean=0.0, stddev=1.0)"
    assert spec.get("stddev") == 0.05
    for wrong, message in [
        (lambda: spec.replace(stdev=1), "Did you mean stddev"),
        (lambda: spec.get("scale"), "RandomNormal has no argument 'scale'"),
        (lambda: InitializerSpec("he_normal"), "Did you mean HeNormal"),
        (lambda: InitializerSpec("RandomNormal", (("stddev", -1.0),)), "positive"),
    ]:
        with pytest.raises(SpecError, match=message):
            wrong()
    with pytest.raises(FrozenInstanceError):
        spec.name = "HeNormal"
    assert InitializerSpec("RandomNormal", (("stddev", 1),)) == parse("RandomNormal(stddev=1)")
    assert InitializerSpec("HeNormal") != OptimizerSpec("Adam")


def test_labels_and_summaries():
    assert parse("RandomNormal(stddev=0.01)").label == "RandomNormal"
    assert parse("RandomNormal(stddev=0.01, mean=1)").summary == "mean 1.0, stddev 0.01"
    assert parse("RandomNormal()").summary == "default parameters"
    assert parse("HeNormal()").summary == "no parameters"
    assert parse("VarianceScaling(mode='fan_out')").summary == "mode fan_out"
    assert OptimizerSpec.parse("SGD(learning_rate=0.05)").summary == "learning_rate 0.05"


def test_code_has_the_seed_only_where_something_is_drawn():
    assert parse("HeNormal").code(0) == "keras.initializers.HeNormal(seed=0)"
    assert parse("HeNormal").code() == "keras.initializers.HeNormal()"
    assert parse("Zeros").code(0) == "keras.initializers.Zeros()"
    lines = ["scale=2.0", 'mode="fan_in"', 'distribution="truncated_normal"', "seed=7"]
    call, spec = "keras.initializers.VarianceScaling(", parse("VarianceScaling(2.0)")
    assert spec.code(7) == call + "".join(f"\n    {line}," for line in lines) + "\n)"
    assert spec.code(7, multiline=False) == f"{call}{', '.join(lines)})"
    assert OptimizerSpec.parse("sgd").code(multiline=False) == (
        "keras.optimizers.SGD(learning_rate=0.01, momentum=0.0, nesterov=False)"
    )


WHOLE = "shape must have whole numbers of at least 1 as dimensions, but got"
STFT = "STFT needs a shape (T, 1, F) with F of at least 2, but got"
INPUT_AXES, OUTPUT_AXES = (f"HeNormal(input_axes=[{n}], output_axes=[{k}])" for n, k in ((-3, 1), (0, 2)))


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        ("HeNormal", (), "shape must be a list of one or more dimensions, but got ()."),
        ("HeNormal", 5, "shape must be a list of one or more dimensions, but got 5."),
        ("HeNormal", (3, 0), f"{WHOLE} (3, 0)."),
        ("HeNormal", (3, 2.0), f"{WHOLE} (3, 2.0)."),
        ("HeNormal", (3, True), f"{WHOLE} (3, True)."),
        ("HeNormal", (10**4, 10**4), "shape must have at most 50,000,000 weights, but got (10000, 10000)."),
        (OUTPUT_AXES, (3, 4), "output_axes must be axes of the shape (3, 4), but got 2."),
        (INPUT_AXES, (3, 4), "input_axes must be axes of the shape (3, 4), but got -3."),
        ("Orthogonal", (5,), "Orthogonal needs a shape of at least two dimensions, but got (5,)."),
        ("Identity", (5, 5, 5), "Identity needs a shape of exactly two dimensions, but got (5, 5, 5)."),
        *(("STFT", shape, f"{STFT} {shape}.") for shape in ((5, 5), (5, 2, 5), (5, 1, 1))),
        ("STFT", (2, 1, 5), "STFT with a hann window needs T of at least 3, but got (2, 1, 5)."),
    ],
)
def test_shapes_that_cannot_be_filled(text, shape, message):
    spec = parse(text)
    for function in (spec.check_shape, spec.law, spec.fans, spec.formula):
        with pytest.raises(ShapeError) as error:
            function(shape)
        assert str(error.value) == message


def test_shapes_come_back_as_plain_ints():
    shape = parse("HeNormal").check_shape([np.int64(3), 4])
    assert shape == (3, 4)
    assert {type(d) for d in shape} == {int}


def test_learning_rates_that_keras_rounded_to_float32_read_back():
    assert OptimizerSpec.parse("Adam(learning_rate=0.01)").learning_rate == 0.01
    config = {"class_name": "adam", "config": {"learning_rate": float(np.float32(0.001)), "name": "adam"}}
    assert OptimizerSpec.parse(config) == OptimizerSpec("Adam")
