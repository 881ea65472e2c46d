"""Weight files: what Keras, NumPy and safetensors write comes back value by value, in the network's order."""

import io
import json
import zipfile
from collections.abc import Callable

import h5py
import numpy as np
import pytest
from support.weight_corpus import BIAS, KERNEL, hdf5, keras2, keras3, keras_zip

from inits.errors import WeightFileError
from inits.weightfiles import read
from inits.weightfiles.formats.keras_names import snake
from inits.weightfiles.formats.limits import natural
from inits.weightfiles.reader import Layer

MODELS = (
    *("sequential", "functional", "images", "sequences", "attention", "subclassed"),
    *("float16", "bfloat16", "float64"),
)
SUFFIXES = (".keras", ".weights.h5", ".h5")
FILES = [f"{model}{suffix}" for model in MODELS for suffix in SUFFIXES if f"{model}{suffix}" != "bfloat16.h5"]


def of(content: bytes, **options) -> list[Layer]:
    return read(io.BytesIO(content), **options)


def names(layers: list[Layer]) -> list[str]:
    return [layer.name for layer in layers]


# What Keras saves.


@pytest.fixture(scope="session")
def loaded(saved) -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """file -> layer -> variable -> value, as Keras loads it, in the order of `model.layers`."""
    found: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    with np.load(saved / "values.npz") as values:
        for file, rows in json.loads((saved / "expected.json").read_text()).items():
            for layer, variable, _, key in rows:
                found.setdefault(file, {}).setdefault(layer, {})[variable] = values[key]
    return found


def top(layers: list[str]) -> list[str]:
    """Names of the layers of the model itself, each once."""
    return list(dict.fromkeys(name.split("/")[0] for name in layers))


@pytest.mark.keras
@pytest.mark.parametrize("file", FILES)
def test_a_file_holds_what_keras_loads_from_it(saved, loaded, file):
    expected = {name.split("/")[-1]: arrays for name, arrays in loaded[file].items()}
    layers = {layer.name.split("/")[-1]: layer.arrays for layer in read(saved / file)}
    assert set(layers) == set(expected)
    for name, arrays in layers.items():
        for found, wanted in zip(arrays.values(), expected[name].values(), strict=True):
            assert found.dtype == wanted.dtype
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.keras
@pytest.mark.parametrize("file", FILES)
def test_variables_have_the_names_that_keras_gives_them_where_the_file_tells(saved, loaded, file):
    numbered = 0
    expected = {name.split("/")[-1]: list(arrays) for name, arrays in loaded[file].items()}
    for layer in read(saved / file):
        names, wanted = list(layer.arrays), expected[layer.name.split("/")[-1]]
        numbered += names != wanted
        assert names in (wanted, [str(number) for number in range(len(wanted))])
    # A name that is not Keras' own says nothing of the class; nor which half of a normalization is there.
    unknown = {"attention.keras": 4, "attention.weights.h5": 4, "functional.weights.h5": 1}
    assert numbered == unknown.get(
        file, 2 if file.startswith("subclassed") and file != "subclassed.h5" else 0
    )


@pytest.mark.keras
@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith("subclassed")])
def test_layers_come_in_the_order_of_the_network(saved, loaded, file):
    layers = names(read(saved / file))
    assert top(layers) == top(list(loaded[file]))
    if not file.startswith(("attention", "sequences")):  # Keras keeps parts of layers by the alphabet
        assert layers == list(loaded[file])


@pytest.mark.keras
def test_all_files_saved_by_keras_are_tested(loaded):
    assert set(loaded) == set(FILES)
    assert len(loaded["sequential.keras"]) == 13
    assert {"outer/inner/b", "outer/a", "shared"} < set(loaded["functional.h5"])


@pytest.mark.keras
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_classes_are_known_by_name_or_by_the_config(saved, suffix):
    kinds = [layer.kind for layer in read(saved / f"images{suffix}")]
    assert kinds == [
        *("Normalization", "Conv2D", "BatchNormalization", "DepthwiseConv2D", "SeparableConv2D"),
        *("Dense", "LayerNormalization", "PReLU"),
    ]
    kinds = [layer.kind for layer in read(saved / f"sequences{suffix}")]
    assert kinds == ["Embedding", "LSTM", "GRU", "Dense", "LSTM", "LSTM", "Dense"]


