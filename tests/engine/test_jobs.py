"""How runs are dealt to cores, and what is known of a job at a moment."""

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
def test_every_run_is_dealt_once_with_runs_of_its_network(groups, cores):
    runs = list(enumerate(run for depth, starts in groups for run in runs_of(depth, starts)))
    dealt = split_into_tasks(runs, cores)
    assert sorted(number for lane in dealt for number, _ in lane) == [number for number, _ in runs]
    assert all(lane for lane in dealt)
    for lane in dealt:
        assert len({run.slot_key for _, run in lane}) == 1
    networks = len({run.slot_key for _, run in runs})
    if len(runs) >= cores and networks == 1:
        assert len(dealt) == cores
    if networks >= cores:
        assert len(dealt) == networks


def test_the_learning_rate_makes_no_other_network():
    runs = list(enumerate([*runs_of(1, 1, 0.1), *runs_of(1, 1, 0.2)]))
    assert split_into_tasks(runs, 1) == [runs]


def test_the_starts_of_a_seed_are_spread_over_the_cores():
    runs = list(enumerate(Experiment((HE,) * 3, seeds=(0, 1)).runs))
    assert [[number for number, _ in lane] for lane in split_into_tasks(runs, 2)] == [[0, 2, 4], [1, 3, 5]]


def test_the_longest_lanes_come_first():
    runs = list(enumerate(run for depth in (1, 4, 2) for run in runs_of(depth, 2)))
    assert [lane[0][0] for lane in split_into_tasks(runs, 2)] == [2, 4, 0]


def news(batches: int) -> Frame:
    return Frame(0, 10, 100, np.ones(batches, np.float32), np.ones(batches, np.float32))


def test_who_look_at_about_the_same_time_see_the_same_moment():
    job = Job(Experiment((HE,)), "job")
    job.take(news(1))
    first = job.snapshot(60.0)
    job.take(news(2))
    assert job.snapshot(60.0) is first
    assert first.records[0].done == 1
    later = job.snapshot(0.0)
    assert later.records[0].done == 3
    assert job.snapshot(0.0) is later  # no news


def test_nobody_sees_an_old_moment_of_a_job_that_is_over():
    job = Job(Experiment((HE,)), "job")
    job.take(news(1))
    assert not job.snapshot(60.0).records[0].stopped
    job.settle([Record(0, stopped=True)])
    job.end()
    assert job.snapshot(60.0).records[0].stopped
