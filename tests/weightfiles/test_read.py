"""Weight files: what Keras, NumPy and safetensors write comes back value by value, in the network's order."""

import io
import json
from collections.abc import Callable

import h5py
import numpy as np
import pytest
from support.weight_corpus import BIAS, KERNEL, hdf5, keras2, keras3, keras_zip, zipped

from inits.errors import WeightFileError
from inits.weightfiles import read
from inits.weightfiles.formats.keras_names import snake
from inits.weightfiles.formats.limits import natural
from inits.weightfiles.reader import Layer

MODELS = ("sequential", "functional", "images", "sequences", "attention", "subclassed")
MODELS += ("float16", "bfloat16", "float64")
SUFFIXES = (".keras", ".weights.h5", ".h5")
FILES = [f"{model}{suffix}" for model in MODELS for suffix in SUFFIXES if f"{model}{suffix}" != "bfloat16.h5"]
NUMBERED = {  # file -> layers whose variables have no names: only the class of a layer gives them
    **{"attention.keras": 4, "attention.weights.h5": 4, "functional.weights.h5": 1},
    **{"subclassed.keras": 2, "subclassed.weights.h5": 2},
}


def of(content: bytes) -> list[Layer]:
    return read(io.BytesIO(content))


def names(layers: list[Layer]) -> list[str]:
    return [layer.name for layer in layers]


def contents(layers: list[Layer]) -> list[tuple[str, str, list[str]]]:
    return [(layer.name, layer.kind, list(layer.arrays)) for layer in layers]


def filled(*paths: str, value: np.ndarray = KERNEL, **options: str) -> bytes:
    """Return an HDF5 file with one value at several paths."""
    return hdf5(lambda file: [file.__setitem__(path, value) for path in paths], **options)


# What Keras saves.


@pytest.fixture(scope="session")
def loaded(saved) -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """file -> layer -> variable -> value, as Keras loads it, in the order of `model.layers`."""
    found: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    with np.load(saved / "values.npz") as values:
        for file, rows in json.loads((saved / "expected.json").read_text()).items():
            for layer, variable, _, key in rows:
                found.setdefault(file, {}).setdefault(layer, {})[variable] = values[key]
    assert set(found) == set(FILES)
    assert len(found["sequential.keras"]) == 13
    assert {"outer/inner/b", "outer/a", "shared"} < set(found["functional.h5"])
    return found


def top(layers: list[str]) -> list[str]:
    """Names of the layers of the model itself, each once."""
    return list(dict.fromkeys(name.split("/")[0] for name in layers))


@pytest.mark.keras
@pytest.mark.parametrize("file", FILES)
def test_file_has_the_values_names_and_order_that_keras_loads(saved, loaded, file):
    layers, numbered = read(saved / file), 0
    expected = {name.split("/")[-1]: arrays for name, arrays in loaded[file].items()}
    assert {name.split("/")[-1] for name in names(layers)} == set(expected)
    for layer in layers:
        wanted = expected[layer.name.split("/")[-1]]
        for found, value in zip(layer.arrays.values(), wanted.values(), strict=True):
            assert found.dtype == value.dtype
            np.testing.assert_array_equal(found, value)
        numbered += list(layer.arrays) != list(wanted)
        assert list(layer.arrays) in (list(wanted), [str(number) for number in range(len(wanted))])
    assert numbered == NUMBERED.get(file, 0)
    if not file.startswith("subclassed"):
        assert top(names(layers)) == top(list(loaded[file]))
        if not file.startswith(("attention", "sequences")):  # Keras keeps parts of layers by the alphabet
            assert names(layers) == list(loaded[file])


@pytest.mark.keras
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_classes_are_known_by_name_or_by_the_config(saved, suffix):
    images = "Normalization Conv2D BatchNormalization DepthwiseConv2D SeparableConv2D Dense LayerNormalization PReLU"
    sequences = "Embedding LSTM GRU Dense LSTM LSTM Dense"
    for name, kinds in (("images", images), ("sequences", sequences)):
        assert [layer.kind for layer in read(saved / f"{name}{suffix}")] == kinds.split()


@pytest.mark.keras
def test_parts_of_a_sharded_file_are_read_and_its_list_is_refused_with_advice(saved):
    parts = sorted(saved.glob("shards_*.weights.h5"))
    assert [layer.arrays["kernel"].shape for part in parts for layer in read(part)] == [(6, 3), (3, 2)]
    with pytest.raises(WeightFileError, match=r"several parts; save the weights in one file\.$"):
        read(saved / "shards.weights.json")


@pytest.mark.keras
def test_groups_have_the_names_that_keras_gives_them(saved):
    groups = json.loads((saved / "groups.json").read_text())
    assert len(groups) > 100
    assert {kind: snake(kind) for kind in groups} == groups


# The layouts of earlier versions, made by hand.


