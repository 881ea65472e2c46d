"""From a file to a training: what Keras has saved goes on where it stopped, step by step as Keras itself would."""

import io
from collections.abc import Callable

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


def saved(model: keras.Model, path, save: Callable[[keras.Model, str], None]) -> bytes:
    save(model, str(path))
    return path.read_bytes()


def first_batch(run: Run) -> tuple[np.ndarray, np.ndarray]:
    data = digits()
    row = batches(len(data.x_train), run.batch_size, derive_seed(run.seed, "batches"))[0]
    return data.x_train[row] / np.float32(255), data.y_train[row]


def evaluated(model: keras.Model, run: Run) -> float:
    """The loss of a run's first batch, by Keras."""
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images, labels = first_batch(run)
    return float(model.evaluate(images, labels, batch_size=len(labels), verbose=0))


def experiment(*starts: Start, net: Network = NET, seeds: tuple[int, ...] = (7,)) -> Experiment:
    return Experiment(starts, net, SGD, 64, seeds, "digits")


def test_the_round_trip_goes_on_where_it_stopped(engine, tmp_path):
    """Train, download, upload, start from it: the first loss is that of the saved model."""
    first = experiment(HE)
    trained = finished(engine.run(first)).records[0]
    data = engine.weights_file(first.runs[0], trained.done)
    again = experiment(Start(taken(engine, data, "model.weights.h5")), seeds=(8,))
    record = finished(engine.run(again)).records[0]
    model = build_model(NET)
    path = tmp_path / "model.weights.h5"
    path.write_bytes(data)
    model.load_weights(path)
    assert record.losses[0] == pytest.approx(evaluated(model, again.runs[0]), rel=1e-5)
    assert record.losses[0] < 0.4 * trained.losses[0]
    held_out = trained.checkpoints[-1].loss
    assert record.checkpoints[0].loss == pytest.approx(held_out, rel=0.2)  # of fewer images
    begun, path = build_model(NET), tmp_path / "begun.weights.h5"
    path.write_bytes(engine.weights_file(again.runs[0], 0))
    begun.load_weights(path)
    for ours, theirs in zip(begun.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("model.keras", lambda model, path: model.save(path)),
        ("model.h5", lambda model, path: model.save(path)),
        ("model.weights.h5", lambda model, path: model.save_weights(path)),
    ],
)
def test_every_format_of_keras_starts_as_keras_loads_it(engine, tmp_path, name, save):
    keras.utils.set_random_seed(3)
    model = build_model(NET)
    model.set_weights([w + 0.01 * np.random.default_rng(0).normal(size=w.shape) for w in model.get_weights()])
    plan = experiment(Start(taken(engine, saved(model, tmp_path / name, save), name)))
    record = finished(engine.run(plan)).records[0]
    assert record.losses[0] == pytest.approx(evaluated(model, plan.runs[0]), rel=1e-5)


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
    model = build_model(Network((24,)))
    data = saved(model, tmp_path / "small.weights.h5", lambda model, path: model.save_weights(path))
    spec = taken(engine, data, "small.weights.h5").replace(rest="HeUniform()")
    plan = experiment(Start(spec, InitializerSpec("Constant", (("value", 0.25),))))
    (run,) = plan.runs
    assert finished(engine.run(plan)).records[0].finished
    begun = build_model(NET)
    path = tmp_path / "begun.weights.h5"
    path.write_bytes(engine.weights_file(run, 0))
    begun.load_weights(path)
    kernel, bias, *middle, last_kernel, last_bias = begun.get_weights()
    np.testing.assert_array_equal(kernel, model.get_weights()[0])
    np.testing.assert_array_equal(bias, model.get_weights()[1])
    for layer, got in ((1, middle[0]), (2, last_kernel)):
        drawn = draw(InitializerSpec("HeUniform"), NET.kernel_shapes[layer], derive_seed(7, "kernel", layer))
        np.testing.assert_array_equal(got, drawn)
    np.testing.assert_array_equal(middle[1], np.full(16, 0.25, np.float32))
    np.testing.assert_array_equal(last_bias, np.full(10, 0.25, np.float32))


def test_a_file_that_is_gone_is_an_error_of_its_start_alone(engine):
    gone = Start(FileSpec("lost.keras", "0" * 32))
    plan = experiment(HE, gone)
    job = engine.run(plan)
    assert job.over.wait(PATIENCE)
    fine, lost = job.records
    assert fine.finished
    assert lost.error == "lost.keras is not available; choose the file again under Weight files."


def test_a_file_of_another_network_is_an_error_that_names_both(engine, tmp_path):
    data = saved(
        build_model(Network((5,), inputs=9)), tmp_path / "x.keras", lambda model, path: model.save(path)
    )
    job = engine.run(experiment(Start(taken(engine, data, "x.keras").replace(how="Gaussian"))))
    assert job.over.wait(PATIENCE)
    assert job.records[0].error == (
        "No layer of x.keras fits a network of 784 – 24 – 16 – 10; choose hidden layers as in the file."
    )


def test_the_result_is_kept_by_what_is_in_the_file(engine, tmp_path):
    """The digest is part of the key: other values, another result; the same bytes under another name, other text."""
    keras.utils.set_random_seed(5)
    model = build_model(NET)
    save = lambda model, path: model.save_weights(path)  # noqa: E731
    one = taken(engine, saved(model, tmp_path / "a.weights.h5", save), "a.weights.h5")
    model.layers[0].kernel.assign_add(np.full((784, 24), 1e-3, np.float32))
    other = taken(engine, saved(model, tmp_path / "b.weights.h5", save), "a.weights.h5")
    assert one.digest != other.digest
    keys = {experiment(Start(spec)).runs[0].key for spec in (one, other)}
    assert len(keys) == 2
    assert taken(engine, (tmp_path / "b.weights.h5").read_bytes(), "c.h5").digest == other.digest
