"""The settings of the Train page, and its address."""

from dataclasses import dataclass

from inits.data.datasets import DATASETS, DEFAULT
from inits.experiments.experiment import MAX_BATCH, MAX_SEEDS, Experiment
from inits.experiments.network import Network, format_hidden, parse_hidden
from inits.initializers.activations import ACTIVATIONS
from inits.initializers.spec import OptimizerSpec
from inits.seeds import MAX_SEED, consecutive_seeds
from inits.text import exact
from pages.parts.experiment.cards import (
    NO_PARAMETERS,
    Card,
    coloured,
    format_cards,
    labels,
    parameters,
    parse_cards,
)
from pages.parts.page.address import Address, Field, one_of, whole

DATA = {name: entry.title for name, entry in DATASETS.items()}


def other_data(name: str) -> str:
    """Return what a label adds for a dataset: ", digits"; nothing for the default."""
    return "" if name == DEFAULT else f", {DATA[name].split(' (')[0].lower()}"


@dataclass(frozen=True)
class Choices:
    """The settings of an experiment on the Train page."""

    cards: tuple[Card, ...]
    network: Network
    optimizer: OptimizerSpec
    batch_size: int
    seed: int
    seeds: int
    data: str

    @classmethod
    def of(cls, experiment: Experiment, cards: tuple[Card, ...]) -> "Choices":
        """Return the choices of an experiment, with names and colours from those `cards` that have the same starts."""
        known = {card.start: card for card in cards}
        if tuple(card.start for card in cards) != experiment.starts:
            cards = ()
            for start in experiment.starts:
                cards = (*cards, coloured(known.get(start) or Card(start), cards))
        return cls(
            cards,
            experiment.network,
            experiment.optimizer,
            experiment.batch_size,
            experiment.seeds[0],
            len(experiment.seeds),
            experiment.dataset,
        )

    def experiment(self, dataset: str) -> Experiment:
        """Return the experiment on a data set. Raises SpecError if a start cannot fill the network."""
        starts = tuple(card.start for card in self.cards)
        seeds = consecutive_seeds(self.seed, self.seeds)
        return Experiment(starts, self.network, self.optimizer, self.batch_size, seeds, dataset)

    @property
    def labels(self) -> list[str]:
        """Return the label of each start."""
        return labels(self.cards)

    @property
    def slots(self) -> list[int]:
        """Return the number of the colour of each start."""
        return [card.slot for card in self.cards]


def _choices(
    starts: tuple[Card, ...],
    hidden: tuple[int, ...],
    activation: str,
    optimizer: OptimizerSpec,
    batch: int,
    seed: int,
    seeds: int,
    data: str,
) -> Choices:
    return Choices(starts, Network(hidden, activation), optimizer, batch, seed, seeds, data)


TRAIN = Address("train", _choices, (
    Field("starts", "HeNormal();GlorotUniform();RandomNormal(mean=0.0, stddev=0.01)", parse_cards,
          lambda choices: format_cards(choices.cards)),
    Field("hidden", "6 × 128", parse_hidden, lambda choices: format_hidden(choices.network.hidden)),
    Field("activation", "relu", lambda text: Network((), text).activation,
          lambda choices: choices.network.activation),
    Field("optimizer", "SGD(learning_rate=0.05, momentum=0.0, nesterov=False)", OptimizerSpec.parse),
    Field("batch", "32", whole("batch", 1, MAX_BATCH), lambda choices: str(choices.batch_size)),
    Field("seed", "0", whole("seed", 0, MAX_SEED)),
    Field("seeds", "1", whole("seeds", 1, MAX_SEEDS)),
    Field("data", DEFAULT, one_of("data", DATA)),
    Field("sort", "accuracy"),
    Field("layers", "evenly spread"),
    Field("moment", "end"),
))  # fmt: skip
"""The address of the Train page."""


def in_words(choices: Choices, *, parameters_too: bool = False) -> str:
    """Return the experiment in one line; on request with the parameters of each start that has any."""
    net = choices.network
    hidden = format_hidden(net.hidden)
    layers = f"{hidden} {ACTIVATIONS[net.activation]}" if net.hidden else "no hidden layer"
    starts = choices.labels
    if parameters_too:
        values = [parameters(card.start) for card in choices.cards]
        starts = [
            label if value == NO_PARAMETERS else f"{label} ({value})"
            for label, value in zip(starts, values, strict=True)
        ]
    seeds = f"seed {choices.seed}"
    if choices.seeds > 1:
        seeds = f"seeds {choices.seed} to {choices.seed + choices.seeds - 1}"
    return (
        f"{', '.join(starts)}; {layers}; {optimizer_in_words(choices.optimizer)}, "
        f"batch {choices.batch_size}, {seeds}, {DATA[choices.data]}"
    )


def optimizer_in_words(optimizer: OptimizerSpec) -> str:
    """Return an optimizer in words, with the arguments that are not Keras' defaults: "SGD, learning rate 0.1"."""
    words = [optimizer.name, f"learning rate {exact(optimizer.learning_rate)}"]
    for parameter in optimizer.entry.parameters:
        value = optimizer.get(parameter.name)
        if parameter.name == "learning_rate" or value == parameter.default:
            continue
        text = exact(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        words.append(parameter.name if value is True else f"{parameter.name} {text}")
    return ", ".join(words)


def settings(choices: Choices) -> dict[str, str]:
    """Return the settings of the experiment by name, for a report."""
    net, several = choices.network, len(choices.cards) > 1
    starts = {
        f"Start {place}" if several else "Start": f"{label}: {parameters(card.start)}"
        for place, (label, card) in enumerate(zip(choices.labels, choices.cards, strict=True), 1)
    }
    last = choices.seed + choices.seeds - 1
    return {
        **starts,
        "Hidden layers": format_hidden(net.hidden),
        "Activation": ACTIVATIONS[net.activation],
        "Optimizer": str(choices.optimizer),
        "Batch size": str(choices.batch_size),
        "Seeds": f"{choices.seed} to {last}" if choices.seeds > 1 else str(choices.seed),
        "Data": DATA[choices.data],
    }
