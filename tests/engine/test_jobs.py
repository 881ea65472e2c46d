"""How runs are split into tasks, and what a job knows of its runs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inits.engine.jobs import Job, split_into_tasks
from inits.experiments.experiment import Experiment, Start
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


def test_learning_rate_does_not_change_the_network():
    runs = list(enumerate([*runs_of(1, 1, 0.1), *runs_of(1, 1, 0.2)]))
    assert split_into_tasks(runs, 1) == [runs]


def test_starts_of_a_seed_are_spread_over_the_cores():
    runs = list(enumerate(Experiment((HE,) * 3, seeds=(0, 1)).runs))
    assert [[number for number, _ in task] for task in split_into_tasks(runs, 2)] == [[0, 2, 4], [1, 3, 5]]


def test_longest_tasks_come_first():
    runs = list(enumerate(run for depth in (1, 4, 2) for run in runs_of(depth, 2)))
    assert [task[0][0] for task in split_into_tasks(runs, 2)] == [2, 4, 0]


def frame(run: int, *losses: float) -> Frame:
    values = np.array(losses, np.float32)
    return Frame(run, 10, 100, values, values)


def test_concurrent_viewers_share_a_snapshot_until_the_job_is_over():
    job = Job(Experiment((HE,)), "job")
    job.take(frame(0, 1.0))
    first = job.snapshot(60.0)
    job.take(frame(0, 1.0, 1.0))
    assert job.snapshot(60.0) is first
    assert first.records[0].done == 1
    later = job.snapshot(0.0)
    assert later.records[0].done == 3
    assert job.snapshot(0.0) is later  # nothing new
    job.settle([Record(0, stopped=True)])
    job.end()
    assert job.snapshot(60.0).records[0].stopped


def test_frames_after_the_final_record_are_ignored():
    job = Job(Experiment((HE,), seeds=(0, 1)), "job")
    job.take(frame(0, 1.0, 2.0))
    job.take(frame(1, 5.0))
    before = job.records
    whole = Record(0)
    for one in (frame(0, 1.0, 2.0), frame(0, 3.0, 4.0)):
        whole.add(one)
    assert job.settle([whole]) == [whole]
    assert job.settle([whole]) == []
    job.take(frame(0, 3.0, 4.0))
    job.take(frame(1, 6.0))
    np.testing.assert_array_equal(job.records[0].losses, [1, 2, 3, 4])
    np.testing.assert_array_equal(job.records[1].losses, [5, 6])
    np.testing.assert_array_equal(before[1].losses, [5])


def test_frames_after_a_gap_wait_for_all_of_them_to_be_repeated():
    job = Job(Experiment((HE,)), "job")
    job.take(frame(0, 1.0), at=0)
    job.take(frame(0, 3.0), at=2)  # the second one was lost
    assert job.records[0].losses.tolist() == [1.0]
    job.take(frame(0, 1.0), frame(0, 2.0), frame(0, 3.0), at=0)
    job.take(frame(0, 4.0), at=3)
    assert job.records[0].losses.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_waiting_for_news_ends_with_the_job():
    job = Job(Experiment((HE,)), "job")
    job.take(frame(0))
    job.wait_for_news(0.05)
    job.over.set()
    job.wait_for_news(1e9)


def test_sweep_ends_when_one_run_has_lost_two_workers():
    job = Job(Experiment((HE,), seeds=(0, 1)), "job")
    runs = list(enumerate(job.runs))
    assert job.count_crash("task", runs) is None  # it had not begun
    job.started_tasks.add("task")
    assert job.count_crash("task", runs) is None
    assert "Two training processes ended unexpectedly while they trained HeNormal()" in job.count_crash(
        "task", runs
    )
