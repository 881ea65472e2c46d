"""What became of the starts of a run, in sentences with the numbers."""

from collections.abc import Iterator, Sequence

import numpy as np

from inits.experiments.ranking import ranked
from inits.experiments.record import Record
from inits.experiments.summary import Outcome
from inits.text import count, number, percent
from pages.parts.experiment.choices import Choices

LEARNED = 0.3  # held-out accuracy that no start reaches by guessing


def nothing_finished(
    choices: Choices, records: Sequence[Record], found: Sequence[Outcome], names: Sequence[str]
) -> str:
    """Return why no run has completed the epoch."""
    if any(outcome.stopped for outcome in found):
        images = sum(record.images_done(choices.batch_size) for record in records)
        if not images:
            return "Stopped before it began. Press Run to start it."
        return f"Stopped after **{count(images)} images**. Curves are kept."
    first = records[0]
    if len(found) == 1 == choices.seeds and first.divergence is not None:
        became = "infinite" if np.isinf(first.divergence.loss) else "NaN"
        before = f"Reached {_peak(choices, found[0])}, then the" if _had_learned(found[0]) else "The"
        images = first.images_done(choices.batch_size)
        return f"{before} loss became {became} after **{count(images)} images**."
    return " ".join(["No start completed the epoch.", *_failures(choices, found, names)])


def comparison(choices: Choices, found: Sequence[Outcome], names: Sequence[str]) -> str:
    """Return which start reached 90 % after how many images, or which is best; and what became of the others."""
    if len(found) == 1:
        return _alone(choices, found[0])
    ends = [o for o in ranked(found) if o.accuracy is not None]
    fast = [o for o in ranked(found, "steps 90%") if o.steps[1] is not None]
    top = [names[o.start] for o in ends if o.accuracy == ends[0].accuracy]
    if fast:
        slow = [o for o in ends if o.steps[1] is None and not o.at_chance and not o.collapsed]
        lead = _fastest(choices, fast, names) + (f"; {_who(slow, names)} did not" if slow else "")
    elif ends[0].at_chance:
        had = any(o.collapsed or _had_learned(o) for o in found)
        lead = "No start has kept what it had learned" if had else "No start has learned"
    else:
        verb = "is" if len(top) == 1 else "are"
        lead = f"**{listed(top)}** {verb} best, with {percent(ends[0].accuracy or 0)} test accuracy"
    return " ".join([f"{lead}.", *_failures(choices, found, names)])


def _fastest(choices: Choices, fast: Sequence[Outcome], names: Sequence[str]) -> str:
    """Return which starts were the first to reach 90%, and which the last."""
    first = [names[o.start] for o in fast if o.steps[1] == fast[0].steps[1]]
    words = f"**{listed(first)}** reached 90% after {_images(choices, fast[0])} images"
    if len(fast) == 2 == len(first) + 1:
        return f"{words}; {names[fast[1].start]} needed {_images(choices, fast[1])}"
    if len(fast) > len(first):
        return f"{words}; {names[fast[-1].start]} was the last, after {_images(choices, fast[-1])}"
    return words


def _failures(choices: Choices, found: Sequence[Outcome], names: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each kind of failure: collapsed, still guessing, diverged, not begun, stopped."""
    for one in found:
        if one.collapsed:
            yield f"{names[one.start]} {_fall(choices, one)}."
    guessing = [o for o in found if o.at_chance and not o.collapsed]
    if guessing:
        most = percent(max(o.accuracy or 0 for o in guessing))
        right = f"{most} right" if len(guessing) == 1 else f"at most {most} right"
        yield f"{_who(guessing, names, 'is', 'are')} still guessing ({right})."
    yield from _divergences(choices, [one for one in found if one.state == "diverged"], names)
    if failed := [o for o in found if o.state == "failed"]:
        yield f"{_who(failed, names)} could not begin."
    if stopped := [o for o in found if o.state == "stopped"]:
        yield f"{_who(stopped, names, 'was', 'were')} stopped{_seeds_done(choices, stopped)}: press Run to continue."


def _divergences(choices: Choices, found: Sequence[Outcome], names: Sequence[str]) -> Iterator[str]:
    lost = []
    for one in found:
        if one.diverged < choices.seeds:
            yield f"{names[one.start]} diverged with {one.diverged} of {choices.seeds} seeds."
        elif _had_learned(one):
            yield f"{names[one.start]} reached {_peak(choices, one)}, then diverged."
        else:
            lost.append(one)
    if lost:
        yield f"{_who(lost, names)} diverged."


def _alone(choices: Choices, one: Outcome) -> str:
    """Return the result of the only start, of all seeds that completed the epoch."""
    seeds = f" (mean of {_of_seeds(choices, one)})" if choices.seeds > 1 else ""
    if one.collapsed:
        words = _fall(choices, one)
        sentences = [f"{words[0].upper()}{words[1:]}{seeds}."]
    else:
        loss = f", loss {number(one.loss)}" if one.loss is not None else ""
        sentences = [f"**{percent(one.accuracy or 0)}** test accuracy after one epoch{loss}{seeds}."]
        if one.at_chance:
            sentences.append("It is still guessing.")
        elif one.steps[1] is not None:
            sentences.append(f"The mean over 2,000 images passed 90% at image {_images(choices, one)}.")
    if one.diverged:
        sentences.append(f"{one.diverged} of {choices.seeds} seeds diverged.")
    if one.stopped:
        sentences.append("Stopped: press Run to continue.")
    return " ".join(sentences)


def _fall(choices: Choices, one: Outcome) -> str:
    """Return how a start collapsed: "reached 83% after 12,800 images, then fell back to guessing (10.3% right)"."""
    end = percent(one.accuracy or 0)
    end = f"back to guessing ({end} right)" if one.at_chance else f"to {end}"
    return f"reached {_peak(choices, one)}, then fell {end}"


def _peak(choices: Choices, one: Outcome) -> str:
    """Return the best held-out accuracy of a start, and when it had it."""
    if one.peak is None:
        return "nothing"
    return f"{percent(one.peak.accuracy)} after {count(one.peak.step * choices.batch_size)} images"


def _had_learned(one: Outcome) -> bool:
    return one.peak is not None and one.peak.accuracy > LEARNED


def _seeds_done(choices: Choices, stopped: Sequence[Outcome]) -> str:
    """Return after how many seeds starts were stopped, if there are several seeds."""
    if choices.seeds == 1:
        return ""
    done = sorted({one.finished for one in stopped})
    span = str(done[0]) if len(done) == 1 else f"{done[0]} to {done[-1]}"
    return f" after {span} of {choices.seeds} seeds"


def _of_seeds(choices: Choices, one: Outcome) -> str:
    some = f"{one.finished} of " if one.finished < choices.seeds else ""
    return f"{some}{choices.seeds} seeds"


def _who(found: Sequence[Outcome], names: Sequence[str], one: str = "", several: str = "") -> str:
    """Return the names of starts with the verb for one or several."""
    return f"{listed([names[o.start] for o in found])} {one if len(found) == 1 else several}".strip()


def _images(choices: Choices, outcome: Outcome) -> str:
    return count((outcome.steps[1] or 0) * choices.batch_size)


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence: A, B and C."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
