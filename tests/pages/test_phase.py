"""The phases of a page that runs jobs, without a browser."""

import pytest

from inits.engine.jobs import Job
from inits.experiments.experiment import Experiment, Start
from inits.initializers.spec import InitializerSpec
from pages.parts.compute.phase import Phase, Situation, decide

START = Start(InitializerSpec("HeNormal"))
HERE, OTHER = (Experiment((START,), seeds=(seed,)) for seed in (1, 2))  # of the controls; an earlier one


def job(plan: Experiment, over: bool) -> Job:
    made = Job(plan, f"{plan.seeds}{over}")
    if over:
        made.end()
    return made


RUNS, RAN = job(HERE, False), job(HERE, True)
OTHER_RUNS, OTHER_RAN = job(OTHER, False), job(OTHER, True)
IDLE, WAITING, RUNNING, DONE = Phase


@pytest.mark.parametrize(
    ("shown", "found", "left", "pending", "expected"),
    [
        (None, None, None, False, Situation(IDLE)),
        (None, None, None, True, Situation(WAITING)),
        # The job of the controls, of any session
        (None, RUNS, None, False, Situation(RUNNING, RUNS, True)),
        (None, RAN, None, False, Situation(DONE, RAN, True)),
        (RUNS, RUNS, None, False, Situation(RUNNING, RUNS, True)),
        (RAN, RAN, None, False, Situation(DONE, RAN, True)),
        # The controls differ from the last job
        (OTHER_RAN, None, None, False, Situation(DONE, OTHER_RAN, False)),
        (OTHER_RAN, RAN, None, False, Situation(DONE, RAN, True)),
        (OTHER_RAN, RUNS, None, False, Situation(RUNNING, RUNS, True)),
        # A running job stays until it ends
        (OTHER_RUNS, None, None, False, Situation(RUNNING, OTHER_RUNS, False)),
        (OTHER_RUNS, RAN, None, False, Situation(RUNNING, OTHER_RUNS, False)),
        (OTHER_RUNS, RUNS, None, True, Situation(RUNNING, OTHER_RUNS, False)),
        # Run was pressed before the data set was known: the last results stay in sight
        (OTHER_RAN, None, None, True, Situation(WAITING, OTHER_RAN, False)),
        (RAN, RAN, None, True, Situation(WAITING, RAN, True)),
        # This session has left a job that runs on for others
        (RUNS, RUNS, RUNS, False, Situation(IDLE)),
        (None, RUNS, RUNS, False, Situation(IDLE)),
        (OTHER_RAN, RUNS, RUNS, False, Situation(DONE, OTHER_RAN, False)),
        (OTHER_RUNS, None, OTHER_RUNS, False, Situation(IDLE)),
        (OTHER_RUNS, RAN, OTHER_RUNS, False, Situation(DONE, RAN, True)),
        (RUNS, RUNS, RUNS, True, Situation(WAITING)),
    ],
)
def test_decide(shown, found, left, pending, expected):
    assert decide(shown, found, left=lambda job: job is left, pending=pending, key=HERE.key) == expected


def test_without_a_valid_plan_the_last_job_stays_and_is_not_current():
    known = decide(RAN, None, left=lambda job: False, pending=False, key=None)
    assert known == Situation(DONE, RAN, False)
