"""Weight files: names and numbers of arrays come back from all formats, whatever the name of the file."""

import io
import os
import zipfile
from itertools import pairwise

import h5py
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save
from support.weight_corpus import BIAS, GOOD, KERNEL, hdf5, keras_zip, npz, zipped

from inits.errors import WeightFileError
from inits.weightfiles import read
from inits.weightfiles.catalog import misnamed
from inits.weightfiles.formats import deflated
from inits.weightfiles.formats.keras_names import split
from inits.weightfiles.formats.limits import natural
from inits.weightfiles.reader import Layer, format_of, iterate


def of(content: bytes, **options) -> list[Layer]:
    return read(io.BytesIO(content), **options)


def names(layers: list[Layer]) -> list[str]:
    return [layer.name for layer in layers]


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


@pytest.mark.parametrize(
    "array",
    [np.array([np.nan, np.inf, -0.0], np.float32), np.zeros((0, 3), np.float32), np.float32(3), np.zeros(0)],
    ids=str,
)
def test_nan_empty_arrays_and_scalars_are_read(array):
    made = npz(x=array), save({"x": np.asarray(array)}), hdf5(lambda file: file.__setitem__("x", array))
    for content in made:
        ((found,),) = [list(layer.arrays.values()) for layer in of(content)]
        assert found.tobytes() == np.asarray(array).tobytes()
        assert found.shape == np.shape(array)


def test_files_without_arrays_have_no_layers():
    nothing = hdf5(lambda _: None)
    assert [of(content) for content in (nothing, keras_zip(weights=nothing), save({}), zipped({}))] == [
        []
    ] * 4


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
    fc = [f"fc{n}" for n in range(1, 12)]
    arrays = {
        f"{layer}.{part}": rng.random((3, 2), np.float32) for layer in fc for part in ("weight", "bias")
    }
    layers = of(save(arrays))
    assert names(layers) == fc
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
    note = f"It is named {'.h5' if 'h5' in suffix else suffix}, but is {'HDF5' if own == '.h5' else own}."
    right = suffix in ("", ".txt") or suffix.endswith(own)
    assert misnamed(format_of(path), path.name) == ("" if right else note)


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
