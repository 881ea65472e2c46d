"""Weight files: what Keras, NumPy and safetensors write comes back value by value, in the network's order."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from itertools import pairwise

import h5py
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save
from support.weight_corpus import BIAS, GOOD, KERNEL, hdf5, keras2, keras3, keras_zip, npz

from inits.errors import WeightFileError
from inits.weightfiles import read
from inits.weightfiles.catalog import misnamed
from inits.weightfiles.formats import deflated
from inits.weightfiles.formats.keras_names import snake, split
from inits.weightfiles.formats.limits import natural
from inits.weightfiles.reader import Layer, format_of, iterate

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


# Names.


@pytest.mark.parametrize(
    ("name", "layer", "variable"),
    [
        ("dense/kernel", "dense", "kernel"),
        ("block/dense/kernel:0", "block/dense", "kernel"),
        ("dense.kernel", "dense", "kernel"),
        ("layers.0.weight", "layers.0", "weight"),
        ("layer1_W", "layer1", "kernel"),
        ("hidden_1_b", "hidden_1", "bias"),
        ("bn_moving_mean", "bn", "moving_mean"),
        ("arr_0", "arr_0", "0"),
        ("W1", "W1", "0"),
        ("kernel", "kernel", "0"),
        (".hidden", ".hidden", "0"),
        ("", "", "0"),
    ],
)
def test_names_of_arrays_are_those_of_layers_and_variables(name, layer, variable):
    assert split(name) == (layer, variable)


def test_arrays_of_npz_come_in_the_order_in_which_they_were_saved():
    layers = of(npz(**{"out/kernel": KERNEL, "in/kernel": KERNEL, "out/bias": BIAS, "rest": BIAS}))
    found = [(layer.name, list(layer.arrays)) for layer in layers]
    assert found == [("out", ["kernel", "bias"]), ("in", ["kernel"]), ("rest", ["0"])]


def test_names_are_cleaned_and_stay_unique():
    long = "a" * 500
    content = npz(
        **{f"{long}1/W": BIAS, f"{long}2/W": BIAS, "a\u202eb\x1b[31m/W": BIAS, "a/W": BIAS, "a/kernel": BIAS}
    )
    layers = of(content)
    assert names(layers) == ["a" * 199 + "…", "a" * 199 + "… (2)", "a\ufffdb\ufffd[31m", "a"]
    assert list(layers[3].arrays) == ["kernel", "kernel (2)"]


# Numbers.


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f4", ">i2", "i1", "u1", "i8", "u8"])
@pytest.mark.parametrize("make", ["npz", "fortran", "hdf5", "gzip", "lzf", "safetensors"])
def test_numbers_keep_their_values_and_their_type(dtype, make):
    array = (np.random.default_rng(3).normal(size=(5, 7, 2)) * 50).astype(dtype)
    layout = {"compression": make, "shuffle": True, "fletcher32": True} if make in ("gzip", "lzf") else {}
    content = {
        "npz": lambda: npz(a=array),
        "fortran": lambda: npz(a=np.asfortranarray(array)),
        "safetensors": lambda: save({"a": array.astype(array.dtype.newbyteorder("<"))}),
    }.get(make, lambda: hdf5(lambda file: file.create_dataset("a", data=array, **layout)))()
    ((found,),) = [list(layer.arrays.values()) for layer in of(content)]
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, array)


ODD = [np.array([np.nan, np.inf, -0.0], np.float32), np.zeros((0, 3), np.float32), np.float32(3), np.zeros(0)]


@pytest.mark.parametrize("array", ODD, ids=str)
@pytest.mark.parametrize(
    "make",
    [
        lambda a: npz(x=a),
        lambda a: save({"x": np.asarray(a)}),
        lambda a: hdf5(lambda f: f.__setitem__("x", a)),
    ],
)
def test_nan_empty_arrays_and_scalars_are_read(array, make):
    ((found,),) = [list(layer.arrays.values()) for layer in of(make(array))]
    assert found.tobytes() == np.asarray(array).tobytes()
    assert found.shape == np.shape(array)


def test_files_without_arrays_have_no_layers():
    empty = [hdf5(lambda _: None), keras_zip(weights=hdf5(lambda _: None)), save({}), zipped_nothing()]
    assert [of(content) for content in empty] == [[]] * 4


def zipped_nothing() -> bytes:
    with zipfile.ZipFile(out := io.BytesIO(), "w"):
        pass
    return out.getvalue()


def test_bfloat16_becomes_the_same_number_in_float32():
    array = np.array([1, -2.5, 3e38, np.nan, 1e-40], ml_dtypes.bfloat16)

    def fill(file: h5py.File) -> None:
        file["layers/dense/vars/0"] = array
        file["layers/dense/vars/0"].attrs["dtype"] = "bfloat16"

    for content in (save({"x": array}), hdf5(fill)):
        ((found,),) = [list(layer.arrays.values()) for layer in of(content)]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, array.astype(np.float32))


def test_safetensors_agree_with_the_library_and_torch_is_recognized():
    rng = np.random.default_rng(1)
    arrays = {
        f"fc{n}.{part}": rng.normal(size=(n, 2)).astype("f4")
        for n in range(1, 12)
        for part in ("weight", "bias")
    }
    layers = of(save(arrays))
    assert names(layers) == [f"fc{n}" for n in range(1, 12)]
    assert {layer.layout for layer in layers} == {"torch"}
    for layer in layers:
        for name, array in layer.arrays.items():
            np.testing.assert_array_equal(array, arrays[f"{layer.name}.{name}"])  # as stored: (out, in)
    assert of(save({"a.kernel": KERNEL}))[0].layout == ""
    assert of(save({"a.kernel": KERNEL}, {"format": "pt"}))[0].layout == "torch"


def test_compressed_members_are_seekable(monkeypatch):
    """More than the blocks that are kept, in an order that is not that of the file."""
    monkeypatch.setattr(deflated, "STEP", 1000)
    arrays = np.random.default_rng(0).normal(size=(6, 50, 30)).astype(np.float32)

    def fill(file: h5py.File) -> None:
        for number in (3, 0, 5, 1, 4, 2):
            file[f"layers/dense_{number}/vars/0"] = arrays[number]

    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        layers = of(keras_zip(weights=hdf5(fill), compression=compression))
        assert names(layers) == [f"dense_{number}" for number in (3, 0, 5, 1, 4, 2)]
        for layer in layers:
            np.testing.assert_array_equal(layer.arrays["kernel"], arrays[int(layer.name[-1])])


# Where files come from.


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5", ".npz", ".safetensors", "", ".txt"])
@pytest.mark.parametrize("name", sorted(GOOD))
def test_content_decides_the_format_for_any_name(tmp_path, name, suffix):
    path = tmp_path / f"renamed{suffix}"
    path.write_bytes(GOOD[name]())
    assert names(read(path)) == names(of(GOOD[name](), suffix=suffix))
    own = name[name.rindex(".") :]
    said = f"It is named {'.h5' if 'h5' in suffix else suffix}, but is {'HDF5' if own == '.h5' else own}."
    assert misnamed(format_of(path), path.name) == (
        "" if suffix in ("", ".txt") or suffix.endswith(own) else said
    )


def test_refusal_names_the_format_of_the_ending(tmp_path):
    path = tmp_path / "model.KERAS"
    path.write_bytes(b"<html>")
    for function in (read, format_of):
        with pytest.raises(
            WeightFileError, match=r"^The file is named \.keras, but is a web page; download the file"
        ):
            function(path)
    with pytest.raises(WeightFileError, match=r"^The file is named \.npz, but is empty; "):
        of(b"", suffix=".npz")


def test_an_open_file_stays_open_and_is_read_from_its_beginning():
    file = io.BytesIO(npz())
    file.seek(7)
    assert names(read(file)) == names(read(file)) == ["dense"]
    assert not file.closed


def test_error_for_a_missing_file_does_not_contain_its_path(tmp_path):
    if hasattr(os, "mkfifo"):  # reading it would wait for ever
        os.mkfifo(tmp_path / "pipe.h5")
    for path in (tmp_path, tmp_path / "pipe.h5", tmp_path / "none.h5", "a\0b"):
        with pytest.raises(WeightFileError) as error:
            read(path)
        assert str(tmp_path) not in str(error.value)
    with pytest.raises(WeightFileError, match="damaged"):
        read(object())


def test_file_that_fails_or_shrinks_raises_weight_file_error():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            raise OSError("/secret/place")

    with pytest.raises(WeightFileError) as error:
        read(Failing(npz()))
    assert "secret" not in str(error.value)
    for content in (npz(), GOOD["weights.h5"](), GOOD["fc.safetensors"]()):
        file = io.BytesIO(content)
        layers = iterate(file)
        next(layers)
        file.truncate(100)
        with pytest.raises(WeightFileError):
            [layer for layer in [*layers, *iterate(file)] if layer]


def test_nothing_is_read_if_the_total_is_too_large():
    with pytest.raises(WeightFileError, match=r"declares 64 bytes of weights, and at most 63 bytes are read"):
        next(iterate(io.BytesIO(npz()), max_bytes=63))
    assert next(iterate(io.BytesIO(npz()), max_bytes=64))


def test_natural_order_sorts_numbers():
    ordered = ["a", "a_2", "a_10", "a_10b", "b1", "b01c", "c", "c_99999999999999999999"]
    keys = [natural(name) for name in ordered]
    assert all(first < second for first, second in pairwise(keys))
