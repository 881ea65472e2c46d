"""The table of pretrained networks against Keras itself, and their files from a server on loopback."""

import gc
import hashlib
import socket
import threading
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from support import weight_corpus
from support.loopback import Answer, Server, login, missing, send

from inits.data import downloads
from inits.errors import DataError, SpecError
from inits.weightfiles import applications, read
from inits.weightfiles.applications import APPLICATIONS, cached, fetch, find

KEPT = weight_corpus.hdf5(weight_corpus.keras2)  # a weight file as the servers have it
OTHER = weight_corpus.hdf5(lambda file: weight_corpus.keras2(file).attrs.__setitem__("by", "another"))
NAMES = ["hash", "no hash"]
NOWHERE = "http://127.0.0.1:1"


def test_table_is_sorted_by_size_after_the_best_known_network():
    first, *others = APPLICATIONS
    sizes = [APPLICATIONS[name].size for name in others]
    assert (first, others[0]) == ("VGG16", "MobileNetV2")
    assert sizes == sorted(sizes)
    assert (find("ResNet50").year, find("ResNet50").paper) == (2015, "https://arxiv.org/abs/1512.03385")
    assert all(2014 <= one.year <= 2019 for one in APPLICATIONS.values())


@pytest.mark.parametrize(
    ("call", "typed", "advice"),
    [
        (find, "vgg-16", "Did you mean VGG16?"),
        (cached, "mobilenet_v2", "Did you mean MobileNetV2?"),
        (fetch, "BERT", f"Use one of {', '.join(APPLICATIONS)}."),
    ],
)
def test_unknown_name_is_refused_with_the_nearest(call, typed, advice):
    with pytest.raises(SpecError) as caught:
        call(typed)
    assert str(caught.value) == f"Unknown application: {typed!r}. {advice}"


def test_folder_of_keras_is_known_before_it_exists(tmp_path, monkeypatch):
    """Otherwise the first download on a new machine would not be found."""
    for home in (tmp_path, tmp_path / "new" / "one"):
        monkeypatch.setenv("KERAS_HOME", str(home))
        assert find("EfficientNetB0").path == home / "models" / "efficientnetb0.h5"


class GetFileCall(Exception):
    """The arguments with which Keras called `get_file`."""


@pytest.mark.keras
@pytest.mark.parametrize("name", APPLICATIONS)
def test_table_agrees_with_keras(name, monkeypatch):
    """Keras builds the network before it requests the weights, so one build gives both."""
    import keras
    from keras.src.utils import file_utils

    def get_file(fname: str, origin: str, cache_subdir: str, file_hash: str | None = None) -> None:
        raise GetFileCall(fname, origin, cache_subdir, file_hash)

    monkeypatch.setattr(file_utils, "get_file", get_file)
    with pytest.raises(GetFileCall) as caught, keras.StatelessScope():  # in which no weights are drawn
        getattr(keras.applications, name)(weights="imagenet")
    ours = APPLICATIONS[name]
    assert caught.value.args == (ours.file, ours.origin, "models", ours.md5)
    built = [entry.frame.f_locals.get("model") for entry in caught.traceback]
    (model,) = (one for one in built if isinstance(one, keras.Model))
    assert model.count_params() == ours.parameters
    # float32, and for each array its header and name: at most the 2,600 bytes of NASNetMobile's long names
    assert 0 < ours.size - 4 * ours.parameters < 3000 * len(model.weights)
    del model, built, caught
    keras.backend.clear_session()
    gc.collect()


@pytest.fixture
def home(keras_home, monkeypatch):
    """Keras' folder of models, which does not exist yet."""
    monkeypatch.setattr(applications, "_COMPLETE", {})
    return keras_home / "models"


