"""Networks: the short text that people type for them, and what is refused."""

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.errors import SpecError
from inits.experiments.network import MAX_LAYERS, MAX_UNITS, Network, format_hidden, parse_hidden
from inits.initializers.activations import ACTIVATIONS

hidden_layers = st.lists(st.integers(1, MAX_UNITS), max_size=MAX_LAYERS).map(tuple)


@given(st.builds(Network, hidden_layers, st.sampled_from(list(ACTIVATIONS))))
def test_text_round_trip(network):
    assert Network.parse(str(network)) == network
    assert parse_hidden(format_hidden(network.hidden)) == network.hidden


@given(hidden_layers)
def test_kernels_and_names_of_the_layers(hidden):
    net = Network(hidden, inputs=7, outputs=3)
    units = [7, *hidden, 3]
    assert net.kernel_shapes == tuple(pairwise(units))
    assert len(net.layer_names) == len(set(net.layer_names)) == len(hidden) + 1
    assert net.layer_names[-1] == "output"
    assert net.parameters == sum(before * after + after for before, after in pairwise(units))


@pytest.mark.parametrize(
    ("text", "hidden", "canonical"),
    [
        ("6 x 128", (128,) * 6, "6 × 128"),
        ("6×128", (128,) * 6, "6 × 128"),
        ("2*3, 4", (3, 3, 4), "2 × 3, 4"),
        (" 256, 128 ,64 ", (256, 128, 64), "256, 128, 64"),
        ("8, 8, 4, 8", (8, 8, 4, 8), "2 × 8, 4, 8"),
        ("1, 1", (1, 1), "2 × 1"),
        ("512-256-128-64-32", (512, 256, 128, 64, 32), "512, 256, 128, 64, 32"),
        ("512 – 256 – 128", (512, 256, 128), "512, 256, 128"),
        ("784 → 128", (784, 128), "784, 128"),
        ("512->256 => 128", (512, 256, 128), "512, 256, 128"),
        ("[512, 256]", (512, 256), "512, 256"),
        ("(512, 256,)", (512, 256), "512, 256"),
        ("64 64", (64, 64), "2 × 64"),
        ("64; 32/16\n8", (64, 32, 16, 8), "64, 32, 16, 8"),
        ("512x256", (512, 256), "512, 256"),  # a network has at most 50 layers
        ("50 x 8", (8,) * 50, "50 × 8"),
        ("51 × 8", (51, 8), "51, 8"),
        ("2x3x4", (2, 3, 4), "2, 3, 4"),
        ("[128] * 3", (128, 128, 128), "3 × 128"),
        ("3 * [128]", (128, 128, 128), "3 × 128"),
        ("(128,)*2", (128, 128), "2 × 128"),
        ("[]", (), "none"),
        ("X 7", (7,), "7"),
        *((text, (), "none") for text in ("none", "None", " none ", "0", "")),
    ],
)
def test_hidden_layers_have_one_canonical_text(text, hidden, canonical):
    assert parse_hidden(text) == hidden
    assert format_hidden(hidden) == canonical
    assert not text or str(Network.parse(f"{text} gelu")) == f"{canonical} gelu"
    assert not text or str(Network.parse(text)) == f"{canonical} relu"


@pytest.mark.parametrize("text", ["tanh", "8 swish", "8 relu tanh", "tanh 8"])
def test_other_texts_are_no_network(text):
    with pytest.raises(SpecError, match="Hidden layers must be like"):
        Network.parse(text)


@given(st.text())
def test_any_text_is_hidden_layers_or_refused(text):
    with contextlib.suppress(SpecError):
        assert all(1 <= units <= MAX_UNITS for units in parse_hidden(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("many", "Hidden layers must be like 6 x 128, 256, 128, 64 or none, but got 'many'"),
        ("6 x", "but got '6 x'"),
        ("1 x 2 x", "but got '1 x 2 x'"),
        ("1,024", "but got '1,024'"),
        ("512 - - 256", "but got '512 - - 256'"),
        ("12-", "but got '12-'"),
        ("Dense(128)", r"but got 'Dense\(128\)'"),
        ("1.5", "but got '1.5'"),
        ("9" * 5000, "Hidden layers must be"),
        ("128, 0", "Hidden layers must have 1 to 1,024 units each, but got 0"),
        ("1025", "Hidden layers must have .*but got 1025"),
        ("0 x 128", "Hidden layers must be none or 1 to 50, but got 0"),
        ("-3 x 128", "Hidden layers must be .*but got -3"),
        ("45 x 8, 6 x 4", "Hidden layers must be none or 1 to 50, but got 51"),
    ],
)
def test_hidden_layers_that_are_refused(text, words):
    with pytest.raises(SpecError, match=words):
        parse_hidden(text)
