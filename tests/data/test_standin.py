"""The stand-in: real digits framed, turned and shifted until their numbers are like those of MNIST."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from inits.data import make_digits, standin
from inits.data.dataset import KEYS, Dataset, pixels
from inits.data.datasets import DATASETS
from inits.data.mnist import read_mnist
from inits.data.standin import digits
from inits.errors import DataError


@pytest.fixture(scope="module")
def stand_in() -> Dataset:
    return digits()


@pytest.fixture(scope="module")
def mnist(mnist_path: Path) -> Dataset:
    return read_mnist(mnist_path)


def test_the_digits_are_all_there() -> None:
    images, labels = standin.source()
    assert (images.shape, images.dtype, images.min(), images.max()) == ((1797, 8, 8), np.uint8, 0, 16)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert int(images.sum()) == 561718


@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="zlib-ng compresses to other bytes")
def test_packing_again_gives_the_same_bytes() -> None:
    images, labels = standin.source()
    assert make_digits.packed({"images": images, "labels": labels}) == standin.SOURCE.read_bytes()


def test_a_damaged_source_is_a_data_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits.npz").write_bytes(standin.SOURCE.read_bytes()[:9000])
    monkeypatch.setattr(standin, "SOURCE", tmp_path / "digits.npz")
    with pytest.raises(DataError, match=r"digits\.npz cannot be read") as caught:
        digits()
    assert str(tmp_path) not in str(caught.value)


def test_the_arrays_are_the_same_to_the_bit_and_only_training_follows_the_seed(stand_in: Dataset) -> None:
    assert stand_in.name == "digits"
    assert (stand_in.x_train.shape, stand_in.y_train.shape) == ((12_000, 784), (12_000,))
    assert (stand_in.x_test.shape, stand_in.y_test.shape) == ((297, 784), (297,))
    assert {getattr(stand_in, key).dtype for key in KEYS} == {np.dtype(np.uint8)}
    assert not any(getattr(stand_in, key).flags.writeable for key in KEYS)
    other = digits(1)
    assert stand_in.fingerprint == DATASETS["digits"].fingerprint != other.fingerprint
    assert np.array_equal(other.x_test, stand_in.x_test)
    assert np.array_equal(np.bincount(other.y_train), np.bincount(stand_in.y_train))


def test_each_digit_appears_eight_times_once_unchanged(stand_in: Dataset) -> None:
    images, labels = standin.source()
    ink = np.stack([standin.framed(image) for image in images[: standin.TRAIN]])
    unchanged = dict(zip(map(bytes, standin.contrasted(ink)), labels, strict=False))
    pairs = zip(map(bytes, stand_in.x_train), stand_in.y_train, strict=True)
    found = [(unchanged[image], label) for image, label in pairs if image in unchanged]
    assert len(found) == standin.TRAIN
    assert all(first == second for first, second in found)
    assert np.array_equal(np.bincount(stand_in.y_train), 8 * np.bincount(labels[: standin.TRAIN]))


def test_classes_are_learnable(stand_in: Dataset) -> None:
    """The nearest class mean, the humblest of classifiers, is right four times out of five."""
    x, y = pixels(stand_in.x_train), stand_in.y_train
    means = np.stack([x[y == label].mean(0) for label in range(10)])
    distance = ((pixels(stand_in.x_test)[:, None] - means) ** 2).sum(2)
    assert (distance.argmin(1) == stand_in.y_test).mean() > 0.8


def centres(x: np.ndarray) -> np.ndarray:
    """Return the mean row and column of the centres of mass."""
    profiles = [x.reshape(-1, 28, 28).sum(axis, dtype=float) for axis in (2, 1)]
    return np.array([(profile @ np.arange(28) / profile.sum(1)).mean() for profile in profiles])


def mean_and_std(x: np.ndarray) -> np.ndarray:
    """Return the mean and the standard deviation of pixels in [0, 1], without a float array of all of them."""
    mean = x.mean()
    return np.array([mean, np.sqrt(np.square(x, dtype=np.uint16).mean() - mean**2)]) / 255


@pytest.mark.parametrize("part", ["x_train", "x_test"])
def test_the_stand_in_looks_like_mnist_in_numbers(stand_in: Dataset, mnist: Dataset, part: str) -> None:
    ours, theirs = getattr(stand_in, part), getattr(mnist, part)
    assert np.abs(mean_and_std(ours) - mean_and_std(theirs)).max() < 0.01
    assert abs((ours > 0).mean() - (theirs > 0).mean()) < 0.03
    assert np.abs(centres(ours) - centres(theirs)).max() < 0.2


cells = hnp.arrays(np.uint8, (8, 8), elements=st.integers(0, 16)).filter(np.any)


@given(cells)
def test_any_digit_is_framed_in_the_box_with_its_ink(digit: np.ndarray) -> None:
    """A full rectangle stays full inside: the weights of cubic convolution sum to one away from the edge."""
    framed = standin.framed(digit)
    assert (framed.shape, framed.dtype) == ((28, 28), np.float32)
    assert np.isfinite(framed).all()
    assert all(np.ptp(places) < standin.BOX for places in np.nonzero(framed))
    cropped = standin.cropped(digit)
    ink = standin.enlarged(np.full_like(cropped, 16))
    assert max(ink.shape) == standin.BOX
    if min(cropped.shape) >= 5:
        assert ink[ink.shape[0] // 2, ink.shape[1] // 2] == pytest.approx(1)


@given(
    hnp.arrays(np.float32, (2, 28, 28), elements=st.floats(0, 1, width=32)),
    st.integers(-2, 2),
    st.integers(-2, 2),
)
def test_whole_shifts_move_pixels_as_they_are(ink: np.ndarray, down: int, right: int) -> None:
    shift = np.tile(np.array([down, right], np.float32), (2, 1))
    moved = standin.moved(ink, np.zeros(2, np.float32), shift)
    rolled = np.roll(ink, (down, right), (1, 2))
    inside = (slice(None), slice(2, -2), slice(2, -2))
    assert np.array_equal(moved[inside], rolled[inside])


def test_turning_turns_by_the_angle() -> None:
    """A dot ten pixels to the right of the middle goes to where twelve degrees take it."""
    ink = np.zeros((1, 28, 28), np.float32)
    ink[0, 14, 24] = 1
    turned = standin.moved(ink, np.array([standin.TURN], np.float32), np.zeros((1, 2), np.float32))
    row, column = centres(turned)
    assert np.hypot(row - 14, column - 14) == pytest.approx(10, abs=0.3)
    assert abs(np.degrees(np.arctan2(row - 14, column - 14))) == pytest.approx(12, abs=2)


@given(hnp.arrays(np.float32, (1, 28, 28), elements=st.floats(-1, 2, width=32)))
def test_contrast_keeps_order_and_ends(ink: np.ndarray) -> None:
    level = standin.contrasted(ink)
    assert (level.shape, level.dtype) == ((1, 784), np.uint8)
    assert (np.diff(level[0][np.argsort(ink.ravel())].astype(int)) >= 0).all()
    assert (level[0][ink.ravel() <= standin.DARK] == 0).all()
    assert (level[0][ink.ravel() >= standin.BRIGHT] == 255).all()
