"""Weight files made by hand, good and bad ones of every format (over 300 lines since it is data).

A builder creates the bytes of each file. Each bad file has a part of the message with which it must be refused; those
that lead out of their file lead to a canary.
"""

import bz2
import gzip
import io
import json
import pickle
import re
import struct
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from inits.errors import WeightFileError
from inits.weightfiles import read

TOKEN = 424242.0  # the values in the canary
CONFIG = {"class_name": "Sequential", "config": {"name": "net", "layers": []}}
KERNEL = np.arange(12, dtype=np.float32).reshape(3, 4)
BIAS = np.arange(4, dtype=np.float32)


@dataclass(frozen=True)
class Bad:
    """A bad file: its name, its builder, which receives the path of the canary, and a part of the message."""

    name: str
    build: Callable[[Path], bytes]
    mentions: str


CORPUS: list[Bad] = []


def bad(mentions: str) -> Callable[[Callable[[Path], bytes]], Callable[[Path], bytes]]:
    """Add a builder to the corpus under its own name."""

    def add(build: Callable[[Path], bytes]) -> Callable[[Path], bytes]:
        CORPUS.append(Bad(build.__name__, build, mentions))
        return build

    return add


def each(mentions: str, **made: Callable[[], bytes]) -> None:
    """Add several files to the corpus that are refused with the same message."""
    for name, build in made.items():
        CORPUS.append(Bad(name, lambda _, build=build: build(), mentions))


# Files that are good.


def hdf5(fill: Callable[[h5py.File], Any], **options: Any) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", **options) as file:
        fill(file)
    return out.getvalue()


def keras3(file: h5py.File, layers: int = 2) -> h5py.File:
    """Fill a file as Keras 3 does: layers/dense/vars/0."""
    for number in range(layers):
        group = file.create_group(f"layers/dense_{number}" if number else "layers/dense").create_group("vars")
        group["0"], group["1"] = KERNEL + number, BIAS + number
    return file


def keras2(file: h5py.File, names: Callable[[list[bytes]], Any] = np.array) -> h5py.File:
    """Fill a file as Keras 1 and 2 do: lists of names as attributes."""
    file.attrs["layer_names"] = names([b"dense", b"dense_1"])
    for layer in ("dense", "dense_1"):
        group = file.create_group(layer)
        group.attrs["weight_names"] = names([f"{layer}/{one}:0".encode() for one in ("kernel", "bias")])
        group[f"{layer}/kernel:0"], group[f"{layer}/bias:0"] = KERNEL, BIAS
    return file


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def keras_zip(
    config: Any = CONFIG, weights: bytes | None = None, compression: int = zipfile.ZIP_STORED
) -> bytes:
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    weights = hdf5(keras3) if weights is None else weights
    return zipped({"metadata.json": b"{}", "config.json": text, "model.weights.h5": weights}, compression)


def npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **(arrays or {"dense/kernel": KERNEL, "dense/bias": BIAS}))
    return out.getvalue()


def tensors(header: Any = None, values: bytes = bytes(16), length: int | None = None) -> bytes:
    if header is None:
        header = {"fc1.weight": tensor([2, 1], 0, 8), "fc1.bias": tensor([2], 8, 16)}
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + values


