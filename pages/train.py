"""Build a Dense model, choose how it starts, and watch its first epoch."""

import streamlit as st

from inits.errors import InitsError
from inits.experiment import Experiment
from pages.shared import state
from pages.shared.builder import DEFAULTS, Choices, builder, in_words, understood
from pages.shared.engine import engine, wait_for
from pages.shared.picker import refusal
from pages.shared.run_views import answer_before, data_note, live, model_table
from pages.shared.setup import setup

PAGE = "train"
SHOWN, PENDING = f"{PAGE}:shown", f"{PAGE}:pending"


def main() -> None:
    setup("Train")
    choices = understood(state.load(PAGE, DEFAULTS))
    title, answer = st.empty(), st.empty()
    job = engine().find(st.session_state.get(SHOWN, ""))
    running = job is not None and not job.over.is_set()
    pressed = False
    if not running:
        choices, pressed = builder(PAGE, choices)
    refusal(PAGE)
    state.save(PAGE, choices.texts(), DEFAULTS)
    title.title(f"How far does {choices.start.kernel.name} get in one epoch?")

    experiment = _experiment(choices)
    if pressed:
        st.session_state[PENDING] = True
    if st.session_state.get(PENDING) and experiment is not None:
        st.session_state.pop(PENDING)
        st.session_state[SHOWN] = experiment.key
        engine().run(experiment).wait_for_news(0.25)
        st.rerun()
    if experiment is not None and not running:
        job = engine().find(experiment.key) or job
        st.session_state[SHOWN] = job.experiment.key if job else ""

    data_note(choices.data)
    if job is None:
        answer_before(answer, choices, waiting=bool(st.session_state.get(PENDING)))
        if st.session_state.get(PENDING):
            wait_for(lambda: engine().status.dataset is not None)
    else:
        if experiment is not None and job.experiment.key != experiment.key:
            shown = in_words(Choices.of(job.experiment))
            st.info(f"Shown: {shown}. Press Run for the new settings.", icon=":material/history:")
        live(job, answer)
    model_table(choices)


def _experiment(choices: Choices) -> Experiment | None:
    """What would run; None while it is not known whether MNIST can be had, or when it cannot be."""
    dataset = "digits" if choices.data == "digits" else engine().status.dataset
    if dataset is None:
        return None
    try:
        return choices.experiment(dataset)
    except InitsError as error:
        st.error(str(error), icon=":material/error:")
        st.session_state.pop(PENDING, None)
        return None


main()
