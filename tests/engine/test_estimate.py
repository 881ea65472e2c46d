"""The expected duration of trainings: the costs of networks, what is learned from tasks, and the time left."""

import json
from dataclasses import replace

import numpy as np
import pytest

from inits.engine.cost import MAX_NETWORKS, Correction, cost
from inits.engine.estimate import Estimate
from inits.engine.jobs import Job, split_into_tasks
from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.network import Network
from inits.experiments.record import Frame, Record
from inits.experiments.sweep import Sweep, depths, grid
from inits.experiments.weight_source import LsuvSpec
from inits.initializers.spec import InitializerSpec, OptimizerSpec

HE = Start(InitializerSpec("HeNormal"))
STEPS = 100  # of the fake epochs
IMAGES = {"mnist": 60_000, "digits": 12_000}


def estimate(slots: int = 1, folder=None) -> Estimate:
    return Estimate(IMAGES.__getitem__, lambda: slots, folder)


def run(depth: int = 1, width: int = 128, **settings: object) -> Run:
    return Experiment((HE,), Network((width,) * depth), **settings).runs[0]


@pytest.mark.parametrize(
    (
        "one",
        "compiling",
        "training",
    ),  # seconds of processor time, measured on the machine of docs/BENCHMARKS.md
    [
        (run(), 0.95, 0.47),
        (run(50, 32), 3.52, 1.06),
        (run(6), 1.14, 0.86),
        (run(4, 512), 1.12, 5.9),
        (run(20, 256), 1.87, 6.9),
        (run(3, batch_size=16), 1.01, 0.69),
        (run(3, batch_size=1024), 1.04, 0.53),
        (run(10, 64, optimizer=OptimizerSpec.parse("Adam(0.001)")), 2.12, 0.75),
    ],
)
def test_costs_follow_measurements(one, compiling, training):
    found = cost(one, 60_000)
    assert found.compiling == pytest.approx(compiling, rel=0.25)
    assert found.epoch == pytest.approx(training, rel=0.25)


def test_orthogonal_draws_of_wide_layers_take_time():
    wide = run(8, 1024)
    for start in (Start(InitializerSpec("Orthogonal")), Start(LsuvSpec())):
        assert cost(replace(wide, start=start), 12_000).epoch > 1.5 + cost(wide, 12_000).epoch


def test_new_runs_are_compiled_once_a_task_and_spread_over_the_slots():
    runs = [replace(run(5, 64), seed=seed) for seed in range(6)]
    compiling, epoch = cost(runs[0], 60_000)
    assert estimate().seconds(runs) == pytest.approx(compiling + 6 * epoch)
    assert estimate(slots=2).seconds(runs) == pytest.approx(compiling + 3 * epoch)
    assert estimate(slots=6).seconds(runs) == pytest.approx(compiling + epoch)
    assert estimate().seconds([run()]) == pytest.approx(cost(run(), 60_000).epoch), "compiled at the start"
    assert estimate().seconds([]) == 0


class Fake:
    """A job whose tasks take `slow` times as long as expected, with a clock that is moved by hand."""

    def __init__(self, plan, slots: int = 1, slow: float = 1.0, compile_slow: float = 1.0):
        self.plan, self.slow, self.compile_slow = plan, slow, compile_slow
        self.job = Job(plan, "job")
        tasks = split_into_tasks(list(enumerate(plan.runs)), slots)
        self.job.add_tasks({str(i): task for i, task in enumerate(tasks)})
        self.tasks = list(self.job.tasks.values())

    def at(self, now: float, slots: int = 1) -> None:
        """Bring the job to where it is at a time: tasks of one slot after the other."""
        free = [0.0] * slots
        for task in self.tasks:
            one = cost(task.runs[0][1], 60_000)
            slot = int(np.argmin(free))
            began = free[slot]
            ready = began + one.compiling * self.compile_slow
            epochs = [cost(run, 60_000).epoch * self.slow for _, run in task.runs]
            free[slot] = ready + sum(epochs)
            task.began = began if began <= now else None
            task.ready, task.compiled = (ready, True) if ready <= now else (None, False)
            self._train(task, ready, epochs, now)

    def _train(self, task, ready: float, epochs: list[float], now: float) -> None:
        if ready > now:
            return
        began, latest = ready, ready
        for (number, _), seconds in zip(task.runs, epochs, strict=True):
            done = min(1.0, max(0.0, (now - began) / seconds))
            over = done == 1.0
            if over and not self.job.records[number].over:
                zeros = np.zeros(STEPS, np.float32)
                self.job.add_final([Record(number, STEPS, 60_000, zeros, zeros, finished=True)])
            elif self.plan.live and not over:
                zeros = np.zeros(int(STEPS * done), np.float32)
                self.job.take(Frame(number, STEPS, 60_000, zeros, zeros), at=0)
            latest = began + seconds * (done if over or self.plan.live else 0) if done else latest
            began += seconds
        task.latest = latest
        task.ended = latest if now >= began else None

    def whole(self, slots: int = 1) -> float:
        self.at(1e9, slots)
        return max(task.ended for task in self.tasks)


