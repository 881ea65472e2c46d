"""Start cards: in the address and back, colours that stay, names that tell starts apart."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.errors import SpecError
from inits.experiments.experiment import MAX_STARTS, Experiment, Start
from inits.initializers.spec import InitializerSpec
from pages.parts.experiment.cards import (
    LONGEST_NAME,
    PRESETS,
    Card,
    added,
    called,
    card,
    duplicated,
    format_cards,
    labels,
    moved,
    numbered,
    parse_cards,
    removed,
    replaced,
)

KERNELS = ("HeNormal()", "RandomNormal(mean=0.0, stddev=0.01)", "Zeros()", "Orthogonal(gain=2.0)")
names = st.text(max_size=60).map(called)
starts = st.builds(
    Start,
    st.sampled_from(KERNELS).map(InitializerSpec.parse),
    st.sampled_from(["Zeros()", "Ones()", "Constant(value=0.5)"]).map(InitializerSpec.parse),
)
decks = st.lists(st.tuples(starts, names), min_size=1, max_size=MAX_STARTS).flatmap(
    lambda parts: st.permutations(range(MAX_STARTS)).map(
        lambda slots: tuple(Card(*part, slot) for part, slot in zip(parts, slots, strict=False))
    )
)
DECK = numbered(card(kernel) for kernel in KERNELS[:3])


@given(decks)
def test_cards_round_trip_through_the_address(cards):
    assert parse_cards(format_cards(cards)) == cards


def test_defaults_are_left_out_of_the_address():
    assert format_cards(DECK) == ";".join(KERNELS[:3])
    named = (Card(Start(InitializerSpec("HeNormal"), InitializerSpec("Ones")), "mine", 4),)
    assert format_cards(named) == "HeNormal()|Ones()|mine|5"


@given(st.text(max_size=200))
def test_a_name_never_breaks_the_address(text):
    name = called(text)
    assert len(name) <= LONGEST_NAME
    assert parse_cards(format_cards([card("HeNormal", name)]))[0].name == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "starts must be 1 to 8, but got 0"),
        (";".join(["HeNormal"] * 9), "starts must be 1 to 8, but got 9"),
        ("HeNormal;xavier", "Did you mean GlorotUniform()"),
        ("HeNormal|kaiming", "Did you mean HeNormal()"),
    ],
)
def test_other_texts_are_refused_with_a_reason(text, words):
    with pytest.raises(SpecError, match=re.escape(words)):
        parse_cards(text)


@pytest.mark.parametrize(
    "text", ["HeNormal|||1;Zeros|||1;Ones|||9;Ones|||x", "he_normal;zeros|||1;ones;ones"]
)
def test_two_starts_never_share_a_colour(text):
    slots = [one.slot for one in parse_cards(text)]
    assert len(set(slots)) == len(slots) == 4
    assert slots[0] == 0


@given(decks, st.data())
def test_colours_stay_with_their_starts(cards, data):
    place = data.draw(st.integers(0, len(cards) - 1))
    to = data.draw(st.integers(0, len(cards) - 1))
    assert sorted(moved(cards, place, to), key=cards.index) == list(cards)
    assert moved(cards, place, to)[to] == cards[place]
    if len(cards) > 1:
        assert set(removed(cards, place)) == set(cards) - {cards[place]}
    else:
        assert removed(cards, place) == cards
    other = replaced(cards, place, card("Ones"))
    assert [one.slot for one in other] == [one.slot for one in cards]
    assert other[place].start == card("Ones").start
    assert [one for at, one in enumerate(other) if at != place] == [*cards[:place], *cards[place + 1 :]]
    for more in (added(cards, card("GlorotNormal")), duplicated(cards, place)):
        assert len(more) == min(MAX_STARTS, len(cards) + 1)
        assert set(cards) <= set(more)
        assert len({one.slot for one in more}) == len(more)


def test_a_copy_stands_beside_its_original():
    copies = duplicated(DECK, 1)
    assert [(one.start, one.slot) for one in copies] == [
        (DECK[place].start, slot) for place, slot in ((0, 0), (1, 1), (1, 3), (2, 2))
    ]


def test_labels_tell_starts_apart():
    kernels = "HeNormal", "RandomNormal(stddev=0.1)", "RandomNormal"
    cards = numbered([*map(card, kernels), card("Zeros", "none")])
    assert labels(cards) == ["HeNormal", "2 RandomNormal", "3 RandomNormal", "none"]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_is_an_experiment_with_a_reason(preset):
    cards = preset.cards
    assert Experiment(tuple(one.start for one in cards)).runs
    assert len({one.start for one in cards}) == len(set(labels(cards))) == len(cards)
    assert [one.slot for one in cards] == list(range(len(cards)))
    assert preset.reason.endswith(".")


def test_presets_have_the_variances_that_they_state():
    kernels = {preset.name: [one.start.kernel for one in preset.cards] for preset in PRESETS}
    assert len({kernel.family for kernel in kernels["One family, one draw"]}) == 1
    scales = [kernel.law((128, 128)).std ** 2 * 128 for kernel in kernels["Too small, right, too large"]]
    assert scales == pytest.approx([0.2, 2, 8])
    stds = [kernel.law((784, 128)).std for kernel in kernels["Uniform against normal"]]
    assert stds[::2] == pytest.approx(stds[1::2])
