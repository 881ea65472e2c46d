"""Test that experiments survive JSON, and that other files are refused in one sentence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.errors import SpecError
from inits.experiments.experiment import MAX_STARTS, Start
from inits.experiments.network import MAX_LAYERS, MAX_UNITS, Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.weight_source import LsuvSpec
from inits.export import experiment_json
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.seeds import MAX_SEED
from pages.parts.experiment.cards import Card, called, numbered
from pages.parts.experiment.choices import TRAIN, Choices

KERNELS = st.sampled_from(["HeNormal()", "RandomNormal(stddev=0.1)", "Orthogonal()", "Zeros()"]).map(
    InitializerSpec.parse
) | st.sampled_from([LsuvSpec(), PastedSpec("mine", "def f(shape):\n    return 'ü;|'")])
CARDS = st.builds(
    Card,
    st.builds(Start, KERNELS, st.sampled_from(["Zeros", "Ones"]).map(InitializerSpec)),
    st.text().map(called),
)
CHOICES = st.builds(
    Choices,
    st.lists(CARDS, min_size=1, max_size=MAX_STARTS).map(numbered),
    st.builds(
        Network,
        st.lists(st.integers(1, MAX_UNITS), max_size=MAX_LAYERS).map(tuple),
        st.sampled_from(list(ACTIVATIONS)),
    ),
    st.sampled_from(list(OPTIMIZERS)).map(OptimizerSpec),
    st.integers(1, 4096),
    st.integers(0, MAX_SEED),
    st.integers(1, 20),
    st.sampled_from(["mnist", "digits"]),
)


def written(**changes: object) -> bytes:
    return json.dumps(
        {"what": experiment_json.WHAT, "format": 1, "settings": TRAIN.defaults} | changes
    ).encode()


@given(CHOICES)
def test_experiments_survive_json(choices):
    found = experiment_json.read(
        experiment_json.write(TRAIN.format(choices), "keras 3").encode(), TRAIN.readers
    )
    assert found == experiment_json.Opened(TRAIN.format(choices))
    assert TRAIN.readers["starts"](found.settings["starts"]) == choices.cards


def test_unknown_settings_are_reported_and_the_others_used():
    settings = {"hidden": "3 x 64", "batch": 128}
    settings |= {"seed": "-1", "colour": "red", "seeds": 2.5, "activation": "wow"}
    found = experiment_json.read(written(settings=settings), TRAIN.readers)
    assert found.settings == {"hidden": "3 x 64", "batch": "128"}
    assert len(found.problems) == 4
    for words, name in zip(found.problems, ("seed", "colour", "seeds", "wow"), strict=True):
        assert name in words
        assert words.endswith(".")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{\n"what": ', "line 2"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "holds no experiment"),
        (b"{}", "holds no experiment"),
        (written(what="a recipe"), "holds no experiment"),
        (written(settings=[]), "holds no experiment"),
        (written(settings={}), "Nothing"),
        (written(settings={"batch": "many"}), "batch must be"),
        (written(format=2), "newer app"),
        (written(format="1"), "format must be"),
        (written(format=True), "format must be"),
        (b" " * 1_000_001, "at most"),
    ],
)
def test_other_files_are_refused_in_one_sentence(data, words):
    with pytest.raises(SpecError, match=words) as caught:
        experiment_json.read(data, TRAIN.readers)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@given(
    st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.dictionaries(st.text(), x)).map(
        lambda value: written(settings=value)
    )
)
def test_any_input_is_read_or_refused(data):
    try:
        found = experiment_json.read(data, TRAIN.readers)
    except SpecError:
        return
    assert found.settings.keys() <= TRAIN.readers.keys()
    assert all(words.endswith(".") for words in found.problems)