@pytest.mark.parametrize("kind", [np.array, list, lambda names: [name.decode() for name in names]])
@pytest.mark.parametrize("below", [False, True])
def test_old_layout_has_its_names_as_bytes_or_texts_at_the_root_or_below(kind: Callable, below):
    def fill(file: h5py.File) -> None:
        keras2(file.create_group("model_weights") if below else file, kind)
        file.create_group("optimizer_weights").create_dataset("adam/kernel_momentum", data=KERNEL)

    layers = of(hdf5(fill))
    assert contents(layers) == [(name, "Dense", ["kernel", "bias"]) for name in ("dense", "dense_1")]
    np.testing.assert_array_equal(layers[1].arrays["kernel"], KERNEL)


def legacy(weights: dict[str, list[str]], **attributes: str) -> bytes:
    def fill(file: h5py.File) -> None:
        file.attrs.update({"layer_names": [name.encode() for name in weights], **attributes})
        for layer, paths in weights.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = [path.encode() for path in paths]
            for path in paths:
                group[path] = BIAS

    return hdf5(fill)


@pytest.mark.parametrize(
    ("layer", "weights", "found"),
    [
        ("dense_1", ["dense_1_W", "dense_1_b"], {"dense_1": ["kernel", "bias"]}),  # Keras 1
        ("dense_1", ["dense_1/kernel:0"], {"dense_1": ["kernel"]}),
        ("dense_1", ["dense_1_3/kernel:0"], {"dense_1": ["kernel"]}),  # loaded twice in one session
        ("dense", ["net/dense/kernel"], {"dense": ["kernel"]}),  # Keras 3
        ("vgg", ["a/kernel:0", "a/bias:0", "b/kernel:0"], {"vgg/a": ["kernel", "bias"], "vgg/b": ["kernel"]}),
        ("model_1", ["model_1/dense/kernel:0"], {"model_1/dense": ["kernel"]}),
        ("lstm", ["lstm/lstm_cell_2/kernel:0"], {"lstm": ["kernel"]}),
        ("both", ["both/forward_gru/gru_cell/bias:0"], {"both/forward_gru": ["bias"]}),
        ("flatten", [], {}),
    ],
)
def test_weights_belong_to_the_layer_of_their_old_names(layer, weights, found):
    layers = of(legacy({layer: weights}))
    assert {layer.name: list(layer.arrays) for layer in layers} == found


def test_lists_of_names_may_come_in_parts():
    def fill(file: h5py.File) -> None:
        for part in range(3):
            file.attrs[f"layer_names{part}"] = np.array([f"dense_{part}_{n}".encode() for n in range(4)])
        for name in (f"dense_{part}_{n}" for part in range(3) for n in range(4)):
            group = file.create_group(name)
            group.attrs["weight_names0"] = np.array([b"kernel:0"])
            group["kernel:0"] = BIAS

    assert names(of(hdf5(fill))) == [f"dense_{part}_{n}" for part in range(3) for n in range(4)]


def test_config_of_an_old_file_has_classes_and_may_be_damaged():
    config = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "head"}}]}
    for text, kind in ((json.dumps(config), "Dense"), ("{", "")):
        layers = of(legacy({"head": ["head/kernel:0"]}, model_config=text))
        assert contents(layers) == [("head", kind, ["kernel"])]


def test_layers_come_in_natural_order_or_in_that_in_which_they_were_saved():
    dense = [f"dense_{number}" for number in range(12)]
    assert names(of(filled(*(f"layers/{name}/vars/0" for name in sorted(dense))))) == dense
    saved = ["dense", "conv2d", "batch_normalization", "dense_1", "conv2d_1"]
    paths = [f"layers/{name}/vars/0" for name in saved]
    assert names(of(filled(*paths))) == saved
    assert names(of(filled(*paths, libver="latest"))) == sorted(
        saved, key=natural
    )  # it does not keep the order


def test_config_names_and_orders_layers_of_files_that_have_no_names():
    made = [("head", "Dense"), ("first", "Dense"), ("flat", "Flatten"), ("mean", "BatchNormalization")]
    entries = [{"class_name": kind, "config": {"name": name, "center": False}} for name, kind in made]
    config = {"class_name": "Sequential", "config": {"layers": entries}}

    def fill(file: h5py.File) -> None:
        file["_layer_checkpoint_dependencies/dense_1/vars/0"] = KERNEL  # as in Keras 2.13
        file["_layer_checkpoint_dependencies/dense/vars/0"] = KERNEL
        for number in range(3):
            file[f"_layer_checkpoint_dependencies/batch_normalization/vars/{number}"] = BIAS

    assert contents(of(keras_zip(config, hdf5(fill)))) == [
        ("head", "Dense", ["kernel"]),
        ("first", "Dense", ["kernel"]),
        ("mean", "BatchNormalization", ["gamma", "moving_mean", "moving_variance"]),
    ]


def test_states_of_optimizers_and_of_random_generators_are_left_out():
    def fill(file: h5py.File) -> None:
        keras3(file)
        file["optimizer/vars/0"] = file["d_optimizer/vars/0"] = KERNEL
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)

    assert names(of(hdf5(fill))) == ["dense", "dense_1"]


def test_zip_without_a_config_is_read_by_its_names():
    assert names(of(zipped({"model.weights.h5": hdf5(keras3)}))) == ["dense", "dense_1"]