def tensor(shape: list[Any], begin: Any, end: Any, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


GOOD: dict[str, Callable[[], bytes]] = {
    "weights.h5": lambda: hdf5(keras3),
    "latest.weights.h5": lambda: hdf5(keras3, libver="latest"),
    "legacy.h5": lambda: hdf5(keras2),
    "text.h5": lambda: hdf5(lambda file: keras2(file, list)),
    "gzip.h5": lambda: hdf5(
        lambda file: file.create_dataset(
            "dense/kernel", data=KERNEL, compression="gzip", shuffle=True, fletcher32=True
        )
    ),
    "model.keras": keras_zip,
    "packed.keras": lambda: keras_zip(compression=zipfile.ZIP_DEFLATED),
    "weights.npz": npz,
    "fc.safetensors": tensors,
}

# Not weights at all.

each(
    "text",
    plain_text=lambda: b"layer,mean,std\ndense,0,1\n" * 40,
    old_pickle=lambda: pickle.dumps([1.0, 2.0], protocol=0),
)
each(
    "web page",
    html_error=lambda: b"\n<!DOCTYPE html>\n<html><body>404 Not Found</body></html>",
    xml_error=lambda: b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
)
each("empty", empty=lambda: b"")
each("zeros", zeros=lambda: bytes(5000))
each("known kind", noise=lambda: np.random.default_rng(5).bytes(5000), one_byte=lambda: b"\x89")
each("git lfs pull", lfs=lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
each("pickle", pickled=lambda: pickle.dumps({"w": 1}))
each("unpack", gzipped=lambda: gzip.compress(hdf5(keras3)), bzipped=lambda: bz2.compress(hdf5(keras3)))
each("np.savez", single_array=lambda: b"\x93NUMPY\x01\x00" + bytes(200))
each(
    "several parts",
    shards=lambda: json.dumps({"metadata": {}, "weight_map": {"/layers/dense/vars": "a"}}).encode(),
)
each("torch.save", torch_zip=lambda: zipped({"archive/data.pkl": b"\x80\x02", "archive/data/0": bytes(8)}))
each("without weights", other_zip=lambda: zipped({"photo.png": bytes(90)}))

# Cut off.


def cut(name: str, share: float) -> Callable[[], bytes]:
    return lambda: (content := GOOD[name]())[: int(len(content) * share)]


each(
    "cut off",
    **{
        f"cut_{name}_{share}": cut(name, share)
        for name in GOOD
        if name.endswith(".h5")
        for share in (0.5, 0.999)
    },
    **{
        f"cut_{name}_{share}": cut(name, share)
        for name in ("model.keras", "weights.npz")
        for share in (0.3, 0.99)
    },
    superblock=lambda: hdf5(keras3)[:40],
    signature=lambda: hdf5(keras3)[:8],
)
each("claims a header", cut_header=lambda: tensors()[:60])
each("values", cut_values=lambda: tensors()[:-1])
each("known kind", cut_length=lambda: tensors()[:7])

# Zips.


@bad("expands to")
def bomb(_: Path) -> bytes:
    return zipped({"a.npy": bytes(100_000_000)}, zipfile.ZIP_DEFLATED)


@bad("no HDF5 file")
def zip_in_zip(canary: Path) -> bytes:
    return keras_zip(weights=bomb(canary))


@bad("members")
def many_members(_: Path) -> bytes:
    return zipped({f"{number}.npy": b"" for number in range(50_001)})


@bad("list of contents")
def long_directory(_: Path) -> bytes:
    return zipped({f"{number:0>60000}.npy": b"" for number in range(170)})


def renamed(name: str, place: str = "dense/kernel.npy") -> bytes:
    """Return the zip with one of its names replaced by another of the same length."""
    return npz().replace(place.encode(), name.encode().ljust(len(place), b"x")[: len(place)])


each(
    "leads elsewhere",
    parent=lambda: renamed("../../etc/passwd"),
    absolute=lambda: renamed("/etc/passwd.npy/"),
    drive=lambda: renamed("C:/windows/x.npy"),
    backslash=lambda: renamed("..\\..\\etc\\x.npy"),
)


def patched(content: bytes, marker: bytes, offset: int, value: bytes, last: bool = True) -> bytes:
    """Replace the bytes at an offset from the last or first place of a marker."""
    at = (content.rindex(marker) if last else content.index(marker)) + offset
    return content[:at] + value + content[at + len(value) :]


DIRECTORY = b"PK\x01\x02"
each("two sizes", huge_member=lambda: patched(npz(), DIRECTORY, 24, struct.pack("<I", 0xFFFF0000)))
each("password", encrypted=lambda: patched(npz(), DIRECTORY, 8, b"\x01"))
each("has changed", checksum=lambda: patched(npz(), b"\x93NUMPY", 130, b"\x77"))
each("has changed", keras_checksum=lambda: patched(keras_zip(), b"TREE", 3, b"F"))


@bad("expands to")
def huge_deflated(_: Path) -> bytes:
    return patched(
        zipped({"a.npy": bytes(900)}, zipfile.ZIP_DEFLATED), DIRECTORY, 24, struct.pack("<I", 1 << 31)
    )


@bad("a link")
def symlink(_: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        member = zipfile.ZipInfo("a.npy")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
    return out.getvalue()


@bad("more than once")
def twice(_: Path) -> bytes:
    return npz(a=KERNEL, b=KERNEL).replace(b"b.npy", b"a.npy")


each("unusual compression", lzma=lambda: zipped({"a.npy": bytes(90)}, zipfile.ZIP_LZMA))

# `.keras`.

each("no JSON", config_text=lambda: keras_zip(b"not JSON"), config_bytes=lambda: keras_zip(b'"\xff\xfe"'))
each(
    "no model",
    config_list=lambda: keras_zip([1, 2]),
    config_of_lambda=lambda: keras_zip({"class_name": "Lambda"}),
)
each("nested too deep", config_deep=lambda: keras_zip(b"[" * 200_000))
each("more than 1,000,000 values", config_wide=lambda: keras_zip(b"[" + b"0," * 1_000_001 + b"0]"))
each("at most", config_long=lambda: keras_zip(b" " * 20_000_001))
each("model.weights.h5", no_weights=lambda: zipped({"config.json": json.dumps(CONFIG).encode()}))
each("no HDF5", weights_text=lambda: keras_zip(weights=b"not HDF5 at all"))
each(
    "cut off",
    weights_cut=lambda: keras_zip(weights=hdf5(keras3)[:-900]),
    weights_short=lambda: keras_zip(weights=b"x"),
)


def models_in_models(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"class_name": "Dense", "config": {"name": "dense"}}
    for _ in range(depth):
        inner = {"class_name": "Sequential", "config": {"name": "net", "layers": [inner]}}
    return inner


each("models in models", config_of_models=lambda: keras_zip(models_in_models(40)))

# HDF5.


def one(**options: Any) -> bytes:
    """Return a file with one array."""
    return hdf5(lambda file: file.create_dataset("dense/kernel", **options))


@bad("link to another file")
def external_link(canary: Path) -> bytes:
    return hdf5(lambda file: keras3(file).__setitem__("layers/dense_2", h5py.ExternalLink(canary, "/dense")))


@bad("link to another file")
def external_weight(canary: Path) -> bytes:
    def fill(file: h5py.File) -> None:
        del keras2(file)["dense/dense/kernel:0"]
        file["dense/dense/kernel:0"] = h5py.ExternalLink(canary, "/dense/kernel")

    return hdf5(fill)


@bad("other files")
def external_storage(canary: Path) -> bytes:
    return one(shape=(3,), dtype="f4", external=[(str(canary), 0, 12)])


@bad("other files")
def virtual(canary: Path) -> bytes:
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[:] = h5py.VirtualSource(str(canary), "dense/kernel", (3, 4))
    return hdf5(lambda file: file.create_virtual_dataset("dense/kernel", layout))


each(
    "soft link",
    soft_link=lambda: hdf5(
        lambda file: keras3(file).__setitem__("layers/again", h5py.SoftLink("/layers/dense"))
    ),
    soft_circle=lambda: hdf5(lambda file: file.__setitem__("a", h5py.SoftLink("/a"))),
    soft_layers=lambda: hdf5(lambda file: file.__setitem__("model_weights", h5py.SoftLink("/"))),
)
each(
    "under two names",
    hard_circle=lambda: hdf5(lambda file: keras3(file)["layers"].__setitem__("again", file["/"])),
    hard_twin=lambda: hdf5(lambda file: keras3(file)["layers"].__setitem__("again", file["layers/dense"])),
)
each("complex", compound=lambda: one(data=np.zeros(3, "f4,i4")))
each("texts", vlen_texts=lambda: one(data=["a", "b"]))
each("any length", lists=lambda: one(shape=(3,), dtype=h5py.vlen_dtype(np.float32)))
each("references", references=lambda: one(shape=(3,), dtype=h5py.ref_dtype))
each("true or false", booleans=lambda: one(data=np.array([True])))
each(
    "unusual type",
    opaque=lambda: one(data=np.zeros(3, "V7")),
    subarrays=lambda: one(shape=(3,), dtype=np.dtype("(2,)f4")),
)
each("real numbers", long_double=lambda: one(data=np.zeros(3, np.longdouble)))
each("no values", null=lambda: one(data=h5py.Empty("f4")))
each("axes", axes=lambda: one(data=np.zeros((1,) * 9, "f4")))
each(
    "declares",
    huge=lambda: one(shape=(1 << 40,), dtype="f4"),
    huge_square=lambda: one(shape=(1 << 30, 1 << 30), dtype="f8"),
    large=lambda: one(shape=(20_000_000,), dtype="f4"),
    many_links=lambda: hdf5(links_to_one),
)


def links_to_one(file: h5py.File) -> None:
    """Add one array of 1 MB under two hundred names."""
    file["a/0"] = np.ones(250_000, np.float32)
    for number in range(200):
        file[f"a/{number + 1}"] = file["a/0"]


def deep(file: h5py.File) -> None:
    group = file
    for _ in range(300):
        group = group.create_group("layers")


def wide(file: h5py.File) -> None:
    """Add 100,000 names of one group."""
    group = file.create_group("layers").create_group("dense")
    for number in range(100_000):
        h5py.h5o.link(group.id, file["layers"].id, b"%d" % number)


each("deep", groups_in_groups=lambda: hdf5(deep))
each("more than 50,000", many_groups=lambda: hdf5(wide))
each("layers", many_layers=lambda: npz(**{f"layer{number}/W": BIAS for number in range(2001)}))
each("arrays", many_arrays=lambda: npz(**{f"a/{number}": BIAS[:0] for number in range(10_001)}))
each(
    "group instead", weight_is_group=lambda: hdf5(lambda file: keras3(file).create_group("layers/new/vars/0"))
)
each("neither", named_type=lambda: hdf5(lambda file: file.__setitem__("dense/type", np.dtype("f4"))))
each(
    "unusual compression",
    unknown_filter=lambda: one(
        shape=(9,), dtype="f4", chunks=(9,), compression=32015, allow_unknown_filter=True
    ),
    scale_offset=lambda: one(data=np.zeros(9, "i4"), scaleoffset=4),
)
each(
    "never written",
    large_chunked=lambda: one(shape=(20_000_000,), dtype="f4", chunks=(1000,)),
    piece_missing=lambda: hdf5(
        lambda file: file.create_dataset("a", (9,), "f4", chunks=(4,)).__setitem__(slice(0, 8), 1.0)
    ),
)
each("more than 50,000", many_pieces=lambda: one(shape=(1 << 40,), dtype="f4", chunks=(1,)))
each(
    "pieces of", large_chunk=lambda: one(shape=(9, 9), maxshape=(None, None), dtype="f4", chunks=(9000, 9000))
)


def with_chunk(raw: bytes, **options: Any) -> bytes:
    """Return a file with an array of 64 numbers whose only chunk has these bytes."""

    def fill(file: h5py.File) -> None:
        data = file.create_dataset("dense/kernel", (64,), "f4", chunks=(64,), compression="gzip", **options)
        data.id.write_direct_chunk((0,), raw)

    return hdf5(fill)


each("larger than", long_chunk=lambda: with_chunk(bytes(100_000)))
each("expands to more", chunk_bomb=lambda: with_chunk(gzip.zlib.compress(bytes(1_000_000))))
each("piece that is cut off", chunk_cut=lambda: with_chunk(gzip.zlib.compress(KERNEL.tobytes())[:-9]))
each("damaged", chunk_noise=lambda: with_chunk(b"not deflated"))


def changed(change: Callable[[h5py.File], Any]) -> Callable[[], bytes]:
    """Return a builder of the old layout with one change."""
    return lambda: hdf5(lambda file: change(keras2(file)))


def names(*weights: Any) -> Callable[[h5py.File], Any]:
    return lambda file: file["dense"].attrs.__setitem__("weight_names", np.array(weights))


each("no texts", weight_numbers=changed(names(1.5)))
each(
    "not in it",
    layer_missing=changed(lambda file: file.__delitem__("dense_1")),
    weight_missing=changed(names(b"dense/kernel:1")),
    weight_below_array=changed(names(b"dense/kernel:0/more")),
    weight_outside=changed(names(b"../dense_1/kernel:0")),
)
each("twice", weight_twice=changed(names(b"dense/kernel:0", b"dense/kernel:0")))
each("group instead", weight_is_dot=changed(names(b".")))
each(
    "no group",
    layer_is_array=changed(lambda file: file.attrs.__setitem__("layer_names", [b"dense/dense/bias:0"])),
)
each("deep", weight_deep=changed(names(b"/".join([b"a"] * 99))))
each("more than is read", many_names=lambda: hdf5(ten_thousand_names, libver="latest"))


def ten_thousand_names(file: h5py.File) -> None:
    file.attrs["layer_names"] = np.array([b"dense"] * 10_001)


@bad("far too long")
def names_that_are_one(_: Path) -> bytes:
    """Replace two hundred names of a few bytes by references to one text of 900 kB."""

    def fill(file: h5py.File) -> None:
        keras2(file)
        file.attrs["model_config"] = "x" * 900_001
        file["dense"].attrs["weight_names"] = [b"abcdefg"] * 200

    content = hdf5(fill)
    (config,) = {
        content[at : at + 16]
        for at in places(content, struct.pack("<I", 900_001))
        if content[at + 8 : at + 12] == bytes(4)
    }
    first = next(at for at in places(content, b"\x07\0\0\0") if content[at + 16 : at + 20] == b"\x07\0\0\0")
    return content[:first] + config * 200 + content[first + 16 * 200 :]


def places(content: bytes, part: bytes) -> list[int]:
    found = [content.find(part)]
    while found[-1] >= 0:
        found.append(content.find(part, found[-1] + 1))
    return found[:-1]


# Files on which the HDF5 library itself would never return.


@bad("damaged list of names")
def free_blocks_in_a_circle(_: Path) -> bytes:
    """Make the first free block among the names of a group follow itself."""
    content = hdf5(keras3)
    free, data = struct.unpack_from("<QQ", content, content.rindex(b"HEAP") + 16)
    return content[: data + free] + struct.pack("<Q", free) + content[data + free + 8 :]


@bad("damaged list of names")
def free_block_at_the_end(_: Path) -> bytes:
    content = hdf5(keras3)
    return patched(
        content,
        b"HEAP",
        16,
        struct.pack("<Q", struct.unpack_from("<Q", content, content.rindex(b"HEAP") + 8)[0] - 8),
    )


@bad("compressed names")
def compressed_names(_: Path) -> bytes:
    """Store many links in a heap that claims to be compressed."""
    return patched(hdf5(lambda file: keras3(file, 30), libver="latest"), b"FRHP", 7, b"\x01")


@bad("a header that is far too long")
def endless_header(_: Path) -> bytes:
    """Make the header of an object continue in itself."""
    content = hdf5(lambda file: file.attrs.update({str(number): "x" * 90 for number in range(9)}))
    at = content.index(b"\x10\0\x10\0\0\0\0\0") + 8
    return content[:at] + struct.pack("<QQ", at - 8, 24) + content[at + 16 :]


@bad("lost")
def texts_without_a_size(_: Path) -> bytes:
    """Remove number and size of the first text in a heap, so that no next one can be found."""
    return patched(GOOD["text.h5"](), b"GCOL", 16, bytes(16))


@bad("damaged")
def compact(_: Path) -> bytes:
    """Return an array that lies in its header and declares a hundred times as many numbers."""

    def fill(file: h5py.File) -> None:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_layout(h5py.h5d.COMPACT)
        h5py.h5d.create(file.id, b"kernel", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((61,)), plan)

    return hdf5(fill).replace(struct.pack("<Q", 61), struct.pack("<Q", 6100))


each("Keras never writes", short_addresses=lambda: patched(hdf5(keras3), b"\x89HDF", 13, b"\x04\x04"))

# `.npz`.


def headed(
    header: str, values: bytes = KERNEL.tobytes(), version: bytes = b"\x01\x00", length: int | None = None
) -> bytes:
    """Return a `.npz` with one array under any header."""
    text = header.encode()
    size = struct.pack("<H", len(text) if length is None else length)
    return zipped({"a.npy": b"\x93NUMPY" + version + size + text + values})


def described(shape: str, descr: str = "'<f4'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"


each(
    "readable header",
    code=lambda: headed("__import__('os').system('touch /tmp/canary')"),
    code_in_shape=lambda: headed(described("(__import__('os').getpid(),)")),
    parentheses=lambda: headed("(" * 5000),
    version=lambda: headed(described("(3, 4)"), version=b"\x09\x00"),
    header_length=lambda: headed(described("(3, 4)"), length=60_000),
    raw_pickle=lambda: zipped({"a.npy": pickle.dumps([1])}),
)
each(
    "impossible",
    negative=lambda: headed(described("(-3, 4)")),
    beyond=lambda: headed(described(f"({10**30},)")),
)
each("whole numbers", true_shape=lambda: headed(described("(True,)")))
each(
    "declares",
    shape_too_large=lambda: headed(described("(1000000000,)")),
    shape_too_small=lambda: headed(described("(2,)")),
)
each(
    "pickle",
    objects=lambda: npz(a=np.array([{"a": 1}], object)),
    object_header=lambda: headed(described("(3,)", "'|O'")),
)
each(
    "real numbers",
    structured=lambda: npz(a=np.zeros(3, "f4,i4")),
    numpy_booleans=lambda: npz(a=np.array([True])),
)
each("axes", numpy_axes=lambda: npz(a=np.zeros((1,) * 9)))

# `.safetensors`.

WEIGHT = tensor([4], 0, 16)
each("claims a header", length=lambda: tensors(length=1 << 40))
each("no JSON", garbled=lambda: tensors(b'{"a": nothing}'), latin=lambda: tensors(b'{"\xff": 1}'))
each("nested too deep", deep_header=lambda: tensors(b'{"a":' + b"[" * 100_000))
each("values", wide_header=lambda: tensors(b'{"a":[' + b"0," * 1_000_001 + b"0]}"))
each("claims a header", long_header=lambda: tensors(b"{" + b" " * 20_000_001 + b"}"))
each("twice", same_name=lambda: tensors(b'{"a":%s,"a":%s}' % ((json.dumps(WEIGHT).encode(),) * 2)))
each("does not describe", entry_list=lambda: tensors({"a": [1]}))
each(
    "no sizes",
    tensor_negative=lambda: tensors({"a": tensor([-4], 0, 16)}),
    tensor_true=lambda: tensors({"a": tensor([True], 0, 16)}),
    tensor_beyond=lambda: tensors({"a": tensor([1 << 70], 0, 16)}),
    tensor_offsets=lambda: tensors({"a": WEIGHT | {"data_offsets": "0, 16"}}),
)
each(
    "no place",
    backwards=lambda: tensors({"a": tensor([4], 16, 0)}),
    three=lambda: tensors({"a": WEIGHT | {"data_offsets": [0, 8, 16]}}),
)
each(
    "instead of",
    overlap=lambda: tensors({"a": tensor([2], 0, 8), "b": tensor([3], 4, 16)}),
    gap=lambda: tensors({"a": tensor([1], 0, 4), "b": tensor([2], 8, 16)}),
)
each(
    "bytes of values",
    over_the_end=lambda: tensors({"a": tensor([400], 0, 1600)}),
    left_over=lambda: tensors({"a": tensor([2], 0, 8)}),
)
each(
    "of shape",
    other_shape=lambda: tensors({"a": tensor([5], 0, 16)}),
    tensor_huge=lambda: tensors({"a": tensor([1 << 40, 1 << 40], 0, 16)}),
)
each(
    "real numbers",
    unknown_type=lambda: tensors({"a": tensor([4], 0, 16, "F128")}),
    type_number=lambda: tensors({"a": WEIGHT | {"dtype": 5}}),
)
each("axes", tensor_axes=lambda: tensors({"a": tensor([1] * 8 + [4], 0, 16)}))
each(
    "arrays", many_tensors=lambda: tensors({str(number): tensor([0], 0, 0) for number in range(10_001)}, b"")
)


def answers(folder: Path) -> dict[str, Any]:
    """Return the message for every file of the corpus in a folder, and the memory that was needed."""
    before = peak()
    found = {}
    for one in CORPUS:
        try:
            found[one.name] = f"read: {[layer.name for layer in read(folder / one.name)]}"
        except WeightFileError as error:
            found[one.name] = str(error)
        except BaseException as error:
            found[one.name] = f"raised: {error!r}"
        print(one.name, file=sys.stderr, flush=True)  # the last one, if the process dies
    return {"messages": found, "grew": peak() - before}


def peak() -> int:
    """Return the peak memory of this process in bytes. The value of getrusage includes the parent before exec."""
    import resource  # not on Windows, which only the test that asks must know

    with suppress(FileNotFoundError):
        return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(answers(Path(sys.argv[1]))))
