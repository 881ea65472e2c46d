"""The starts of an experiment as cards: names, colours, presets, and their text in the address."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from inits.errors import SpecError
from inits.experiments.experiment import MAX_STARTS, Start
from inits.experiments.opaque import WithoutLaw
from inits.experiments.weight_source import parse_kernel
from inits.initializers.spec import InitializerSpec
from inits.text import count, number, printable

LONGEST_NAME = 40
NO_PARAMETERS = "no parameters"
SIGNS = str.maketrans({";": ",", "|": "/", "<": "‹", ">": "›"})


@dataclass(frozen=True)
class Card:
    """A start and its name; without a name it is called after its initializer.

    `slot`, from 0, is its colour, dash and marker in every picture; it stays when other cards are added or removed.
    """

    start: Start
    name: str = ""
    slot: int = 0


def card(kernel: str, name: str = "") -> Card:
    return Card(Start(InitializerSpec.parse(kernel)), name)


def numbered(cards: Iterable[Card]) -> tuple[Card, ...]:
    """Return the cards with slots from 0 on."""
    return tuple(replace(card, slot=slot) for slot, card in enumerate(cards))


@dataclass(frozen=True)
class Preset:
    """Start cards that are filled in by one click, and the reason for them."""

    name: str
    reason: str
    cards: tuple[Card, ...]


def _preset(name: str, reason: str, *cards: Card | str) -> Preset:
    return Preset(name, reason, numbered(one if isinstance(one, Card) else card(one) for one in cards))


PRESETS = (
    _preset(
        "All of Keras",
        "Eight random initializers; there is no room for LecunUniform and TruncatedNormal.",
        *("HeNormal", "HeUniform", "GlorotNormal", "GlorotUniform"),
        *("LecunNormal", "Orthogonal", "RandomNormal", "RandomUniform"),
    ),
    _preset(
        "The classics for ReLU",
        "The initializers that papers and tutorials use with ReLU.",
        *("HeNormal", "HeUniform", "GlorotUniform"),
        card("RandomNormal(stddev=0.01)", "Normal, 0.01"),
    ),
    _preset(
        "Too small, right, too large",
        "One distribution with three variances: σ_w² of 0.2, 2 and 8.",
        card("VarianceScaling(scale=0.2)", "Too small"),
        card("VarianceScaling(scale=2.0)", "Right for ReLU"),
        card("VarianceScaling(scale=8.0)", "Too large"),
    ),
    _preset(
        "Uniform against normal",
        "Two pairs of equal variance: the shape of the distribution hardly matters.",
        *("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal"),
    ),
    _preset(
        "One family, one draw",
        "With the same seed these draw the same numbers at different scales.",
        card("TruncatedNormal(stddev=0.05)", "Truncated, 0.05"),
        *("GlorotNormal", "HeNormal", "LecunNormal"),
    ),
)


def labels(cards: Sequence[Card]) -> list[str]:
    """Return the label of each start: its name, else its initializer, with its number if two are equal."""
    plain = [card.name or card.start.kernel.label for card in cards]
    return [f"{number} {label}" if plain.count(label) > 1 else label for number, label in enumerate(plain, 1)]


def parameters(start: Start) -> str:
    """Return the parameters in one line: all numbers except a mean of 0, and other values that are not defaults."""
    defaults = {parameter.name: parameter.default for parameter in start.kernel.entry.parameters}
    shown = [
        f"{name} {number(value) if isinstance(value, float) else value}"
        for name, value in start.kernel.arguments
        if value != defaults[name] or (isinstance(value, float) and (name, value) != ("mean", 0.0))
    ]
    words = (
        start.kernel.summary if isinstance(start.kernel, WithoutLaw) else ", ".join(shown) or NO_PARAMETERS
    )
    return words if str(start.bias) == "Zeros()" else f"{words}; biases {start.bias.label}"


def format_cards(cards: Iterable[Card]) -> str:
    """Return the cards as text: kernels separated by ";", each with bias, name and number of its colour after "|".

    Defaults are left out: zero biases, no name, colours in turn.
    """
    texts = []
    for place, one in enumerate(cards):
        bias, slot = str(one.start.bias), one.slot
        parts = [
            str(one.start.kernel),
            "" if bias == "Zeros()" else bias,
            one.name,
            "" if slot == place else str(slot + 1),
        ]
        texts.append("|".join(parts).rstrip("|"))
    return ";".join(texts)


def parse_cards(text: str) -> tuple[Card, ...]:
    """Return the cards of a text. Raises SpecError for no card, too many, or one that is not valid."""
    parts = [part for part in text.split(";") if part.strip()]
    if not 1 <= len(parts) <= MAX_STARTS:
        raise SpecError(f"starts must be 1 to {MAX_STARTS}, but got {count(len(parts))}.")
    cards: tuple[Card, ...] = ()
    for place, part in enumerate(parts):
        kernel, bias, name, number = [*part.split("|"), "", "", ""][:4]
        start = Start(parse_kernel(kernel), InitializerSpec.parse(bias or "Zeros()"))
        slot = int(number) - 1 if re.fullmatch(f"[1-{MAX_STARTS}]", number) else place
        cards = (*cards, coloured(Card(start, called(name), slot), cards))
    return cards


def coloured(new: Card, cards: Iterable[Card]) -> Card:
    """Return the card, in the first free colour if another card has its own."""
    taken = {card.slot for card in cards}
    free = next(slot for slot in (new.slot, *range(MAX_STARTS)) if slot not in taken)
    return replace(new, slot=free)


def called(name: str) -> str:
    """Return a name that a card can have: one printable line without the signs that separate cards in the address.

    Nor can it hold a tag, which would change how charts draw the label.
    """
    return printable(" ".join(name.translate(SIGNS).split()))[:LONGEST_NAME].rstrip()


def added(cards: tuple[Card, ...], new: Card) -> tuple[Card, ...]:
    """Return the cards with one more at the end, or as they are if there is no room."""
    return (*cards, coloured(new, cards)) if len(cards) < MAX_STARTS else cards


def replaced(cards: tuple[Card, ...], index: int, new: Card) -> tuple[Card, ...]:
    """Return the cards with another one in one place, in the colour of the one before."""
    return (*cards[:index], replace(new, slot=cards[index].slot), *cards[index + 1 :])


def duplicated(cards: tuple[Card, ...], index: int) -> tuple[Card, ...]:
    """Return the cards with a copy of one right after it."""
    more = added(cards, replace(cards[index], name=""))
    return moved(more, len(cards), index + 1) if len(more) > len(cards) else cards


def moved(cards: tuple[Card, ...], index: int, to: int) -> tuple[Card, ...]:
    """Return the cards with one in another place."""
    rest = [*cards[:index], *cards[index + 1 :]]
    rest.insert(to, cards[index])
    return tuple(rest)


def removed(cards: tuple[Card, ...], index: int) -> tuple[Card, ...]:
    """Return the cards without one; the last one stays."""
    return (*cards[:index], *cards[index + 1 :]) if len(cards) > 1 else cards
