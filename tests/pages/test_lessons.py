"""The lessons: complete, their links open their states, and their answers are true on the stand-in."""

import io
import re
import runpy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import numpy as np
import pytest

from inits import weightfiles
from inits.engine import worker
from inits.engine.engine import Engine
from inits.experiments.experiment import Experiment, Start
from inits.experiments.file_start import HOWS, FileSpec
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.record import Record
from inits.experiments.weight_source import parse_kernel
from inits.figures.lessons import lesson_svg
from inits.initializers.spec import InitializerSpec
from inits.measure.checks import PastedKernel, checks
from inits.theory.signal_theory import TYPICAL_INPUTS, gains, predict
from inits.training.draw import examine
from pages.parts.experiment.choices import TRAIN
from pages.parts.lessons.catalog import LESSONS, ONE_SEED, Lesson, PictureKind, pictures
from pages.parts.signal.builder import SIGNAL
from pages.parts.sweep.builder import SWEEP
from pages.parts.widgets.shape import format_shape, parse_shape

PATIENCE = 180.0
MAX_LENGTH = {"title": 40, "question": 90, "task": 125, "look_for": 110, "caption": 90, "alt": 125}
MAX_LENGTH["answer"] = 480
CHANCE = 0.15
ADDRESSES = {"train": TRAIN, "signal": SIGNAL, "sweep": SWEEP}
LESSON = {lesson.key: lesson for lesson in LESSONS}
KEYS = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.key)


@KEYS
def test_lesson_is_complete_and_opens_the_state_that_it_describes(lesson: Lesson):
    for name, most in MAX_LENGTH.items():
        words = getattr(lesson, name)
        assert 0 < len(words) <= most, name
        assert words == " ".join(words.split())
        assert "!" not in words
        assert name == "title" or words.endswith("?" if name == "question" else "."), name
    assert lesson.answer.count("**") % 2 == 0
    exact = re.search(r"(reach(es)?|at|keeps) \*\*[\d.]+%", lesson.answer.replace("stays at", "stays by"))
    assert not exact, "a seed or a machine changes the last digit: say about"
    assert lesson.address == {**lesson.state, "lesson": lesson.key}
    assert address_of(lesson) == lesson.state


def address_of(lesson: Lesson) -> dict[str, str]:
    """Return the address that the page of a lesson writes when it is opened with the state of the lesson."""
    state = dict(lesson.state)
    if lesson.page == "explore":
        return {"init": str(parse_kernel(state["init"])), "shape": format_shape(parse_shape(state["shape"]))}
    if lesson.page == "custom":
        return {"init": str(PastedSpec.parse(state["init"]))}
    address = ADDRESSES[lesson.page]
    return dict(address.format(address.parse(state)).items() - address.defaults.items())


@KEYS
def test_picture_shows_the_starts_is_small_and_can_be_drawn(lesson: Lesson):
    picture = pictures()[lesson.key]
    names = list(dict.fromkeys(one["name"] for one in picture.get("series", ())))
    if lesson.pretrain:
        assert names == list(HOWS)
    elif lesson.page in ("train", "signal"):
        choices = TRAIN.parse(lesson.state) if lesson.page == "train" else SIGNAL.parse(lesson.state).choices
        assert names == choices.labels
    else:
        assert len(names) == (0 if lesson.picture == "sweep" else 2)
    svg = lesson_svg(picture, ["#112233"] * 8, "#000000")
    assert len(svg) < 16_000
    assert not re.search(r"nan|inf", svg)
    assert len(list(ElementTree.fromstring(svg))) > 1


def test_lessons_differ_and_every_kind_of_picture_has_a_painter_and_every_picture_a_lesson():
    assert len(LESSONS) == len(LESSON) == len({lesson.title for lesson in LESSONS})
    painters = runpy.run_path(str(Path(__file__).parents[2] / "docs/lessons.py"))["PAINTERS"]
    assert set(painters) == set(get_args(PictureKind))
    assert set(pictures()) == set(LESSON)


