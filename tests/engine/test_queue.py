"""The queue and the scheduler: fairness, places, limits, leaving."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.engine.estimate import Estimate
from inits.engine.jobs import Job
from inits.engine.queue import Queue
from inits.engine.scheduler import Scheduler
from inits.errors import EngineError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.experiments.record import Record
from inits.initializers.spec import InitializerSpec
from inits.settings import read

START = Start(InitializerSpec("HeNormal"))


def images(dataset: str) -> int:
    return {"mnist": 60_000, "digits": 12_000}[dataset]


def job(name: str, live: bool = True, **settings: object) -> Job:
    plan = Experiment(starts=(START,), dataset="digits", **settings)
    shown = SimpleNamespace(key=plan.key, runs=plan.runs, at_once=1, live=live)
    return Job(shown, name)


def names(queue: Queue) -> list[str]:
    return [one.name for _, one in queue.order()]


def waiting(*wanted: str) -> Queue:
    """A queue of jobs that the session of their first letter wants."""
    queue = Queue()
    for name in wanted:
        queue.add(job(name), name[0])
    return queue


def test_queue_serves_sessions_in_turn():
    queue = waiting("a1", "a2", "a3", "b1", "c1", "c2")
    assert (len(queue), names(queue)) == (6, ["a1", "b1", "c1", "a2", "c2", "a3"])
    assert [queue.take(lambda _: True).name for _ in range(2)] == ["a1", "b1"]
    queue.add(job("d1"), "d")
    queue.add(job("b2"), "b")  # again: behind all sessions that wait
    assert names(queue) == ["c1", "a2", "d1", "b2", "c2", "a3"]


def test_shared_job_comes_at_the_first_turn_of_any_session():
    queue, shared = waiting("a1"), job("shared")
    queue.add(shared, "a")
    queue.add(job("b1"), "b")
    queue.add(shared, "c")
    assert (len(queue), names(queue)) == (3, ["a1", "b1", "shared"])
    queue.leave(shared, "c")
    assert names(queue) == ["a1", "b1", "shared"]
    queue.leave(shared, "a")
    assert (shared in queue, names(queue)) == (False, ["a1", "b1"])


def test_job_that_does_not_fit_lets_others_pass_and_keeps_its_place():
    queue = waiting("a1", "b1", "a2")
    assert queue.take(lambda one: one.name != "a1").name == "b1"
    assert names(queue) == ["a1", "a2"]
    assert queue.take(lambda _: False) is None


requests = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 12)), max_size=40)


@given(requests)
def test_no_session_is_served_twice_before_another_that_waits(requests):
    queue, jobs = Queue(), [job(str(number)) for number in range(13)]
    for session, number in requests:
        queue.add(jobs[number], session)
    order = list(queue.order())
    assert sorted(one.name for _, one in order) == sorted({str(number) for _, number in requests})
    served = [queue.take(lambda _: True) for _ in order]
    assert served == [one for _, one in order]  # in the order of their places
    assert (len(queue), queue.take(lambda _: True)) == (0, None)
    counts = dict.fromkeys("abcde", 0)
    missing = {session: {str(number) for who, number in requests if who == session} for session in counts}
    for session, one in order:
        counts[session] += 1
        for numbers in missing.values():
            numbers.discard(one.name)
        assert all(counts[session] <= counts[who] + 1 for who in counts if missing[who])


class Machine:
    """The scheduler of a machine with some slots; jobs that began are in `begun`."""

    def __init__(self, slots: int = 1, **settings: object):
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        limits = replace(read({}), **settings)
        estimate = Estimate(images, lambda: slots)
        self.scheduler = Scheduler(limits, lambda: slots, estimate, self._cancel)

    def _cancel(self, one: Job) -> None:
        self.cancelled.append(one.name)
        one.end()
        self.scheduler.end(one)

    def add(self, name: str, session: str = "", lanes: int = 1, **settings: object) -> Job:
        one = job(name, **settings)

        def begin() -> None:
            self.begun.append(name)
            self.scheduler.set_tasks_left(one, lanes)

        self.scheduler.check(session)
        self.scheduler.add(one, session, begin)
        return one

    def end(self, one: Job) -> None:
        one.add_final([Record(0, finished=True)])
        one.end()
        self.scheduler.end(one)


def test_as_many_jobs_begin_as_there_are_slots():
    machine = Machine(slots=2)
    first, second = machine.add("1"), machine.add("2")
    third = machine.add("3", lanes=2)
    assert machine.begun == ["1", "2"]
    assert (machine.scheduler.place(first), machine.scheduler.place(third).before) == (None, 0)
    machine.end(second)
    assert machine.begun == ["1", "2", "3"]
    machine.add("4")
    machine.scheduler.set_tasks_left(third, 1)  # still two in use
    assert machine.begun == ["1", "2", "3"]
    machine.end(first)
    assert machine.begun == ["1", "2", "3", "4"]


def test_one_sweep_runs_beside_the_experiments():
    machine = Machine()
    sweep = machine.add("sweep", live=False)
    machine.add("another", live=False)
    machine.add("experiment")
    assert machine.begun == ["sweep", "experiment"]
    machine.end(sweep)
    assert machine.begun == ["sweep", "experiment", "another"]


def test_estimated_wait_grows_with_jobs_before():
    machine = Machine()
    machine.add("1")
    second = machine.add("2", session="b")
    third = machine.add("3", session="c", network=Network(hidden=(1024, 1024)))
    fourth = machine.add("4", session="d")
    places = [machine.scheduler.place(one) for one in (second, third, fourth)]
    assert [one.before for one in places] == [0, 1, 2]
    first, small, large = np.diff([0.0, *(one.seconds for one in places)])
    assert 0 < first == pytest.approx(small)
    assert large > 1.5 * small  # the large network is before the last


def test_expected_time_of_new_runs_includes_the_jobs_before_them():
    machine, runs = Machine(), job("new").runs
    alone = machine.scheduler.expected(runs, live=True)
    machine.add("1")
    machine.add("2", session="b")
    behind = machine.scheduler.expected(runs, live=True)
    assert (alone.before, behind.before) == (0, 2)
    assert behind.seconds == pytest.approx(3 * alone.seconds)
    machine.add("sweep", live=False, network=Network((512,) * 5))
    assert machine.scheduler.expected(runs, live=True).before == 2, "experiments go before sweeps"
    assert machine.scheduler.expected(runs, live=False).before == 3


def test_limits_of_a_session_and_of_the_queue_are_explained():
    machine = Machine(session_runs=2, queue=2)
    first = machine.add("1", "ann")
    machine.add("2", "ann")
    with pytest.raises(EngineError, match=r"^You can have 2 experiments .*, and you have 2\. Wait until"):
        machine.add("3", "ann")
    machine.add("4", "ben")
    with pytest.raises(EngineError, match=r"^The queue is full with 2 experiments\. Try again"):
        machine.add("5", "cam")
    machine.end(first)  # the second of ann's begins, so there is room for one
    machine.add("6", "ann")
    assert machine.begun == ["1", "2"]


def test_job_ends_when_its_last_session_leaves():
    machine = Machine()
    running, waiting = machine.add("1", "ann"), machine.add("2", "ann")
    machine.scheduler.join(running, "ben")
    machine.scheduler.join(waiting, "ben")
    assert (machine.scheduler.others(running, "ann"), machine.scheduler.leave(running, "ann")) == (1, 1)
    assert machine.scheduler.leave(waiting, "ann") == 1
    assert machine.scheduler.place(waiting).before == 0  # ben still waits for it
    assert machine.scheduler.leave(waiting, "ben") == 0
    assert (machine.scheduler.drop(waiting), machine.scheduler.drop(running)) == (True, False)
    machine.end(running)
    assert machine.begun == ["1"]


def test_job_of_disconnected_sessions_does_not_begin():
    machine, here = Machine(), {"ann", "ben"}
    machine.scheduler.present = here.__contains__
    running = machine.add("1", "ann")
    machine.add("2", "ann")
    machine.add("3", "ben")
    machine.scheduler.join(running, "cam")  # is not connected
    assert machine.scheduler.others(running, "ann") == 0
    here.remove("ann")
    machine.end(running)
    assert (machine.cancelled, machine.begun) == (["2"], ["1", "3"])


def test_many_cancelled_jobs_do_not_overflow_the_stack(caplog):
    machine = Machine(queue=501)
    machine.scheduler.present = lambda session: False
    running = machine.add("1")
    for number in range(500):
        machine.add(f"gone {number}", f"{number}")
    machine.end(running)
    assert (len(machine.cancelled), caplog.text) == (500, "")


def test_concurrent_threads_begin_each_job_once():
    machine = Machine(slots=3, queue=10_000, session_runs=1000)
    jobs: list[Job] = []

    def come(who: int) -> None:
        jobs.extend(machine.add(f"{who} {number}", f"{who}") for number in range(50))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come, range(4)))
    by_name, ended = {one.name: one for one in jobs}, 0
    while ended < len(machine.begun):
        machine.end(by_name[machine.begun[ended]])
        ended += 1
    assert sorted(machine.begun) == sorted(by_name)
