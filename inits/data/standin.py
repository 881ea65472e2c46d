"""The offline stand-in for MNIST: real handwritten digits of 8 x 8 cells, framed as MNIST frames its own.

MNIST scales each digit into a box of 20 x 20 pixels keeping its aspect ratio, and puts the centre of mass in
the middle of 28 x 28 (LeCun, Bottou, Bengio, Haffner 1998, section III.A). Here the digit is cut to its ink,
enlarged by cubic convolution, placed so, turned and shifted a little, and only then given MNIST's contrast:
edges stay sharp.

Everything is elementwise arithmetic and sums in a fixed order: no BLAS, no libm, so the bytes do not depend
on the processor. Where the digits come from: README.md beside this file.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inits.data.dataset import Dataset
from inits.errors import DataError

SOURCE = Path(__file__).with_name("digits.npz")
TRAIN = 1500  # digits for training; the last 297 are for testing, most of them by other writers
COPIES = 8  # of each training digit: itself and seven that are turned and shifted
SIDE, BOX, MIDDLE = 28, 20, 14  # pixels; MIDDLE is where MNIST's centres of mass lie
SHIFT = 2.0  # pixels, at most, each way
TURN = 0.1051042352656765  # tan(12° / 2): at most 12 degrees each way
DARK, BRIGHT = 0.38, 0.8  # ink that becomes 0 and 255: gives MNIST's mean and std


def digits(seed: int = 0) -> Dataset:
    """Return the stand-in: 12,000 training images (each of 1,500 digits eight times) and 297 test images.

    The seed decides the rotations, shifts and the order; the same seed gives the same bytes.
    """
    return Dataset("digits", *arrays(seed))


def arrays(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return x_train (12000, 784), y_train (12000,), x_test (297, 784), y_test (297,), all uint8.

    The seed decides the turns, the shifts and the order of the training part; the test part never changes.
    """
    digits, labels = source()
    ink = np.stack([framed(digit) for digit in digits])
    rng = np.random.Generator(np.random.PCG64(seed))
    turns = rng.uniform(-TURN, TURN, (COPIES, TRAIN)).astype(np.float32)
    shifts = rng.uniform(-SHIFT, SHIFT, (COPIES, TRAIN, 2)).astype(np.float32)
    turns[0], shifts[0] = 0, 0
    copies = [contrasted(moved(ink[:TRAIN], *move)) for move in zip(turns, shifts, strict=True)]
    order = rng.permutation(COPIES * TRAIN)
    x_train, y_train = np.concatenate(copies)[order], np.tile(labels[:TRAIN], COPIES)[order]
    return x_train, y_train, contrasted(ink[TRAIN:]), labels[TRAIN:]


def source() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the original digits: images uint8 (1797, 8, 8) with values 0..16, labels uint8 (1797,)."""
    try:
        with SOURCE.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return archive["images"], archive["labels"]
    except Exception as error:  # damaged archives raise a dozen kinds
        raise DataError(f"The stand-in's {SOURCE.name} cannot be read. Install the app again.") from error


def framed(digit: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a digit uint8 (8, 8) as ink float32 (28, 28), about 0..1, its centre of mass in the middle."""
    ink = enlarged(cropped(digit))
    top, left = (_start(np.maximum(ink, 0).sum(1 - axis)) for axis in (0, 1))
    field = np.zeros((SIDE, SIDE), np.float32)
    field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return field


def cropped(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the smallest rectangle (h, w) that holds all the ink."""
    rows, columns = np.flatnonzero(digit.any(1)), np.flatnonzero(digit.any(0))
    return digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def enlarged(cells: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return cells (h, w) of 0..16 as ink of about 0..1, the longer side BOX pixels."""
    longest = max(cells.shape)
    down, across = (_cubic(count, max(1, round(BOX * count / longest))) for count in cells.shape)
    rows = (down[:, :, None] * (cells / 16)[None]).sum(1)
    return np.asarray((rows[:, :, None] * across.T[None]).sum(1))


def moved(
    ink: NDArray[np.float32], turns: NDArray[np.float32], shifts: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return each image of ink (n, 28, 28) rotated about the middle, then shifted; bilinear, 0 outside.

    turns (n,) are tangents of half the angle, from which cosine and sine follow without libm:
    cos = (1 − t²) / (1 + t²), sin = 2t / (1 + t²). shifts (n, 2) are pixels down and right.
    """
    t = turns[:, None, None]
    cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    grid = np.arange(SIDE, dtype=np.float32) - MIDDLE
    down, right = grid[:, None] - shifts[:, 0, None, None], grid - shifts[:, 1, None, None]
    return _bilinear(ink, MIDDLE + cos * down - sin * right, MIDDLE + sin * down + cos * right)


def contrasted(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ink (n, 28, 28) as pixels uint8 (n, 784): background exactly 0, strokes 255, edges between."""
    level = np.clip((ink - np.float32(DARK)) / np.float32(BRIGHT - DARK), 0, 1)
    return np.asarray(np.rint(level * 255), np.uint8).reshape(len(ink), -1)


def _cubic(cells: int, pixels: int) -> NDArray[np.float64]:
    """Return weights (pixels, cells) of cubic convolution with a = −1/2 (Keys 1981); no ink outside the cells."""
    centres = (np.arange(pixels) + 0.5) * cells / pixels - 0.5
    x = np.abs(centres[:, None] - np.arange(cells))
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _start(profile: NDArray[np.float64]) -> int:
    """Return the offset at which the centre of mass of a profile of ink is in the middle of the field."""
    centre = (profile * np.arange(profile.size)).sum() / profile.sum()
    return int(np.clip(np.rint(MIDDLE - centre), 0, SIDE - profile.size))


def _bilinear(
    ink: NDArray[np.float32], row: NDArray[np.float32], column: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return ink (n, 28, 28) at fractional rows and columns (n, 28, 28); a border of zeros is the outside."""
    width = SIDE + 3
    padded = np.pad(ink, ((0, 0), (1, 2), (1, 2))).ravel()
    row, column = np.clip(row, -1, SIDE) + 1, np.clip(column, -1, SIDE) + 1
    above, before = row.astype(np.int32), column.astype(np.int32)
    v, u = row - above, column - before
    at = np.arange(len(ink), dtype=np.int32)[:, None, None] * width**2 + above * width + before
    upper = padded[at] * (1 - u) + padded[at + 1] * u
    lower = padded[at + width] * (1 - u) + padded[at + width + 1] * u
    return np.asarray(upper * (1 - v) + lower * v)
