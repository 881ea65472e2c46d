"""How runs are split into tasks, and what a job knows of its runs."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.engine.jobs import Job, run_line, split_into_tasks
from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.network import Network
from inits.experiments.record import Frame, Record
from inits.initializers.spec import InitializerSpec, OptimizerSpec

HE = Start(InitializerSpec("HeNormal"))


def runs_of(depth: int, starts: int, rate: float = 0.1) -> tuple:
    optimizer = OptimizerSpec("SGD", (("learning_rate", rate),))
    return Experiment((HE,) * starts, Network((8,) * depth), optimizer).runs


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 8)), max_size=6), st.integers(1, 5))
def test_every_run_is_in_one_task_with_runs_of_its_network(groups, cores):
    runs = list(enumerate(run for depth, starts in groups for run in runs_of(depth, starts)))
    tasks = split_into_tasks(runs, cores)
    assert sorted(number for task in tasks for number, _ in task) == [number for number, _ in runs]
    assert all(task for task in tasks)
    for task in tasks:
        assert len({run.slot_key for _, run in task}) == 1
    networks = len({run.slot_key for _, run in runs})
    if len(runs) >= cores and networks == 1:
        assert len(tasks) == cores
    if networks >= cores:
        assert len(tasks) == networks


def numbers(runs: list[Run], cores: int) -> list[list[int]]:
    return [[number for number, _ in task] for task in split_into_tasks(list(enumerate(runs)), cores)]


def test_order_of_tasks():
    """Runs of one network share a task whatever their learning rate; starts are spread; long tasks come first."""
    assert numbers([*runs_of(1, 1, 0.1), *runs_of(1, 1, 0.2)], 1) == [[0, 1]]
    assert numbers(Experiment((HE,) * 3, seeds=(0, 1)).runs, 2) == [[0, 2, 4], [1, 3, 5]]
    assert numbers([run for depth in (1, 4, 2) for run in runs_of(depth, 2)], 2) == [[2, 3], [4, 5], [0, 1]]


def job(seeds: tuple[int, ...] = (0,)) -> Job:
    return Job(Experiment((HE,), seeds=seeds), "0123456789")


def frame(run: int, *losses: float) -> Frame:
    values = np.array(losses, np.float32)
    return Frame(run, 10, 100, values, values)


def test_concurrent_viewers_share_a_snapshot_until_the_job_is_over():
    one = job()
    one.take(frame(0, 1.0))
    first = one.snapshot(60.0)
    one.take(frame(0, 1.0, 1.0))
    assert one.snapshot(60.0) is first
    assert first.records[0].done == 1
    later = one.snapshot(0.0)
    assert later.records[0].done == 3
    assert one.snapshot(0.0) is later  # nothing new
    one.add_final([Record(0, stopped=True)])
    one.end()
    assert one.snapshot(60.0).records[0].stopped


def test_frames_after_the_final_record_are_ignored():
    one = job((0, 1))
    one.take(frame(0, 1.0, 2.0))
    one.take(frame(1, 5.0))
    before = one.records
    whole = Record(0)
    for new in (frame(0, 1.0, 2.0), frame(0, 3.0, 4.0)):
        whole.add(new)
    assert one.add_final([whole]) == [whole]
    assert one.add_final([whole]) == []
    one.take(frame(0, 3.0, 4.0))
    one.take(frame(1, 6.0))
    np.testing.assert_array_equal(one.records[0].losses, [1, 2, 3, 4])
    np.testing.assert_array_equal(one.records[1].losses, [5, 6])
    np.testing.assert_array_equal(before[1].losses, [5])


def test_frames_after_a_gap_wait_for_all_of_them_to_be_repeated():
    one = job()
    one.take(frame(0, 1.0), at=0)
    one.take(frame(0, 3.0), at=2)  # the second one was lost
    assert one.records[0].losses.tolist() == [1.0]
    one.take(frame(0, 1.0), frame(0, 2.0), frame(0, 3.0), at=0)
    one.take(frame(0, 4.0), at=3)
    assert one.records[0].losses.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_waiting_for_news_ends_with_the_job():
    one = job()
    one.take(frame(0))
    one.wait_for_news(0.05)
    one.over.set()
    one.wait_for_news(1e9)


def test_job_ends_when_one_run_has_lost_two_workers():
    one = job((0, 1))
    runs = list(enumerate(one.runs))
    one.add_tasks({"task": runs})
    assert one.count_crash("task", runs) is None  # it had not begun
    one.task_news("task")
    assert one.count_crash("task", runs) is None
    words = "Two training processes ended unexpectedly while they trained HeNormal()"
    assert words in one.count_crash("task", runs)


def line(*records: Record, error: str | None = None, live: bool = True) -> str:
    """The log line of a job that has reported a frame and ended with these records."""
    one = job((0, 1))
    one.plan = SimpleNamespace(live=live)
    one.take(frame(0, 1.0))
    one.add_final(records)
    one.error = error
    one.end()
    return re.sub(r"seconds=\S+", "seconds=0", run_line(one))


TEN = Record(0, steps=10, losses=np.ones(10, np.float32), finished=True)


@pytest.mark.parametrize(
    ("records", "live", "expected"),
    [
        ((TEN, Record(1, stopped=True)), True, "kind=experiment finished=1 steps=10 outcome=stopped"),
        ((TEN, replace(TEN, run=1)), True, "kind=experiment finished=2 steps=20 outcome=done"),
        ((), False, "kind=sweep finished=0 steps=1 outcome=done"),
    ],
)
def test_log_has_one_line_of_fields_for_a_job(records, live, expected):
    kind, finished, steps, outcome = expected.split()
    fields = f"name=01234567 {kind} runs=2 kept=0 {finished} diverged=0 {steps} seconds=0 {outcome}"
    assert line(*records, live=live) == f"run {fields}"


def test_texts_of_users_are_not_logged():
    found = line(error="The file home.keras\nrun name=forged outcome=done is gone")
    assert found.endswith("outcome=failed")
    assert "forged" not in found
    assert "\n" not in found
