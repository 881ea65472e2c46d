"""Test which units the check of symmetry counts as copies; training shows which of them stay copies."""

import numpy as np
import pytest
from support.kernels import (
    columns_alike,
    full,
    he,
    kernels,
    look,
    network,
    rows_alike,
    some_dead,
    symmetry_of,
)

COPIES = "have the same incoming and outgoing weights as another unit and stay identical to it"


HIDDEN = "start as a copy of another unit: only their outgoing weights differ"


OUTPUTS = "start as a copy of another unit: only their targets differ"


@pytest.mark.parametrize(
    ("draws", "verdict", "words"),
    [
        (
            [columns_alike, rows_alike, he],
            "bad",
            f"128 of 128 units in layer 1 {COPIES}; 128 of 128 rows in layer 2 are equal: each unit receives only the "
            "sum of its inputs.",
        ),
        ([columns_alike, he, he], "note", f"128 of 128 units in layer 1 {HIDDEN}."),
        (
            [he, some_dead, columns_alike],
            "note",
            "2 of 128 units in layer 2 have only zeros as weights: with ReLU they never learn; "
            f"10 of 10 units in output {OUTPUTS}.",
        ),
        (
            [rows_alike, he, he],
            "note",
            "784 of 784 rows in layer 1 are equal: each unit receives only the sum of its inputs.",
        ),
        *(
            (
                [full(value)] * 3,
                "bad",
                f"128 of 128 units in layer 1, 128 of 128 units in layer 2 {COPIES}; "
                f"10 of 10 units in output {OUTPUTS}.",
            )
            for value in (0.0, 0.1, 1.0)
        ),
    ],
)
def test_symmetry_of_whole_kernels(draws, verdict, words):
    found = look(network(*draws), "Symmetry")
    assert (found.verdict, found.words) == (verdict, words)


def test_symmetry_of_single_units():
    first, second, third = kernels(he)
    third[:, 2], third[:, 6] = 0.0, -0.0  # equal; outputs without weights do learn
    assert symmetry_of(first, second, third).words == f"2 of 10 units in output {OUTPUTS}."
    third[:, 2] = 1.0
    assert symmetry_of(first, second, third).verdict == "good"
    first[:, 9], second[9] = first[:, 4], second[4]
    found = symmetry_of(first, second, third)
    assert (found.verdict, found.words) == ("bad", f"2 of 128 units in layer 1 {COPIES}.")


def test_channels_of_a_convolution_are_units():
    first, second = he((3, 3, 2, 8), 0), he((3, 3, 8, 4), 1)
    first[..., 5], second[:, :, 5] = first[..., 1], second[:, :, 1]
    assert symmetry_of(first, second).words == f"2 of 8 units in layer 1 {COPIES}."
    second[0, 0, 5, 0] += 1.0
    assert symmetry_of(first, second).verdict == "note"


def trained(first, second, steps=50):
    """Return the first of two Dense layers after gradient descent with tanh and squared error, by NumPy alone."""
    rng = np.random.default_rng(0)
    first, second = first.astype(np.float64), second.astype(np.float64)
    inputs, targets = rng.normal(size=(64, first.shape[0])), rng.normal(size=(64, second.shape[1]))
    for _ in range(steps):
        hidden = np.tanh(inputs @ first)
        error = hidden @ second - targets
        back = (error @ second.T) * (1.0 - hidden**2)
        second, first = second - 0.01 * hidden.T @ error, first - 0.01 * inputs.T @ back
    return first


@pytest.mark.parametrize(
    ("first", "second", "words", "separate"),
    [
        (columns_alike, rows_alike, COPIES, False),
        (full(0.1), full(0.1), COPIES, False),
        (columns_alike, he, HIDDEN, True),
    ],
)
def test_training_separates_the_copies_that_the_check_says_it_does(first, second, words, separate):
    pair = [first((6, 5), 1).astype(np.float32), second((5, 3), 2).astype(np.float32)]
    assert words in symmetry_of(*pair).words
    assert (np.ptp(trained(*pair), axis=1).max() > 1e-3) == separate