class Serving(Server):
    """A server of two applications, of which one has no hash in Keras."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
        super().__init__(answer)
        serve_from(monkeypatch, self.address)


def serve_from(monkeypatch, folder):
    ours = replace(APPLICATIONS["VGG16"], folder=folder, size=len(KEPT))
    digests = {"hash": hashlib.md5(KEPT).hexdigest(), "no hash": None}
    table = {name: replace(ours, name=name, file=f"{name[:2]}.h5", md5=md5) for name, md5 in digests.items()}
    monkeypatch.setattr(applications, "APPLICATIONS", MappingProxyType(table))


def whole(to):
    send(to, KEPT)


def cut(to):
    send(to, KEPT[: len(KEPT) // 2], len(KEPT))


def cut_unnoticed(to):
    """Send a cut file without its length, so that the end of the connection is the end of the file."""
    to.send_response(200)
    to.end_headers()
    to.wfile.write(KEPT[: len(KEPT) - 100])


@pytest.mark.keras
@pytest.mark.parametrize("name", NAMES)
def test_file_is_downloaded_once(home, monkeypatch, capfd, name):
    progress: list[tuple[int, int]] = []
    capfd.readouterr()
    with Serving(monkeypatch, whole) as server:
        assert cached(name) is None
        path = fetch(name, lambda done, total: progress.append((done, total)))
    assert server.requests == 1
    assert path == cached(name) == fetch(name) == home / f"{name[:2]}.h5"  # nobody listens any more
    assert path.read_bytes() == KEPT
    assert [layer.name for layer in read(path)] == ["dense", "dense_1"]
    assert progress[-1] == (len(KEPT), len(KEPT))
    assert socket.getdefaulttimeout() is None
    assert capfd.readouterr().out == ""


def test_cached_file_needs_no_keras_and_is_checked_again_when_it_changes(home, monkeypatch):
    serve_from(monkeypatch, NOWHERE)
    monkeypatch.setattr(applications, "download", lambda *_: pytest.fail("downloads"))
    checked: list[Path] = []
    is_expected = applications._is_expected
    monkeypatch.setattr(applications, "_is_expected", lambda *a: checked.append(a[0]) or is_expected(*a))
    home.mkdir()
    for name in NAMES:
        find(name).path.write_bytes(KEPT)
        assert fetch(name) == cached(name) == home / f"{name[:2]}.h5"
    assert checked == [find(name).path for name in NAMES]
    find("hash").path.write_bytes(OTHER)
    assert cached("hash") is None
    assert len(checked) == 3


DAMAGES = {
    "first half": KEPT[: len(KEPT) // 2],
    "last byte missing": KEPT[:-1],
    "nothing": b"",
    "no weights": b"<html>Please log in</html>",
}


@pytest.mark.keras
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_in_the_cache_is_downloaded_again(home, monkeypatch, name, damage):
    """A process that ends while Keras downloads leaves such a file."""
    home.mkdir()
    with Serving(monkeypatch, whole) as server:
        find(name).path.write_bytes(DAMAGES[damage])
        assert cached(name) is None
        assert fetch(name).read_bytes() == KEPT
        assert server.requests == 1


def failure(name):
    with pytest.raises(DataError) as caught:
        fetch(name)
    message = str(caught.value)
    assert message.startswith(f"{name} could not be downloaded (")
    assert message.endswith("). Check the network, or upload a weight file.")
    assert "127.0.0.1" not in message
    assert socket.getdefaulttimeout() is None
    assert cached(name) is None
    return message


@pytest.mark.keras
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (cut, "retrieval incomplete"),
        (cut_unnoticed, "what arrived is not the file Keras expects"),
        (login, "what arrived is not the file Keras expects"),
        (missing, "404 -- Not Found"),
    ],
)
def test_failed_download_gives_the_reason_and_can_be_repeated(home, monkeypatch, answer, reason, name):
    with Serving(monkeypatch, answer):
        assert reason in failure(name)
    with Serving(monkeypatch, whole):
        assert fetch(name).read_bytes() == KEPT


@pytest.mark.keras
def test_missing_server_missing_network_and_silence_are_explained(home, monkeypatch):
    with Serving(monkeypatch, whole):
        pass
    assert "(Connection refused)" in failure("hash")
    monkeypatch.setattr(downloads, "TIMEOUT", 0.5)
    over = threading.Event()
    with Serving(monkeypatch, lambda to: over.wait(60) and None):
        try:
            assert "no answer for" in failure("hash")
        finally:
            over.set()

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    serve_from(monkeypatch, "http://storage.invalid")
    assert "(Temporary failure in name resolution)" in failure("no hash")


@pytest.mark.keras
def test_slow_download_does_not_block_others(home, monkeypatch):
    """The first file arrives only after the second."""
    requested, other_arrived = threading.Event(), threading.Event()

    def by_name(to):
        if to.path == "/ha.h5":
            requested.set()
            other_arrived.wait(60)
        whole(to)

    with Serving(monkeypatch, by_name):
        slow = threading.Thread(target=fetch, args=("hash",))
        slow.start()
        assert requested.wait(60)
        assert cached("hash") is None
        fetch("no hash")
        assert slow.is_alive()
        other_arrived.set()
        slow.join()
    assert cached("hash")
    assert socket.getdefaulttimeout() is None


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras
def test_application_saved_by_keras_is_read_completely(home, monkeypatch):
    import keras

    model = keras.applications.MobileNetV2(weights=None, alpha=0.35, input_shape=(96, 96, 3), classes=10)
    saved = home.parent / "server.weights.h5"
    model.save_weights(saved)
    with Serving(monkeypatch, lambda to: send(to, saved.read_bytes())):
        layers = read(fetch("no hash"))
    arrays = [array for layer in layers for array in layer.arrays.values()]
    assert len(arrays) == len(model.weights)
    assert sum(array.size for array in arrays) == model.count_params()
    total = sum(float(np.abs(array).sum()) for array in arrays)
    assert total == pytest.approx(sum(float(np.abs(one).sum()) for one in model.get_weights()))