def test_picture_clips_to_its_edge_and_marks_where_a_run_diverged():
    one = {"name": "a", "slot": 0, "mark": "line", "x": [0, 2], "y": [-1, 9], "lost": True}
    svg = lesson_svg({"x": [0, 1], "y": [0, 1], "level": 0.5, "series": [one]}, ["#112233"], "#000000")
    assert 'class="line" d="M5,119 395,5"' in svg
    assert 'class="cross"' in svg
    assert 'class="level" d="M0,62H400"' in svg


# What the answers state. Margins are from 8 seeds on the stand-in, unless noted


def finished(engine: Engine, plan) -> Sequence[Record]:
    job = engine.run(plan)
    assert job.over.wait(PATIENCE)
    assert job.error is None
    return job.records


def experiment(key: str, **changes: str) -> Experiment:
    return TRAIN.parse({**LESSON[key].state, **changes}).experiment("digits")


def signal(engine: Engine, key: str, **changes: str):
    """Return the measurements of the first seed of each start."""
    choices = SIGNAL.parse({**LESSON[key].state, **changes}).choices
    rest = (choices.network, (0,), [()], ("digits", choices.batch_size, choices.seed))
    return [engine.call(worker.signal, card.start, *rest)[0] for card in choices.cards]


def accuracies(records: Sequence[Record]) -> list[float]:
    return [record.test_accuracy for record in records]


pytestmark = pytest.mark.keras


def test_zeros_and_constants_stay_copies(engine):
    plan = experiment("symmetry")
    records = finished(engine, plan)
    zeros, constant, he = accuracies(records)
    assert max(zeros, constant) < CHANCE
    assert he > 0.8  # 0.879 to 0.882
    np.testing.assert_array_equal(records[0].checkpoints[-1].std, 0.0)
    layers = weightfiles.read(io.BytesIO(engine.weights_file(plan.runs[1], records[1].done)), ".weights.h5")
    kernels = [array for layer in layers for array in layer.arrays.values() if array.ndim == 2]
    for kernel in kernels[:-1]:
        assert np.ptp(kernel, axis=1).max() < 1e-4 * np.abs(kernel - 0.05).max()  # it moved, all units alike


def test_only_the_right_scale_trains_six_layers(engine):
    small, right, large = finished(engine, experiment("scale"))
    assert small.test_accuracy < CHANCE
    assert right.test_accuracy > 0.75  # 0.835 to 0.912
    assert large.divergence is not None
    assert large.losses[0] > 50  # 88 to 121
    assert min(accuracies(finished(engine, experiment("scale", hidden="128")))) > 0.8  # 0.869 to 0.896


def test_he_learns_at_a_depth_where_glorot_does_not(engine):
    glorot, he = accuracies(finished(engine, experiment("depth")))
    assert glorot < CHANCE
    assert he > 0.25  # 0.31 to 0.62
    assert min(accuracies(finished(engine, experiment("depth", hidden="6 × 128")))) > 0.5  # 0.684 to 0.872
    stds = [InitializerSpec(name).law((128, 128)).std for name in ("HeNormal", "GlorotNormal")]
    assert stds[0] / stds[1] == pytest.approx(2**0.5)


def test_the_default_scale_of_005_loses_the_signal(engine):
    starts = [Start(InitializerSpec(name)) for name in ("RandomNormal", "RandomUniform", "HeNormal")]
    assert gains(starts[0], Network((128, 128))).weights[:2] == pytest.approx((1.96, 0.32))
    assert gains(starts[1], Network((128, 128))).weights[1] == pytest.approx(0.32 / 3)
    normal, uniform, he = (one.preactivations[9] / one.preactivations[0] for one in signal(engine, "trap"))
    assert uniform < normal < 3e-7  # theory: 0.16 ** 9 = 7e-8
    assert 0.1 < he < 10
    trained = experiment("trap", hidden=SIGNAL.defaults["hidden"])
    assert trained.starts == tuple(starts)
    *lost, he = accuracies(finished(engine, trained))
    assert max(lost) < CHANCE
    assert he > 0.5  # 0.73 to 0.84, of 3 seeds


