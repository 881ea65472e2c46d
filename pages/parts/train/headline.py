"""The title of the Train page and the sentence below it: what to do, which start leads, which is best."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inits.engine.jobs import Job
from inits.experiments.experiment import Experiment
from inits.experiments.ranking import ranked
from inits.experiments.record import Record
from inits.experiments.summary import Outcome
from inits.text import count, counted, duration, number, percent
from pages.parts.compute.engine_access import engine, training_images, wait_for, waiting_words
from pages.parts.compute.phase import Phase, Situation
from pages.parts.experiment.choices import Choices, in_words
from pages.parts.page.notes import literal

FLOPS = 5e10  # of one core, as measured; for the estimate before the first run


def question(choices: Choices) -> str:
    """Return the title of the page."""
    if len(choices.cards) > 1:
        return "Which start learns fastest?"
    return f"How far does {literal(choices.labels[0])} get in one epoch?"


def answer_before(place: DeltaGenerator, choices: Choices, experiment: Experiment | None) -> None:
    """Show what to do and how long it takes; until the engine is ready, also what it is doing."""
    status = engine().status
    images = training_images(choices.data)
    runs = len(choices.cards) * choices.seeds
    missing = engine().results.missing(experiment) if experiment else runs
    each = max(0.4, 6 * choices.network.parameters * images / FLOPS)
    seconds = each * -(-missing // min(engine().settings.cores, missing)) if missing else 0.0
    what = counted(len(choices.cards), "start") if len(choices.cards) > 1 else "One start"
    if choices.seeds > 1:
        what += f" × {choices.seeds} seeds"
    verb = "take" if runs > 1 else "takes"
    words = f"Press Run. {what} {verb} about {duration(seconds)}, one epoch of {count(images)} images each."
    if missing < runs:
        stored = f"{count(runs - missing)} of {count(runs)} runs are already computed"
        words = f"Press Run. {stored}; the rest takes about {duration(seconds)}."
    with place.container():
        st.markdown(words if images else "Press Run.")
        if not status.ready:
            wait_for(lambda: engine().status.ready)


def shown_settings(shown: Choices, now: Situation) -> None:
    """Describe the run on the page while there are no controls, and when the controls differ from it."""
    if now.phase is Phase.RUNNING:
        st.markdown(f":small[:gray[{literal(in_words(shown))}]]")
    elif not now.current:
        words = f"These results are for the previous settings: {literal(in_words(shown))}. Press Run for the new ones."
        st.info(words, icon=":material/history:")


def sentence(job: Job, choices: Choices, records: Sequence[Record], found: Sequence[Outcome]) -> str:
    """Return the sentence below the title, with its numbers."""
    names = [literal(name) for name in choices.labels]
    images = sum(record.images_done(choices.batch_size) for record in records)
    if job.error:
        return "The run ended early. Its results so far are kept."
    if not job.over.is_set():
        if not images:
            if not engine().status.ready:
                return waiting_words()
            return "Waiting in the queue." if engine().scheduler.place(job) else "Starting..."
        return _leader(records, names, images, max(record.images for record in records) * len(records))
    if not any(outcome.finished for outcome in found):
        return _nothing_finished(choices, records, found, names, images)
    return _comparison(choices, found, names)


def _leader(records: Sequence[Record], names: Sequence[str], images: int, whole: int) -> str:
    """Return the progress, and the leader at the last step that all starts have reached with the first seed."""
    seen = f"{count(images)} of {count(whole)} images seen."
    there = {
        start: record.checkpoints
        for start, record in enumerate(records[: len(names)])
        if record.checkpoints and record.divergence is None
    }
    if not there:
        return seen
    common = min(points[-1].step for points in there.values())
    then = {start: [p for p in points if p.step <= common][-1].accuracy for start, points in there.items()}
    first = max(then, key=lambda start: then[start])
    if len(names) == 1:
        return f"{seen} Accuracy on held-out images: **{percent(then[first])}**."
    return f"{seen} **{names[first]}** leads with {percent(then[first])} on held-out images."


def _nothing_finished(
    choices: Choices, records: Sequence[Record], found: Sequence[Outcome], names: Sequence[str], images: int
) -> str:
    if any(outcome.stopped for outcome in found):
        if not images:
            return "Stopped before it began. Press Run to start it."
        return f"Stopped after **{count(images)} images**. Curves are kept."
    diverged = [record for record in records if record.divergence is not None]
    if len(names) == 1 and diverged:
        return f"The loss became NaN after **{count(diverged[0].images_done(choices.batch_size))} images**."
    return "No start completed the epoch."


def _comparison(choices: Choices, found: Sequence[Outcome], names: Sequence[str]) -> str:
    """Return which start reached 90 % after how many images, or which is best; and which starts failed."""
    ends = [o for o in ranked(found) if o.accuracy is not None]
    fast = [o for o in ranked(found, "steps 90%") if o.steps[1] is not None]
    if len(found) == 1:
        return _alone(choices, ends[0])
    words = []
    if fast:
        first = [names[o.start] for o in fast if o.steps[1] == fast[0].steps[1]]
        words.append(f"**{_list(first)}** reached 90% after {_images(choices, fast[0])} images")
        if len(fast) == 2 == len(first) + 1:
            words[-1] += f"; {names[fast[1].start]} needed {_images(choices, fast[1])}"
        elif len(fast) > len(first):
            words[-1] += f"; {names[fast[-1].start]} was the last, after {_images(choices, fast[-1])}"
    elif ends[0].at_chance:
        words.append(
            f"No start has learned: the best is still guessing ({percent(ends[0].accuracy or 0)} right)"
        )
    else:
        words.append(
            f"**{names[ends[0].start]}** is best, with {percent(ends[0].accuracy or 0)} test accuracy"
        )
    at_chance = [names[o.start] for o in ends if o.at_chance]
    diverged = [names[o.start] for o in found if o.state == "diverged"]
    stopped = [names[o.start] for o in found if o.state == "stopped"]
    if at_chance and not ends[0].at_chance:
        words.append(f"{_list(at_chance)} {'are' if len(at_chance) > 1 else 'is'} still guessing")
    if diverged:
        words.append(f"{_list(diverged)} diverged")
    if stopped:
        words.append(
            f"{_list(stopped)} {'were' if len(stopped) > 1 else 'was'} stopped: press Run to continue"
        )
    return ". ".join(words) + "."


def _alone(choices: Choices, one: Outcome) -> str:
    seeds = f" (mean of {choices.seeds} seeds)" if choices.seeds > 1 else ""
    loss = f", loss {number(one.loss)}" if one.loss is not None else ""
    words = f"**{percent(one.accuracy or 0)}** test accuracy after one epoch{loss}{seeds}."
    if one.at_chance:
        return f"{words} It is still guessing."
    when = f" The mean over 2,000 images passed 90% at image {_images(choices, one)}."
    return words + (when if one.steps[1] is not None else "")


def _images(choices: Choices, outcome: Outcome) -> str:
    return count((outcome.steps[1] or 0) * choices.batch_size)


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
