"""The paths through the pages: the first steps of a visitor, and the lessons."""

from dataclasses import dataclass

from inits.errors import SpecError
from inits.experiments.weight_source import parse_kernel
from inits.text import one_line
from pages.parts.lessons.catalog import LESSONS
from pages.parts.lessons.steps import Step


@dataclass(frozen=True)
class FirstStep(Step):
    """A step of the path for a first visit; `learn` says in a few words what it is about."""

    learn: str


FIRST_STEPS = (
    FirstStep(
        key="uniform",
        title="Uniform",
        learn="Equal chances in a range",
        task="Move **maxval** to 0.1. Then press **Draw again**.",
        look_for="How the standard deviation follows the width of the range, and how little it changes with the draw.",
        page="explore",
        state={"init": str(parse_kernel("RandomUniform"))},
    ),
    FirstStep(
        key="normal",
        title="Normal",
        learn="A bell; its width counts",
        task="Set **stddev** to 0.029, the std of RandomUniform. Then select **A whole network**.",
        look_for="Another shape of the same width, and how σ_w² falls where a layer has fewer inputs.",
        page="explore",
        state={"init": str(parse_kernel("RandomNormal"))},
    ),
    FirstStep(
        key="trained",
        title="Pretrained",
        learn="Weights after training",
        task="Press **Train an example**, then **Open both**.",
        look_for="How far the weights of each layer have moved from where they started.",
        page="pretrained",
        state={"source": "train"},
    ),
    FirstStep(
        key="own",
        title="Your own",
        learn="Paste code, see weights",
        task="In the editor, change 0.1 to 0.2 and 0.05 to 0.1. Then press **Run**.",
        look_for="How the standard deviations change, and what the checks say about the scale.",
        page="custom",
        state={},
    ),
    FirstStep(
        key="choose",
        title="Choose",
        learn="The one for your network",
        task="Describe a network of your own.",
        look_for="The line of Keras code to copy, and how much of the signal it keeps.",
        page="choose",
        state={},
    ),
)


@dataclass(frozen=True)
class Path:
    """Steps in their order, and what one of them is called."""

    name: str
    steps: tuple[Step, ...]


FIRST, ALL_LESSONS = Path("Step", FIRST_STEPS), Path("Lesson", LESSONS)


@dataclass(frozen=True)
class Place:
    """A step, its path, and its number there, from 1."""

    path: Path
    number: int
    step: Step

    @property
    def next(self) -> "Place | None":
        """Return the place after it on its path, if there is one."""
        after = self.path.steps[self.number : self.number + 1]
        return Place(self.path, self.number + 1, after[0]) if after else None

    @property
    def label(self) -> str:
        """Return its number and title."""
        return f"{self.path.name} {self.number} of {len(self.path.steps)}: {self.step.title}"


PLACES = {
    step.key: Place(path, number, step)
    for path in (FIRST, ALL_LESSONS)
    for number, step in enumerate(path.steps, 1)
}


def place_of(key: str) -> Place | None:
    """Return the place of a key; None for "". Raises SpecError for a key that is unknown."""
    if key and key not in PLACES:
        raise SpecError(f"lesson must be one of {', '.join(PLACES)}, but got {one_line(key, 60)}.")
    return PLACES[key] if key else None