def test_truncated_normal_is_narrower_than_its_stddev(engine):
    state = LESSON["truncated"].state
    shape = parse_shape(state["shape"])
    cut, he = (InitializerSpec.parse(text) for text in (state["init"], "HeNormal"))
    assert cut.law(shape).std == pytest.approx(0.11, abs=5e-4)
    assert he.law(shape).std == pytest.approx(0.125)
    short, whole = (engine.call(examine, spec, shape, 0).summary for spec in (cut, he))
    assert short.std / whole.std == pytest.approx(0.8796, abs=1e-4)  # the same numbers
    assert short.max / whole.max == pytest.approx(0.8796, abs=1e-4)
    assert short.max < 0.25 < whole.max
    net, inputs = Network((128,) * 20), TYPICAL_INPUTS["mnist"]
    powers = [predict(net, gains(Start(spec), net), inputs).preactivations for spec in (cut, he)]
    assert [power[19] / power[0] for power in powers] == [
        pytest.approx(0.008, abs=5e-4),
        pytest.approx(1.0),
    ]


def test_one_seeded_instance_draws_equal_kernels(engine):
    shapes = [(784, 128), (128, 128), (128, 128), (128, 10)]
    for seed, verdict in (("seed=1", "note"), ("", "note"), ("seed=keras.random.SeedGenerator(1)", "good")):
        result = engine.sandbox.run(ONE_SEED.source.replace("seed=1", seed), shapes, 0)
        assert result.picked.kind == "instance"
        kernels = [PastedKernel(a.shape, a, "float32", a.shape) for a in result.arrays]
        found = checks(kernels, None, ["a", "b", "c", "out"], one_object=True)
        assert {check.name: check.verdict for check in found}["Layers differ"] == verdict
        assert (result.arrays[1] == result.arrays[2]).all() == (verdict == "note")


def test_singular_values_of_orthogonal_layers_are_one(engine):
    orthogonal, lecun = (one.singular for one in signal(engine, "orthogonal"))
    np.testing.assert_allclose(orthogonal, 1.0, atol=1e-4)
    assert 5 < lecun.max() / lecun.min() < 30  # 10 to 15
    bent, other = (one.singular for one in signal(engine, "orthogonal", activation="tanh"))
    spread = [np.median(values.max(axis=1) / values.min(axis=1)) for values in (bent, other)]
    assert 2 * spread[0] < spread[1]


def test_deep_sigmoid_networks_need_a_large_scale(engine):
    sweep = replace(SWEEP.parse(LESSON["sigmoid"].state).sweep("digits"), columns=(1, 5))
    records = finished(engine, sweep)
    rows = range(len(sweep.values))
    shallow, deep = ([records[sweep.index(row, column)].test_accuracy for row in rows] for column in (0, 1))
    assert min(shallow) > 0.5  # 0.62 to 0.84, of 3 seeds
    assert max(accuracy for accuracy, scale in zip(deep, sweep.values, strict=True) if scale < 3) < CHANCE
    assert deep[sweep.values.index(23.2)] > 0.3  # 0.47 to 0.62


def test_shuffled_weights_learn_no_faster_than_new_ones(engine):
    plan = experiment("pretrained")
    (first,) = finished(engine, plan)
    reading = engine.files.take(io.BytesIO(engine.weights_file(plan.runs[0], first.done)), "a.weights.h5")
    assert reading.done.wait(PATIENCE)
    spec = FileSpec("a.weights.h5", reading.digest)
    starts = tuple(Start(spec.replace(how=how)) for how in HOWS)
    saved, *others = finished(engine, replace(plan, starts=starts))
    assert saved.checkpoints[0].accuracy > 0.7  # 0.87 to 0.88, of 3 seeds
    for other in others:
        assert other.checkpoints[0].accuracy < 0.35  # of few images: 0.02 to 0.19
        assert abs(other.test_accuracy - first.test_accuracy) < 0.06  # as good as fresh


def test_lsuv_needs_no_formula(engine):
    glorot, he, lsuv = accuracies(finished(engine, experiment("lsuv")))
    assert glorot < CHANCE
    assert he < 0.35  # 0.10 to 0.22
    assert lsuv > 0.5  # 0.64 to 0.83
