"""The names and colours of the starts of a run: those it ran with, also after the cards of the page have changed."""

from dataclasses import replace

from inits.engine.jobs import Job
from pages.parts.compute.job_control import experiment_of
from pages.parts.experiment.cards import Card
from pages.parts.experiment.choices import Choices
from pages.parts.page import session
from pages.parts.page.session import ALL_PAGES


def remember(job: Job, choices: Choices) -> None:
    """Keep the names and colours of the choices that describe a job."""
    names = session.START_NAMES.setdefault(ALL_PAGES, {})
    names[job.plan.key] = tuple((card.name, card.slot) for card in choices.cards)


def choices_of(job: Job, cards: tuple[Card, ...] = ()) -> Choices:
    """Return the choices of a job with the names it had; else with those of the `cards` that have the same starts."""
    experiment = experiment_of(job)
    choices = Choices.of(experiment, cards)
    names = session.START_NAMES.get(ALL_PAGES, {}).get(experiment.key)
    if names is None:
        return choices
    named = (Card(start, *name) for start, name in zip(experiment.starts, names, strict=True))
    return replace(choices, cards=tuple(named))
