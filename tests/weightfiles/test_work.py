"""The work of reading a file: small files that would take minutes are refused, good ones need little."""

import io
import json
import re

import numpy as np
import pytest
from support.heavy_files import HEAVY, rows_of_nothing
from support.weight_corpus import CONFIG, GOOD, hdf5, keras_zip

from inits.errors import WeightFileError
from inits.weightfiles.extract import extract_arrays
from inits.weightfiles.formats import deflated, hdf5_lists
from inits.weightfiles.formats.limits import natural
from inits.weightfiles.formats.work import Work
from inits.weightfiles.reader import iterate


def read(content: bytes, work: Work) -> int:
    return sum(len(layer.arrays) for layer in iterate(io.BytesIO(content), work=work))


@pytest.mark.parametrize("name", HEAVY)
def test_file_that_takes_long_is_refused(name, monkeypatch):
    """The share of the work is that of the size: one in a hundred links gets a hundredth of the work."""
    one = HEAVY[name]
    monkeypatch.setattr(deflated, "STEP", one.block)
    content = one.build(one.size)
    work = Work(Work.of(len(content)).allowed // one.share)
    with pytest.raises(WeightFileError, match=one.mentions):
        read(content, work)


def test_good_files_need_little_work():
    plain = hdf5(lambda file: [file.__setitem__(f"{n}/kernel", np.ones((8, 8), "f4")) for n in range(200)])
    for content in [*(build() for build in GOOD.values()), plain]:
        work = Work.of(len(content))
        assert read(content, work) > 0
        assert 0 < work.allowed - work.left < work.allowed / 100


LISTS = {
    "names": lambda file: [file.create_group(f"g{number}") for number in range(2000)],
    "names in the order of creation": lambda file: [
        group.create_group(f"g{number}")
        for group in [file.create_group("t", track_order=True)]
        for number in range(2000)
    ],
    "pieces": lambda file: file.create_dataset(
        "a", data=np.ones((60, 60)), chunks=(1, 1), maxshape=(None, None)
    ),
    "packed pieces": lambda file: file.create_dataset(
        "a", data=np.ones((60, 60)), chunks=(1, 1), maxshape=(None, None), compression="gzip"
    ),
}


@pytest.mark.parametrize("form", ["earliest", "latest"])
@pytest.mark.parametrize("fill", LISTS.values(), ids=LISTS)
def test_every_part_of_a_list_is_visited(fill, form, monkeypatch):
    visited = []
    monkeypatch.setattr(hdf5_lists, "STEP", 1 << 40)  # it counts the parts
    monkeypatch.setattr(hdf5_lists, "MESSAGE", 0)
    content = hdf5(fill, libver=form)
    monkeypatch.setattr(Work, "spend", lambda _, cost: visited.append(cost) if cost == 1 << 40 else None)
    read(content, Work(0))
    signatures = (b"BTIN", b"BTLF") if form == "latest" else (b"TREE",)
    assert len(visited) >= len([*re.finditer(b"|".join(signatures), content)]) > 10


def test_long_config_is_read_and_long_names_are_sorted_by_their_beginning():
    assert read(keras_zip(json.dumps(CONFIG).encode() + b" " * 12_000_000), Work(1 << 40)) == 4
    assert len(natural("a1" * 10_000)) <= 200


def test_rows_without_values_are_written_at_once():
    values = io.BytesIO()
    (array,) = extract_arrays(io.BytesIO(rows_of_nothing(1 << 40)), values)["arrays"]
    assert (array["shape"], array["bytes"], values.getvalue()) == ((1 << 40, 0), 0, b"")


@pytest.mark.parametrize("shape", [(1_100_000, 1), (2, 600_000), (7, 3, 5), (4,), ()])
def test_values_are_written_in_the_order_of_keras(shape):
    array = np.arange(max(1, int(np.prod(shape))), dtype=np.float64).reshape(shape)
    for way in (array, np.asfortranarray(array)):
        content, values = io.BytesIO(), io.BytesIO()
        np.savez(content, a=way)
        extract_arrays(content, values)
        assert values.getvalue() == array.astype("<f4").tobytes()
