"""Start cards: in the address and back, colours that stay, names that tell starts apart."""

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
def test_the_address_holds_all_of_them(cards):
    assert parse_cards(format_cards(cards)) == cards


def test_what_is_as_usual_is_left_out_of_the_address():
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
def test_what_is_no_deck_is_refused_in_words(text, words):
    with pytest.raises(SpecError) as caught:
        parse_cards(text)
    assert words in str(caught.value)


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
    for more in (added(cards, card("GlorotNormal")), duplicated(cards, place)):
        assert len(more) == min(MAX_STARTS, len(cards) + 1)
        assert set(cards) <= set(more)
        assert len({one.slot for one in more}) == len(more)


def test_a_copy_stands_beside_its_original():
    more = duplicated(DECK, 1)
    assert [one.start for one in more] == [DECK[i].start for i in (0, 1, 1, 2)]
    assert [one.slot for one in more] == [0, 1, 3, 2]


def test_labels_tell_starts_apart():
    cards = numbered(
        [card("HeNormal"), card("RandomNormal(stddev=0.1)"), card("RandomNormal"), card("Zeros", "none")]
    )
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
    pairs = [kernel.law((784, 128)).std for kernel in kernels["Uniform against normal"]]
    assert pairs[0] == pytest.approx(pairs[1])
    assert pairs[2] == pytest.approx(pairs[3])
