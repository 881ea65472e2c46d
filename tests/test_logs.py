"""The line of a run in the log."""

import re
from types import SimpleNamespace

import numpy as np

from inits.engine.jobs import Job, run_line
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.experiments.record import Frame, Record
from inits.initializers.spec import InitializerSpec

PLAN = Experiment((Start(InitializerSpec("HeNormal")),), Network((8,)), seeds=(0, 1))


def over(*records: Record, error: str | None = None, plan: object = PLAN) -> str:
    job = Job(plan, "0123456789abcdef")
    job.take(Frame(0, 10, 100, np.ones(3, np.float32), np.ones(3, np.float32)))
    job.settle(records)
    job.error = error
    job.end()
    return run_line(job)


def test_run_is_one_line_of_fields():
    line = over(Record(0, steps=10, losses=np.ones(10, np.float32), finished=True), Record(1, stopped=True))
    assert re.sub(r"seconds=\S+", "seconds=0", line) == (
        "run name=01234567 kind=experiment runs=2 kept=0 finished=1 diverged=0 steps=10 seconds=0 outcome=stopped"
    )


def test_text_of_users_is_not_in_the_line():
    line = over(error="The file home.keras\nrun name=forged outcome=done is gone")
    assert "\n" not in line
    assert "forged" not in line
    assert line.endswith("outcome=failed")


def test_finished_run_is_done_and_a_sweep_is_named():
    assert over(Record(0, finished=True), Record(1, finished=True)).endswith(
        "finished=2 diverged=0 steps=0 seconds=0.0 outcome=done"
    )
    quiet = SimpleNamespace(runs=PLAN.runs, key=PLAN.key, live=False)
    assert "kind=sweep" in over(plan=quiet)
