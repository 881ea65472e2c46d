"""Build a Dense model, choose how it starts, and watch its first epoch."""

import streamlit as st

from inits.compute import Job
from inits.errors import InitsError
from inits.experiment import Experiment
from pages.shared import state
from pages.shared.builder import DEFAULTS, Choices, builder, in_words, understood
from pages.shared.data_views import data_note
from pages.shared.engine import engine, wait_for
from pages.shared.model_views import model_table
from pages.shared.notes import problem
from pages.shared.picker import refusal
from pages.shared.run_views import answer_before, live
from pages.shared.setup import setup

PAGE = "train"
SHOWN, PENDING = f"{PAGE}:shown", f"{PAGE}:pending"  # the key of the job on the page; Run was pressed early


def main() -> None:
    setup("Train")
    choices = understood(state.load(PAGE, DEFAULTS))
    title, answer = st.empty(), st.empty()
    job = find(choices)
    if job is None or job.over.is_set():
        choices, pressed = builder(PAGE, choices)
        refusal(PAGE)
        if pressed:
            st.session_state[PENDING] = True
    state.save(PAGE, choices.texts(), DEFAULTS)
    title.title(f"How far does {choices.start.kernel.name} get in one epoch?")
    data_note(choices.data)
    start_pending(choices)

    job = find(choices)
    if job is not None:
        st.session_state[SHOWN] = job.experiment.key
        tell_difference(job, choices)
        live(job, answer)
    elif PENDING in st.session_state:
        answer.markdown("The run starts by itself as soon as the digits are there.")
        wait_for(lambda: dataset(choices) is not None)
    else:
        answer_before(answer, choices)
    model_table(choices)
    name, query = choices.start.kernel.name, {"init": str(choices.start.kernel)}
    st.page_link(
        "pages/explore.py", label=f"What does {name} draw?", icon=":material/ssid_chart:", query_params=query
    )


def dataset(choices: Choices) -> str | None:
    """The digits to learn; None while it is not known whether MNIST can be had."""
    return "digits" if choices.data == "digits" else engine().status.dataset


def experiment(choices: Choices) -> Experiment | None:
    """What Run would run; None while that is not known, or when the start cannot fill the network."""
    try:
        known = dataset(choices)
        return choices.experiment(known) if known else None
    except InitsError:
        return None


def find(choices: Choices) -> Job | None:
    """The job of these choices, by whomever, else the one that was on this page last."""
    wanted = experiment(choices)
    last = engine().find(st.session_state.get(SHOWN, ""))
    if last is not None and not last.over.is_set():
        return last
    return (engine().find(wanted.key) if wanted else None) or last


def start_pending(choices: Choices) -> None:
    """Run what was asked for, as soon as it can be."""
    if PENDING not in st.session_state or dataset(choices) is None:
        return
    st.session_state.pop(PENDING)
    try:
        job = engine().run(choices.experiment(str(dataset(choices))))
    except InitsError as error:
        problem(str(error))
        return
    st.session_state[SHOWN] = job.experiment.key
    job.wait_for_news(0.25)
    st.rerun()


def tell_difference(job: Job, choices: Choices) -> None:
    """Say what is shown when the controls say something else, and while there are no controls."""
    shown = Choices.of(job.experiment)
    if not job.over.is_set():
        st.markdown(f":small[:gray[{in_words(shown)}]]")
    elif experiment(choices) != job.experiment:
        st.info(f"Shown: {in_words(shown)}. Press Run for the new settings.", icon=":material/history:")


main()
