"""The way from a lesson, or a first step, to its page."""

from dataclasses import replace
from io import BytesIO

from inits.errors import InitsError
from inits.experiments.experiment import Experiment
from inits.experiments.file_start import FileSpec
from pages.parts.compute.engine_access import ask_weights, engine, wait_for
from pages.parts.compute.job_control import session_id
from pages.parts.experiment.choices import TRAIN
from pages.parts.lessons.catalog import LESSONS
from pages.parts.lessons.steps import Step
from pages.parts.page import session, state
from pages.parts.page.address import LESSON
from pages.parts.page.gate import gate
from pages.parts.page.navigation import go
from pages.parts.page.notes import problem
from pages.parts.page.state import rerun
from pages.parts.weights.file_start import file_cards
from pages.parts.widgets.picker import offer_file

GALLERY = "lessons"  # the page on which a lesson is prepared
TRAINED = "trained.weights.h5"


def open_step(page: str, step: Step) -> None:
    """Open the page of a step from another page, or from another step on it; keep what was prepared there."""
    settings = state.own_settings(step.page)
    if LESSON not in settings:
        session.LEFT_SETTINGS[step.page] = settings
    if not step.pretrain:
        go(step.page, step.address)
    session.OPENING_LESSON[GALLERY] = step.key
    if page != GALLERY:
        go(GALLERY)
    rerun()


def open_wanted(page: str) -> None:
    """Open the lesson whose weights have to be trained first, as soon as they are."""
    key = session.OPENING_LESSON.get(page)
    for lesson in LESSONS:
        if lesson.key == key:
            _prepare(page, lesson)


def _prepare(page: str, lesson: Step) -> None:
    """Train the network of a lesson, then open the page with the trained weights as starts; show the progress."""
    choices = TRAIN.parse(lesson.state)
    dataset = engine().status.dataset
    if dataset is None:
        wait_for(lambda: engine().status.dataset is not None)
        return
    try:
        spec = _trained(page, choices.experiment(dataset))
    except InitsError as error:
        del session.OPENING_LESSON[page]
        problem(str(error))
        return
    if spec is not None:
        del session.OPENING_LESSON[page]
        offer_file(spec)
        go("train", {**lesson.address, **TRAIN.format(replace(choices, cards=file_cards(spec)))})


def _trained(page: str, experiment: Experiment) -> FileSpec | None:
    """Return the weights after a training as a file; None until they are available. Raises InitsError."""
    job = engine().run(experiment, session=session_id())
    with gate.aside():
        over = job.over.wait(0.5)
    if not over:
        wait_for(
            job.over.is_set, lambda: "Training the network whose weights you will start from, about 5 s."
        )
        return None
    if job.error:
        raise InitsError(job.error)
    if page not in session.LESSON_WEIGHTS:
        data = ask_weights(experiment.runs[0], job.records[0].done)
        if data is None:
            raise InitsError("The trained weights could not be loaded. Open the lesson again.")
        session.LESSON_WEIGHTS[page] = engine().files.take(BytesIO(data), TRAINED)
    reading = session.LESSON_WEIGHTS[page]
    with gate.aside():
        done = reading.done.wait(0.5)
    if not done:
        wait_for(reading.done.is_set, lambda: "Reading the trained weights...")
        return None
    del session.LESSON_WEIGHTS[page]
    if reading.error:
        raise InitsError(reading.error)
    return FileSpec(TRAINED, reading.digest)
