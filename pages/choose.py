"""Which initializer for what: a recommendation with its reason, and a table by activation."""

import streamlit as st

from inits.errors import InitsError
from inits.theory.recommendation import recommend
from pages.parts.choose.questions import CHOOSE, questions
from pages.parts.choose.views import cheat_sheet, power_chart, recommendation_card, summary
from pages.parts.lessons.bar import lesson_bar
from pages.parts.page.header import setup
from pages.parts.page.notes import problem
from pages.parts.page.refusals import refusal
from pages.parts.page.slides import live_controls

PAGE = CHOOSE.page


def main() -> None:
    setup(PAGE)
    answers = CHOOSE.load()
    lesson_bar(PAGE)
    st.title("Which initializer should I use?")
    answer = st.empty()
    left, right = st.columns([5, 6], gap="medium")
    with left, live_controls(PAGE):
        answers = questions(PAGE, answers)
        refusal(PAGE)
    CHOOSE.save(answers)
    try:
        task = answers.task()
        advice = recommend(task)
    except InitsError as error:
        answer.markdown("Describe your network to get a line of Keras code, and the number behind it.")
        problem(str(error))
        return
    answer.markdown(summary(task, advice))
    with right:
        recommendation_card(PAGE, task, advice)
    st.header("Cheat sheet")
    left, right = st.columns([7, 4], gap="medium")
    with left:
        cheat_sheet(answers.normalization)
    with right:
        power_chart(PAGE, task, advice)


main()