@pytest.mark.keras
def test_the_parts_of_a_sharded_file_are_read_and_its_list_says_what_to_do(saved):
    parts = sorted(saved.glob("shards_*.weights.h5"))
    assert [layer.arrays["kernel"].shape for part in parts for layer in read(part)] == [(6, 3), (3, 2)]
    with pytest.raises(WeightFileError, match=r"several parts; save the weights in one file\.$"):
        read(saved / "shards.weights.json")


@pytest.mark.keras
def test_groups_are_named_as_keras_names_them(saved):
    groups = json.loads((saved / "groups.json").read_text())
    assert len(groups) > 100
    assert {kind: snake(kind) for kind in groups} == groups


# The layouts of earlier versions, made by hand.


@pytest.mark.parametrize("kind", [np.array, list, lambda names: [name.decode() for name in names]])
@pytest.mark.parametrize("below", [False, True])
def test_the_old_layout_has_its_names_as_bytes_or_texts_at_the_root_or_below(kind: Callable, below):
    def fill(file: h5py.File) -> None:
        keras2(file.create_group("model_weights") if below else file, kind)
        file.create_group("optimizer_weights").create_dataset("adam/kernel_momentum", data=KERNEL)

    layers = of(hdf5(fill))
    assert [(layer.name, layer.kind, list(layer.arrays)) for layer in layers] == [
        ("dense", "Dense", ["kernel", "bias"]),
        ("dense_1", "Dense", ["kernel", "bias"]),
    ]
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
def test_weights_belong_to_the_layer_that_their_old_names_tell(layer, weights, found):
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


def test_the_config_of_an_old_file_tells_classes_and_may_be_damaged():
    config = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "head"}}]}
    (layer,) = of(legacy({"head": ["head/kernel:0"]}, model_config=json.dumps(config)))
    assert layer.kind == "Dense"
    (layer,) = of(legacy({"head": ["head/kernel:0"]}, model_config="{"))
    assert (layer.name, layer.kind) == ("head", "")


def test_alphabetical_layers_are_put_into_natural_order():
    def fill(file: h5py.File) -> None:
        for number in sorted(range(12), key=str):
            file[f"layers/dense_{number}/vars/0"] = KERNEL

    assert names(of(hdf5(fill))) == [f"dense_{number}" for number in range(12)]


def test_layers_of_several_classes_come_in_the_order_in_which_they_were_saved():
    def fill(file: h5py.File) -> None:
        for name in ("dense", "conv2d", "batch_normalization", "dense_1", "conv2d_1"):
            file[f"layers/{name}/vars/0"] = KERNEL

    saved = ["dense", "conv2d", "batch_normalization", "dense_1", "conv2d_1"]
    assert names(of(hdf5(fill))) == saved
    assert names(of(hdf5(fill, libver="latest"))) == sorted(saved, key=natural)  # which does not keep it


def test_the_config_names_and_orders_layers_of_files_that_have_no_names():
    made = [("head", "Dense"), ("first", "Dense"), ("flat", "Flatten"), ("mean", "BatchNormalization")]
    config = {"class_name": "Sequential", "config": {"layers": []}}
    for name, kind in made:
        config["config"]["layers"].append({"class_name": kind, "config": {"name": name, "center": False}})

    def fill(file: h5py.File) -> None:
        file["_layer_checkpoint_dependencies/dense_1/vars/0"] = KERNEL  # as in Keras 2.13
        file["_layer_checkpoint_dependencies/dense/vars/0"] = KERNEL
        for number in range(3):
            file[f"_layer_checkpoint_dependencies/batch_normalization/vars/{number}"] = BIAS

    layers = of(keras_zip(config, hdf5(fill)))
    assert [(layer.name, layer.kind, list(layer.arrays)) for layer in layers] == [
        ("head", "Dense", ["kernel"]),
        ("first", "Dense", ["kernel"]),
        ("mean", "BatchNormalization", ["gamma", "moving_mean", "moving_variance"]),
    ]


def test_states_of_optimizers_and_of_random_generators_are_left_out():
    def fill(file: h5py.File) -> None:
        file["optimizer/vars/0"] = file["d_optimizer/vars/0"] = KERNEL
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)

    assert names(of(hdf5(lambda file: fill(keras3(file))))) == ["dense", "dense_1"]


def test_zip_without_a_config_is_read_by_its_names():
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        archive.writestr("model.weights.h5", hdf5(keras3))
    assert names(of(content.getvalue())) == ["dense", "dense_1"]
