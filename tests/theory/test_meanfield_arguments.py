"""Test which arguments the maps of one layer refuse."""

import math
from functools import partial

import numpy as np
import pytest

from inits.errors import SpecError
from inits.theory.meanfield import (
    chi,
    chi1,
    correlation_map,
    critical_sigma_w2,
    depth_scale,
    fixed_point,
    variance_map,
)


@pytest.mark.parametrize(
    "call",
    [
        partial(variance_map, q=1.0, sigma_w2=1.0, sigma_b2=0.0),
        partial(chi, q=1.0, sigma_w2=1.0),
        partial(correlation_map, c=0.5, q=1.0, sigma_w2=1.0, sigma_b2=0.0),
        partial(fixed_point, sigma_w2=1.0, sigma_b2=0.0),
        partial(chi1, sigma_w2=1.0, sigma_b2=0.0),
        critical_sigma_w2,
    ],
    ids=lambda call: getattr(call, "func", call).__name__,
)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("leakyrelu", "'leakyrelu' is unknown. Did you mean 'leaky_relu'"),
        ("xyz", "'xyz' is unknown. Use one of relu"),
        (["relu"], "is unknown"),
        ("softmax", "each unit alone.*'softmax'"),
    ],
)
def test_refused_activations(call, name, words):
    with pytest.raises(SpecError, match=f"activation .*{words}"):
        call(name)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "1", None, True, [1.0]])
@pytest.mark.parametrize("name", ["sigma_w2", "sigma_b2"])
def test_refused_sigmas(name, value):
    sigmas = {"sigma_w2": 1.0, "sigma_b2": 0.0, name: value}
    for call in (
        partial(variance_map, "tanh", 1.0),
        partial(correlation_map, "tanh", 0.5, 1.0),
        partial(fixed_point, "tanh"),
        partial(chi1, "tanh"),
    ):
        with pytest.raises(SpecError, match=name) as caught:
            call(**sigmas)
        assert repr(value) in str(caught.value)
    with pytest.raises(SpecError, match=name):
        chi("tanh", 1.0, value) if name == "sigma_w2" else critical_sigma_w2("tanh", value)


def test_numpy_numbers_are_numbers():
    assert fixed_point("tanh", np.float32(1.5), np.int64(1)) == fixed_point("tanh", 1.5, 1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        *(
            (partial(function, "relu", q, sigma_w2=1.0), r"q must be at least 0, but got .*[-n]")
            for q in (-1e-9, math.nan, [1.0, -2.0])
            for function in (partial(variance_map, sigma_b2=0.0), chi)
        ),
        (partial(correlation_map, "relu", 1.1, 1.0, 2.0, 0.0), r"c must be from -1 to 1, but got .*1\.1"),
        (partial(correlation_map, "relu", [0.0, math.nan], 1.0, 2.0, 0.0), "c must be from -1 to 1"),
        (partial(depth_scale, -0.5), "chi1 must be at least 0, but got -0.5"),
        (partial(depth_scale, math.nan), "chi1 must be at least 0, but got nan"),
    ],
)
def test_refused_numbers(call, words):
    with pytest.raises(SpecError, match=words):
        call()