DEEP = Experiment((HE,), Network((128,) * 20), seeds=(0, 1, 2, 3))
GRID = Sweep("stddev", grid(0.01, 1.0, 6), "depth", depths(10), dataset="mnist")


@pytest.mark.parametrize("plan", [DEEP, GRID], ids=["experiment", "sweep"])
@pytest.mark.parametrize("slots", [1, 2])
@pytest.mark.parametrize("slow", [(1.0, 1.0), (4.0, 4.0), (0.4, 0.4), (4.0, 2.0)])
def test_time_left_follows_the_speed_of_the_job(plan, slots, slow):
    whole = Fake(plan, slots, *slow).whole(slots)
    guess, fake = estimate(slots), Fake(plan, slots, *slow)
    compiled = 0.4 if plan.live else 0.2  # before, nothing can be known of the speed
    for share in np.linspace(compiled, 0.95, 6):
        now = share * whole
        fake.at(now, slots)
        assert guess.left(fake.job, now) == pytest.approx(whole - now, abs=0.15 * whole)
    fake.at(1e9, slots)
    assert guess.left(fake.job, whole) == 0


def test_compiling_longer_than_expected_never_promises_the_end():
    plan = Experiment((HE,), Network((32,) * 50))
    fake, guess = Fake(plan, compile_slow=10), estimate()
    compiling, epoch = cost(plan.runs[0], 60_000)
    fake.at(0.5 * compiling)
    assert guess.left(fake.job, 0.5 * compiling) == pytest.approx(0.5 * compiling + epoch)
    fake.at(5 * compiling)
    assert guess.left(fake.job, 5 * compiling) > epoch + 0.4 * compiling


def learned(guess: Estimate, plan, slow: float, compile_slow: float = 1.0) -> None:
    fake = Fake(plan, 1, slow, compile_slow)
    fake.at(1e9)
    for task in fake.tasks:
        guess.learn(fake.job, task)


def test_estimate_follows_what_this_server_measured():
    guess, one, other = estimate(), run(20), run(4, 512)
    before, other_before = guess.seconds([one]), guess.seconds([other])
    for seed in range(4):
        learned(guess, Experiment((HE,), one.network, seeds=(seed, seed + 100)), 6.0)
    compiling, epoch = cost(one, 60_000)
    assert guess.seconds([one]) == pytest.approx(6 * epoch, rel=0.15), "and it is compiled now"
    assert guess.seconds([other]) > 3 * other_before, "other networks are slow here too"
    for _ in range(6):
        learned(guess, Experiment((HE,), one.network, seeds=(0, 1)), 1.0)
    assert guess.seconds([one]) == pytest.approx(epoch, rel=0.2), "the load of the machine is over"
    assert before == pytest.approx(compiling + epoch)


def test_learned_speed_is_kept_for_the_next_start(tmp_path):
    folder = tmp_path / "cache"
    guess, one = estimate(folder=folder), run(20)
    fresh = guess.seconds([one])
    for _ in range(8):
        learned(guess, Experiment((HE,), Network((64,) * 3), seeds=tuple(range(8))), 3.0, compile_slow=3.0)
    guess.save()
    assert estimate(folder=folder).seconds([one]) == pytest.approx(3 * fresh, rel=0.25)
    assert estimate().seconds([one]) == fresh


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"epoch": null}', '{"epoch": 1e9}', '{"epoch": NaN}', "\0"]
)
def test_damaged_file_of_speeds_is_ignored(content, tmp_path):
    (tmp_path / "speed.json").write_text(content)
    assert estimate(folder=tmp_path).seconds([run(20)]) == estimate().seconds([run(20)])


def test_disk_that_fails_is_logged(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    estimate(folder=tmp_path / "file").save()
    assert "was not kept" in caplog.text
    guess = estimate(folder=tmp_path)
    guess.save()
    assert json.loads((tmp_path / "speed.json").read_text()) == {"compiling": 0.0, "epoch": 0.0}


def test_correction_forgets_the_kinds_used_least_recently():
    correction = Correction()
    for number in range(MAX_NETWORKS + 5):
        correction.learn((number,), 2.0, 1.0)
    correction.learn((0,), 0.0, 1.0)  # says nothing
    assert len(correction._kinds) == MAX_NETWORKS
    assert correction.factor(("new",)) == pytest.approx(2.0, rel=0.01)
