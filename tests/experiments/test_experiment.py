"""Experiments as values: JSON, key, runs and bounds."""

import contextlib
import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import TEXTS

from inits.data.datasets import DATASETS
from inits.errors import ShapeError, SpecError
from inits.experiments.experiment import MAX_BATCH, MAX_SEEDS, MAX_STARTS, Experiment, Start
from inits.experiments.network import MAX_LAYERS, MAX_UNITS, Network
from inits.experiments.sweep import Sweep
from inits.experiments.weight_source import parse_kernel
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import InitializerSpec, OptimizerSpec

parse = InitializerSpec.parse
HE = Start(parse("HeNormal()"))
BASE = Experiment(starts=(HE,))
CANONICAL = (
    '{"architecture":{"activation":"relu","hidden":[128],"inputs":784,"outputs":10},"batch_size":32,'
    '"dataset":"mnist","optimizer":"SGD(learning_rate=0.05, momentum=0.0, nesterov=False)","seeds":[0],'
    '"starts":[{"bias":"Zeros()","kernel":"HeNormal()"}]}'
)

texts = st.sampled_from([text for text in TEXTS if not text.startswith(("STFT", "GlorotNormal(input"))])
biases = texts.filter(lambda text: not text.startswith(("Orthogonal", "Identity")))
hidden_layers = st.lists(st.integers(1, MAX_UNITS), max_size=MAX_LAYERS).map(tuple)
experiments = st.builds(
    Experiment,
    starts=st.lists(
        st.builds(Start, texts.map(parse), biases.map(parse)), min_size=1, max_size=MAX_STARTS
    ).map(tuple),
    network=st.builds(
        Network, hidden_layers, st.sampled_from(sorted(ACTIVATIONS)), st.integers(1, 900), st.integers(1, 20)
    ),
    optimizer=st.builds(
        lambda name, rate: OptimizerSpec(name, (("learning_rate", rate),)),
        st.sampled_from(sorted(OPTIMIZERS)),
        st.floats(1e-6, 10),
    ),
    batch_size=st.integers(1, MAX_BATCH),
    seeds=st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=MAX_SEEDS).map(tuple),
    dataset=st.sampled_from(sorted(DATASETS)),
)


@given(experiments)
def test_json_round_trip(experiment):
    text = experiment.to_json()
    again = Experiment.from_json(text)
    assert again == experiment
    assert (again.to_json(), again.key) == (text, experiment.key)


KEPT = {
    BASE: "682a78f47acb39884ba6ab94e53a3f5c2d862db7b103ab34c6cb4c9490333698",
    Experiment(
        (Start(parse("GlorotUniform()")), Start(parse("RandomNormal(0.0, 0.01)"), parse("Constant(0.1)"))),
        Network((64, 64, 32), "tanh"),
        OptimizerSpec("Adam"),
        batch_size=64,
        seeds=(3, 4),
        dataset="digits",
    ): "06057795d3787d2cc94de39456af32801f081e9dd509f297b7a9ffd26417c0f2",
    Experiment(
        (
            Start(parse_kernel("LSUV()")),
            Start(parse_kernel("file:a.h5:0123456789abcdef0123456789abcdef:shuffled")),
        ),
        Network((), "softmax", inputs=10, outputs=3),
        OptimizerSpec("Lamb"),
        batch_size=1,
        seeds=(2**31 - 1,),
    ): "3c91c94ea31b11aee215b9114a9c6e268771c91a8173c2cbcc9b0dc34ab1b8b7",
}


def test_keys_of_kept_results_stay_as_they_are():
    assert BASE.to_json() == CANONICAL
    assert {experiment: experiment.key for experiment in KEPT} == KEPT
    assert Sweep("stddev", (0.1, 0.2), "depth", (1, 2)).key == (
        "24d2a2ae6d0b7484df8fd3c2f8a0dde4d7f88ae3760edfece46e5352b4906d6c"
    )


ONES = Start(parse("Ones()"))
CHANGES = {
    "starts": [
        (Start(parse("HeUniform()")),),
        (Start(HE.kernel, parse("Ones()")),),
        (HE, ONES),
        (ONES, HE),
        (HE, HE),
    ],
    "network": [
        *(Network(hidden) for hidden in ((128, 128), (129,))),
        *(Network(**change) for change in ({"activation": "tanh"}, {"inputs": 783}, {"outputs": 11})),
    ],
    "optimizer": [
        OptimizerSpec.parse(text) for text in ("SGD(0.1)", "SGD(0.05, momentum=0.9)", "Lion(0.05)")
    ],
    "batch_size": [33],
    "seeds": [(1,), (0, 1), (1, 0)],
    "dataset": ["digits"],
}


