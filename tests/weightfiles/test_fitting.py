"""Weights of files in Dense networks: the layers that fit, compared with all possible ones, and their arrays."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inits.engine.array_sources import ArraySources
from inits.engine.jobs import Job
from inits.errors import SpecError, WeightFileError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.file_start import HOWS, FileSpec
from inits.experiments.network import Network
from inits.initializers.spec import InitializerSpec
from inits.measure.array_summary import summarize_array
from inits.seeds import derive_seed
from inits.weightfiles import read
from inits.weightfiles.fitting import (
    DenseLayer,
    dense_layers,
    fit,
    fitted_arrays,
    network_of,
    no_fit_message,
)  # fmt: skip
from inits.weightfiles.weight_file import VALUES, WeightFile

DIGEST = "ab" * 16
SPEC = FileSpec("net.keras", DIGEST)
NET = Network((300, 200))
(A, B, C) = ((3, 4), (4, 4), (4, 2))

layer_shapes = st.lists(st.sampled_from([A, B, C]), max_size=6)


def layers(*shapes) -> list[DenseLayer]:
    return [DenseLayer(f"dense_{n}", 2 * n, 2 * n + 1, shape) for n, shape in enumerate(shapes)]


def matchings(found: list[DenseLayer], shapes) -> list[list[tuple[int, int]]]:
    """Return all largest pairings (kernel, layer) of equal shapes that keep both orders."""
    for number in range(min(len(found), len(shapes)), 0, -1):
        pairs = [
            list(zip(kernels, chosen, strict=True))
            for kernels in itertools.combinations(range(len(shapes)), number)
            for chosen in itertools.combinations(range(len(found)), number)
            if all(shapes[i] == found[j].shape for i, j in zip(kernels, chosen, strict=True))
        ]
        if pairs:
            return pairs
    return [[]]


@given(layer_shapes, layer_shapes)
def test_fit_takes_as_many_layers_as_possible_in_order_and_the_first_ones(in_file, shapes):
    found = layers(*in_file)
    fits = fit(found, shapes)
    assert len(fits) == len(shapes)
    pairs = [(i, found.index(layer)) for i, layer in enumerate(fits) if layer is not None]
    largest = matchings(found, shapes)
    assert pairs in largest
    assert [layer for _, layer in pairs] == min([layer for _, layer in one] for one in largest)


# A file: what was measured of its arrays, and their values one after the other.


class Kept:
    """A store of one file."""

    def __init__(self, file: WeightFile | None):
        self.file = file

    def get(self, digest: str) -> WeightFile | None:
        return self.file if digest == DIGEST else None


def kept(folder: Path, arrays: dict[str, np.ndarray]) -> Kept:
    """Store arrays given by "layer/name"."""
    summaries = tuple(summarize_array(*name.split("/"), "Dense", array) for name, array in arrays.items())
    (folder / VALUES).write_bytes(b"".join(array.astype("<f4").tobytes() for array in arrays.values()))
    return Kept(WeightFile(DIGEST, "npz", folder, summaries))


def trained() -> dict[str, np.ndarray]:
    """Return all arrays of a network, with values that no initializer draws."""
    rng = np.random.default_rng(0)
    found = {}
    for number, (rows, columns) in enumerate(NET.kernel_shapes):
        found[f"dense_{number}/kernel"] = rng.gamma(2.0, 0.02, (rows, columns)).astype(np.float32)
        found[f"dense_{number}/bias"] = rng.uniform(0.1, 0.2, columns).astype(np.float32)
    return found


@pytest.fixture
def whole(tmp_path) -> tuple[list[np.ndarray], Kept]:
    arrays = trained()
    return list(arrays.values()), kept(tmp_path, arrays)


def assert_equal(ours, theirs) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("how", HOWS)
def test_arrays_are_float32_and_writable_copies_of_the_file(whole, how):
    arrays, store = whole
    found = fitted_arrays(SPEC.replace(how=how), NET, 0, store)
    assert [(one.shape, one.dtype) for one in found] == [(one.shape, np.float32) for one in arrays]
    for one in found:
        one[:] = 1.0
    for seed in (0, 5):
        assert_equal(fitted_arrays(SPEC, NET, seed, store), arrays)


def test_shuffled_has_the_same_values_in_another_order(whole):
    arrays, store = whole
    for ours, theirs in zip(fitted_arrays(SPEC.replace(how="shuffled"), NET, 3, store), arrays, strict=True):
        np.testing.assert_array_equal(np.sort(ours, axis=None), np.sort(theirs, axis=None))
        assert np.mean(ours == theirs) < 0.5  # of few values some come back to their place
        half = ours.size // 2  # the values move between units, not within them alone
        assert not np.array_equal(np.sort(ours.reshape(-1)[:half]), np.sort(theirs.reshape(-1)[:half]))


def test_gaussian_has_mean_std_and_law_of_normal_draws(whole):
    arrays, store = whole
    for ours, theirs in zip(fitted_arrays(SPEC.replace(how="Gaussian"), NET, 3, store), arrays, strict=True):
        n, mean, std = ours.size, theirs.mean(dtype=float), theirs.std(dtype=float)
        assert abs(ours.mean(dtype=float) - mean) < 4 * std / np.sqrt(n)
        low, high = stats.chi2.ppf([5e-5, 1 - 5e-5], n - 1)
        assert low < n * ours.var(dtype=float) / std**2 < high
        assert stats.kstest(ours.ravel(), stats.norm(mean, std).cdf).pvalue > 1e-4
    assert stats.kstest(arrays[0].ravel(), stats.norm(arrays[0].mean(), arrays[0].std()).cdf).pvalue < 1e-9


@pytest.mark.parametrize("how", ["shuffled", "Gaussian"])
def test_changes_depend_on_seed_and_layer(tmp_path, how):
    same = np.linspace(-1.0, 1.0, 300 * 300, dtype=np.float32).reshape(300, 300)
    net = Network((300, 300), inputs=300)
    arrays = {f"dense_{number}/kernel": same for number in range(2)} | {"dense_0/bias": same[0]}
    store, spec = kept(tmp_path, arrays), SPEC.replace(how=how)
    first, again, other = (fitted_arrays(spec, net, seed, store) for seed in (1, 1, 2))
    assert_equal(first[:2], again[:2])
    bound = 5 / np.sqrt(same.size)  # of the correlation of independent values
    for one, two in [(first[0], other[0]), (first[0], first[2])]:
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < bound
    assert not np.array_equal(first[1], other[1])


def test_missing_kernels_and_biases_are_none(tmp_path):
    arrays = trained()
    del arrays["dense_0/bias"]
    arrays["dense_1/kernel"], arrays["dense_1/bias"] = np.zeros((300, 201)), np.zeros(201)
    found = fitted_arrays(SPEC, NET, 0, kept(tmp_path, arrays))
    assert [one is None for one in found] == [False, True, True, True, False, False]
    assert_equal((found[0], found[5]), (arrays["dense_0/kernel"], arrays["dense_2/bias"]))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
@pytest.mark.parametrize("name", ["dense_1/kernel", "dense_2/bias"])
def test_non_finite_weights_are_refused_with_the_name(tmp_path, name, value):
    arrays = {key: array.astype(float) for key, array in trained().items()}
    arrays[name].flat[[1, -1]] = value
    with np.errstate(over="ignore"):
        store = kept(tmp_path, arrays)
    words = rf"^Weights must be finite, but got 2 NaN .* in {name} of net.keras\.$"
    with pytest.raises(WeightFileError, match=words):
        fitted_arrays(SPEC, NET, 0, store)
    if name == "dense_2/bias":  # layers that are not used are not checked
        assert fitted_arrays(SPEC, Network((300, 200), outputs=3), 0, store)[4] is None


def test_removed_file_is_reported(whole):
    _, store = whole
    (store.file.folder / VALUES).unlink()
    for name, file in (("The weight file", store), ("net.keras", Kept(None))):
        words = rf"^{name} is not available; choose the file again under Weight files\.$"
        with pytest.raises(WeightFileError, match=words):
            fitted_arrays(SPEC, NET, 0, file)


def test_file_of_another_network_is_refused_with_both_named(whole):
    net = Network((8,))
    words = "No layer of net.keras fits a network of 784 – 8 – 10; choose hidden layers as in the file."
    assert no_fit_message("net.keras", net) == words
    with pytest.raises(WeightFileError, match=f"^{words}$"):
        fitted_arrays(SPEC, net, 0, whole[1])


def test_runs_of_files_get_arrays_or_errors(whole):
    arrays, store = whole
    starts = (Start(SPEC), Start(InitializerSpec("HeNormal")), Start(FileSpec("old.h5", "0" * 32)))
    plan = Experiment(starts, NET)
    sources = ArraySources(None, store)
    found, without = sources.draw(Job(plan, "job"), list(enumerate(plan.runs)), jailed=True)
    assert list(found) == [0]
    np.testing.assert_array_equal(found[0][0], arrays[0])
    assert [(one.run, one.error.split(";")[0]) for one in without] == [(2, "old.h5 is not available")]
    np.testing.assert_array_equal(sources.redraw(plan.runs[0], True)[0], arrays[0])
    assert sources.redraw(plan.runs[1], True) == ()
    stopped = Job(plan, "job")
    stopped.stopping = frozenset({0})
    found, (record,) = sources.draw(stopped, [(0, plan.runs[0])], jailed=True)
    assert (found, record.stopped) == ({}, True)


# Which layers are Dense.

KERNEL_AND_BIAS = {"a/kernel": (3, 4), "a/bias": (4,)}


@pytest.mark.parametrize(
    ("arrays", "kind", "found"),
    [
        (KERNEL_AND_BIAS, "Dense", [("a", 0, 1, (3, 4))]),
        ({"a/bias": (4,), "a/kernel": (3, 4)}, "", [("a", 1, 0, (3, 4))]),
        ({"a/kernel": (3, 4)}, "", [("a", 0, None, (3, 4))]),
        ({"a/weight": (3, 4), "a/bias": (4,)}, "", [("a", 0, 1, (3, 4))]),
        ({"a/0": (3, 4), "a/1": (4,)}, "", [("a", 0, 1, (3, 4))]),
        (
            {"b/kernel": (3, 4), "a/kernel": (4, 2), "b/bias": (4,), "a/bias": (2,)},
            "",
            [("b", 0, 2, (3, 4)), ("a", 1, 3, (4, 2))],
        ),
        (KERNEL_AND_BIAS, "EinsumDense", []),
        ({"a/kernel": (3, 4), "a/bias": (3,)}, "", []),
        ({"a/kernel": (4,), "a/bias": (4,)}, "", []),
        ({"a/kernel": (3, 3, 3, 4), "a/bias": (4,)}, "", []),
        ({"a/kernel": (3, 8), "a/recurrent_kernel": (2, 8), "a/bias": (8,)}, "", []),
        ({"a/bias": (4,)}, "", []),
        ({"a/embeddings": (3, 4)}, "", []),
        ({"a/0": (3, 4), "a/1": (4,), "a/2": (4,)}, "", []),
    ],
)
def test_dense_layers_are_recognized_by_arrays_and_class(arrays, kind, found):
    summaries = [
        summarize_array(*name.split("/"), kind, np.ones(shape, "f4")) for name, shape in arrays.items()
    ]
    assert dense_layers(summaries) == [DenseLayer(*one) for one in found]


@pytest.mark.keras
@pytest.mark.parametrize("name", ["sequential", "functional", "images", "sequences"])
def test_dense_layers_of_keras_files_are_found(saved, name):
    shapes = json.loads((saved / "dense.json").read_text())[name]
    summaries = [
        summarize_array(layer.name, variable, layer.kind, array)
        for layer in read(saved / f"{name}.weights.h5")
        for variable, array in layer.arrays.items()
    ]
    assert sorted(list(one.shape) for one in dense_layers(summaries)) == shapes != []


@pytest.mark.parametrize(
    ("shapes", "hidden"),
    [
        ([(784, 10)], ()),
        ([(784, 30), (30, 20), (20, 10)], (30, 20)),
        ([(784, 30), (20, 10)], None),
        ([(784, 30), (30, 20)], None),
        ([(700, 10)], None),
        ([], None),
    ],
)
def test_network_of_a_file_is_recognized(shapes, hidden):
    found = network_of(layers(*shapes), "tanh", 784, 10)
    assert found == (None if hidden is None else Network(hidden, "tanh", 784, 10))
    assert found is None or found.kernel_shapes == tuple(shapes)


def test_network_too_large_for_training_is_refused():
    with pytest.raises(SpecError, match=r"Hidden layers must have 1 to 1,024 units each, but got 5000"):
        network_of(layers((784, 5000), (5000, 10)), "relu", 784, 10)


@pytest.mark.keras
def test_unfilled_layers_get_draws_of_their_initializer(tmp_path):
    from inits.training.starts import draw, start_arrays

    arrays = trained()
    del arrays["dense_2/bias"], arrays["dense_1/kernel"], arrays["dense_1/bias"]
    rest, bias = InitializerSpec("HeNormal"), InitializerSpec("RandomNormal")
    start = Start(SPEC.replace(rest=str(rest)), bias)
    found = start_arrays(start, NET, 9, fitted_arrays(start.kernel, NET, 9, kept(tmp_path, arrays)))
    expected = [
        *(arrays["dense_0/kernel"], arrays["dense_0/bias"]),
        *(draw(rest, (300, 200), derive_seed(9, "kernel", 1)), draw(bias, (200,), derive_seed(9, "bias", 1))),
        *(arrays["dense_2/kernel"], draw(bias, (10,), derive_seed(9, "bias", 2))),
    ]
    assert_equal(found, expected)
    plain = start_arrays(Start(rest, bias), NET, 9)
    np.testing.assert_array_equal(plain[2], found[2])  # what it draws does not depend on the file
