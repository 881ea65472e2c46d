"""Training from a file: weights that Keras saved begin where they stopped, as in Keras itself."""

import io
from pathlib import Path

import keras
import numpy as np
import pytest

from inits.data.dataset import batches
from inits.data.standin import digits
from inits.engine.engine import Engine
from inits.engine.jobs import Job
from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.seeds import derive_seed
from inits.training.layers import build_model
from inits.training.starts import draw

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras', when it saves
]

PATIENCE = 180.0
NET = Network((24, 16))
SGD = OptimizerSpec("SGD", (("learning_rate", 0.2),))
HE = Start(InitializerSpec("HeNormal"))


def finished(job: Job) -> Job:
    assert job.over.wait(PATIENCE)
    assert job.error is None
    return job


def taken(engine: Engine, data: bytes, name: str, how: str = "as saved") -> FileSpec:
    reading = engine.files.take(io.BytesIO(data), name)
    assert reading.done.wait(PATIENCE)
    assert reading.error is None
    return FileSpec(name, reading.digest, how)


def saved(model: keras.Model, path: Path) -> bytes:
    """Return what Keras saves in the format of the path's ending."""
    (model.save_weights if path.name.endswith(".weights.h5") else model.save)(path)
    return path.read_bytes()


def loaded(data: bytes, path: Path) -> keras.Model:
    """Return NET with weights that Keras reads from a .weights.h5 file."""
    path.write_bytes(data)
    model = build_model(NET)
    model.load_weights(path)
    return model


def first_loss(model: keras.Model, run: Run) -> float:
    """Return the loss of a run's first batch, by Keras."""
    data = digits()
    row = batches(len(data.x_train), run.batch_size, derive_seed(run.seed, "batches"))[0]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return float(loss(data.y_train[row], model(data.x_train[row] / np.float32(255))))


def experiment(*starts: Start, net: Network = NET, seeds: tuple[int, ...] = (7,)) -> Experiment:
    return Experiment(starts, net, SGD, 64, seeds, "digits")


def test_a_round_trip_continues_where_it_stopped(engine, tmp_path):
    """Train, download, upload, start from it: the first loss is that of the saved model."""
    first = experiment(HE)
    trained = finished(engine.run(first)).records[0]
    data = engine.weights_file(first.runs[0], trained.done)
    again = experiment(Start(taken(engine, data, "model.weights.h5")), seeds=(8,))
    record = finished(engine.run(again)).records[0]
    model = loaded(data, tmp_path / "model.weights.h5")
    assert record.losses[0] == pytest.approx(first_loss(model, again.runs[0]), rel=1e-5)
    assert record.losses[0] < 0.4 * trained.losses[0]
    held_out = trained.checkpoints[-1].loss
    assert record.checkpoints[0].loss == pytest.approx(held_out, rel=0.2)  # of fewer images
    begun = loaded(engine.weights_file(again.runs[0], 0), tmp_path / "begun.weights.h5")
    for ours, theirs in zip(begun.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.weights.h5"])
def test_every_format_of_keras_starts_as_keras_loads_it(engine, tmp_path, name):
    keras.utils.set_random_seed(3)
    model = build_model(NET)
    model.set_weights([w + 0.01 * np.random.default_rng(0).normal(size=w.shape) for w in model.get_weights()])
    plan = experiment(Start(taken(engine, saved(model, tmp_path / name), name)))
    record = finished(engine.run(plan)).records[0]
    assert record.losses[0] == pytest.approx(first_loss(model, plan.runs[0]), rel=1e-5)


def test_shuffled_and_gaussian_begin_with_the_scale_but_not_the_values(engine, tmp_path):
    first = experiment(HE)
    data = engine.weights_file(first.runs[0], finished(engine.run(first)).records[0].done)
    specs = [taken(engine, data, "a.weights.h5", how) for how in ("as saved", "shuffled", "Gaussian")]
    plan = experiment(*map(Start, specs), seeds=(1, 2))
    job = finished(engine.run(plan))
    saved_, shuffled, gaussian = (job.records[plan.of_start(start)[0]] for start in range(3))
    assert min(shuffled.losses[0], gaussian.losses[0]) > 2 * saved_.losses[0]  # it had learned the values
    for one in (shuffled, gaussian):
        np.testing.assert_allclose(one.checkpoints[0].std, saved_.checkpoints[0].std, rtol=0.1)
    np.testing.assert_allclose(shuffled.checkpoints[0].std, saved_.checkpoints[0].std, rtol=1e-5)
    np.testing.assert_array_equal(shuffled.checkpoints[0].counts, saved_.checkpoints[0].counts)
    second = job.records[plan.of_start(1)[1]]
    assert second.losses[0] != shuffled.losses[0]  # another seed, another order


def test_layers_that_nothing_fits_are_drawn_by_the_named_initializer(engine, tmp_path):
    keras.utils.set_random_seed(4)
    model, name = build_model(Network((24,))), "small.weights.h5"
    spec = taken(engine, saved(model, tmp_path / name), name).replace(rest="HeUniform()")
    plan = experiment(Start(spec, InitializerSpec("Constant", (("value", 0.25),))))
    (run,) = plan.runs
    assert finished(engine.run(plan)).records[0].finished
    begun = loaded(engine.weights_file(run, 0), tmp_path / "begun.weights.h5").get_weights()
    kernels = [
        draw(InitializerSpec("HeUniform"), NET.kernel_shapes[layer], derive_seed(7, "kernel", layer))
        for layer in (1, 2)
    ]
    biases = [np.full(units, 0.25, np.float32) for units in (16, 10)]
    expected = [*model.get_weights()[:2], kernels[0], biases[0], kernels[1], biases[1]]
    for ours, theirs in zip(begun, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_files_that_are_gone_or_fit_nothing_are_errors_of_their_starts_alone(engine, tmp_path):
    gone = FileSpec("lost.keras", "0" * 32)
    other = taken(
        engine, saved(build_model(Network((5,), inputs=9)), tmp_path / "x.keras"), "x.keras", "Gaussian"
    )
    job = engine.run(experiment(HE, Start(gone), Start(other)))
    assert job.over.wait(PATIENCE)
    fine, *lost = job.records
    assert fine.finished
    assert [record.error for record in lost] == [
        "lost.keras is not available; choose the file again under Weight files.",
        "No layer of x.keras fits a network of 784 – 24 – 16 – 10; choose hidden layers as in the file.",
    ]