def test_the_key_follows_every_field():
    assert set(CHANGES) == {field.name for field in fields(Experiment)}
    changed = [replace(BASE, **{name: value}) for name, values in CHANGES.items() for value in values]
    keys = {BASE.key, *(experiment.key for experiment in changed)}
    assert len(keys) == len(changed) + 1


def test_the_key_does_not_follow_the_spelling_or_the_layout():
    optimizer = OptimizerSpec.parse("sgd(learning_rate=5e-2, nesterov=False)")
    for text in ("he_normal", "keras.initializers.HeNormal(seed=3)"):
        assert Experiment((Start(parse(text)),), optimizer=optimizer).key == BASE.key
    shuffled = json.dumps(dict(reversed(json.loads(CANONICAL).items())), indent=4)
    assert Experiment.from_json(shuffled).key == BASE.key


def test_runs_are_all_starts_seed_by_seed():
    experiment = Experiment((HE, HE, HE), seeds=(5, 6))
    assert [(run.start, run.seed) for run in experiment.runs] == [
        (start, seed) for seed in experiment.seeds for start in experiment.starts
    ]
    assert [[experiment.runs[i].start for i in experiment.of_start(k)] for k in range(3)] == [
        [start] * 2 for start in experiment.starts
    ]


BAD = [
    (lambda: Network((1,) * 51), "none or 1 to 50, but got 51"),
    (lambda: Network((0,)), "Hidden layers must have 1 to 1,024 units each, but got 0"),
    (lambda: Network((1025,)), "but got 1025"),
    (lambda: Network((2.5,)), "but got 2.5"),
    (lambda: Network((True,)), "but got True"),
    (lambda: Network(activation="swash"), "activation must be one of relu, .*but got 'swash'"),
    (lambda: Experiment(()), "number of starts must be a whole number from 1 to 8, but got 0"),
    (lambda: Experiment((HE,) * 9), "but got 9"),
    (lambda: Experiment((HE,), seeds=()), "number of seeds must be a whole number from 1 to 20, but got 0"),
    (lambda: Experiment((HE,), seeds=tuple(range(21))), "but got 21"),
    (lambda: Experiment((HE,), seeds=(-1,)), "seed must be .*but got -1"),
    (lambda: Experiment((HE,), seeds=(2**31,)), "seed must be .*but got 2147483648"),
    (lambda: Experiment((HE,), batch_size=0), "batch_size must be .*but got 0"),
    (lambda: Experiment((HE,), batch_size=4097), "batch_size must be .*but got 4097"),
    (lambda: Experiment((HE,), dataset="cifar"), "dataset must be one of mnist, digits, but got 'cifar'"),
    (lambda: Experiment((HE,), Network(inputs=0)), "shape must have whole numbers"),
]


@pytest.mark.parametrize(("build", "words"), BAD, ids=[words for _, words in BAD])
def test_bounds(build, words):
    with pytest.raises(SpecError, match=words):
        build()


def test_the_bounds_themselves_are_allowed():
    net = Network((MAX_UNITS,) * MAX_LAYERS)
    seeds = (0, 2**31 - 1, *range(MAX_SEEDS - 2))
    assert Experiment((HE,) * MAX_STARTS, net, batch_size=MAX_BATCH, seeds=seeds).key


@pytest.mark.parametrize(
    ("kernel", "bias", "words"),
    [
        ("HeNormal()", "Orthogonal()", "Orthogonal needs a shape of at least two dimensions"),
        ("HeNormal()", "Identity()", "Identity needs a shape of exactly two dimensions"),
        ("STFT()", "Zeros()", "STFT needs a shape"),
        ("HeNormal(input_axes=[2], output_axes=[0])", "Zeros()", "input_axes must be axes of the shape"),
    ],
)
def test_a_start_must_fill_every_layer(kernel, bias, words):
    with pytest.raises(ShapeError, match=words):
        Experiment((HE, Start(parse(kernel), parse(bias))))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    *((name,) for name in json.loads(CANONICAL)),
    *(("architecture", name) for name in ("activation", "hidden", "inputs", "outputs")),
    *(("starts", 0, name) for name in ("kernel", "bias")),
    ("starts", 0),
    ("seeds", 0),
]


@given(st.sampled_from(PLACES), st.just(KeyError) | json_values)
def test_json_with_anything_in_one_place_is_read_or_refused(place, value):
    whole = inner = json.loads(CANONICAL)
    for step in place[:-1]:
        inner = inner[step]
    if value is KeyError:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    with contextlib.suppress(SpecError):
        found = Experiment.from_json(json.dumps(whole))
        assert Experiment.from_json(found.to_json()) == found


@given(
    st.text()
    | json_values.map(json.dumps)
    | st.sampled_from(["[" * 100_000, '{"starts": 1e400}', "9" * 5000])
)
def test_other_texts_are_refused(text):
    with pytest.raises(SpecError, match=r"This is not an experiment: .*Copy it again"):
        Experiment.from_json(text)
