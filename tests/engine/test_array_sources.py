"""Arrays of pasted code and files: requests to a sandbox, in which nothing runs, and its results."""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError

import numpy as np
import pytest

from inits.engine.array_sources import MAX_WEIGHTS, ArraySources, check_size, needs_arrays
from inits.engine.jobs import Job
from inits.errors import InitsError, SpecError
from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.initializers.spec import InitializerSpec
from inits.sandbox.request_queue import Request
from inits.sandbox.results import CodeError, Result
from inits.sandbox.wire import Array
from inits.seeds import derive_seed

NET = Network((16, 4))
SHAPES = ((784, 16), (16, 4), (4, 10))
MINE = Start(PastedSpec("mine", "mine = keras.initializers.HeNormal()"))
OTHER = Start(PastedSpec("other", "other = keras.initializers.HeNormal()"))
HE = Start(InitializerSpec("HeNormal"))
PLAN = Experiment((MINE, HE, OTHER), NET, seeds=(3, 4))
RUNS = list(enumerate(PLAN.runs))
BROKEN = "mine: line 1: ZeroDivisionError: division by zero"


def seeds_as_arrays(request: Request) -> Result:
    """For every shape an array that is full of its seed."""
    shapes = [one for round_ in request.rounds for one in round_]
    values = [np.full(shape, seed, np.float32) for shape, seed in shapes]
    return Result(tuple(Array(each.shape, each.shape, "float32", each) for each in values))


class FakeSandbox:
    """A sandbox whose results come at once, or never where `answer` returns None."""

    def __init__(self, answer: Callable[[Request], Result | None] = seeds_as_arrays):
        self.answer, self.requests, self.cancelled = answer, [], []

    def submit(self, code, rounds, session="", jailed=True) -> Request:
        request = Request(code, tuple(rounds), session, jailed)
        self.requests.append(request)
        if (result := self.answer(request)) is not None:
            request.finish(result)
        return request

    def cancel(self, request: Request) -> None:
        self.cancelled.append(request)


def fails(request: Request) -> Result:
    if "mine" in request.code:
        return Result(error=CodeError("division by zero", "ZeroDivisionError", ((1, "<module>"),)))
    return seeds_as_arrays(request)


def run_of(start: Start) -> Run:
    (run,) = Experiment((start,), NET, seeds=(3,)).runs
    return run


def full_of_seeds(kernels: list[np.ndarray], seed: int) -> None:
    for layer, (kernel, shape) in enumerate(zip(kernels, SHAPES, strict=False)):
        np.testing.assert_array_equal(kernel, np.full(shape, derive_seed(seed, "kernel", layer), np.float32))


def draw(sandbox: FakeSandbox, job: Job | None = None, runs=RUNS, jailed: bool = True):
    return ArraySources(sandbox, None).draw(job or Job(PLAN, "job"), runs, jailed)


@pytest.mark.parametrize("layers", [1, None])
def test_request_waits_for_code_and_has_its_kernels(layers):
    sandbox = FakeSandbox(lambda request: None)
    future = ArraySources(sandbox, None).request(MINE, NET, 3, layers=layers, session="ann", jailed=False)
    (request,) = sandbox.requests
    assert (future.done(), request.session, request.jailed) == (False, "ann", False)
    request.finish(seeds_as_arrays(request))
    arrays = future.result(0)
    assert arrays[1::2] == [None] * (layers or 3)  # biases: Keras draws them
    full_of_seeds(arrays[::2], 3)


def test_cancelled_request_ends_its_code():
    sandbox = FakeSandbox(lambda request: None)
    future = ArraySources(sandbox, None).request(MINE, NET, 3)
    assert future.cancel()
    assert sandbox.cancelled == sandbox.requests
    sandbox.requests[0].finish(Result(error=CodeError("Stopped.", ours=True)))
    with pytest.raises(CancelledError):
        future.result(0)


@pytest.mark.parametrize("jailed", [True, False])
def test_every_pasted_run_of_a_job_is_requested_once(jailed):
    """With the seeds of its layers, in one session, jailed as wanted."""
    sandbox = FakeSandbox()
    drawn, failed = draw(sandbox, jailed=jailed)
    pasted = [(number, run) for number, run in RUNS if needs_arrays(run)]
    assert (list(drawn), failed) == ([0, 2, 3, 5], [])
    assert ArraySources(sandbox, None).request(HE, NET, 3).result(0) == ()
    for request, (number, run) in zip(sandbox.requests, pasted, strict=True):
        seeds = [derive_seed(run.seed, "kernel", layer) for layer in range(3)]
        assert request.rounds == (tuple(zip(SHAPES, seeds, strict=True)),)
        assert (request.code, request.session, request.jailed) == (run.start.kernel.source, "job", jailed)
        full_of_seeds(drawn[number][::2], run.seed)


def refuse(request: Request) -> Result:
    raise SpecError("Code can be asked for less.")


@pytest.mark.parametrize(
    ("answer", "drawn", "errors"),
    [
        (fails, [2, 5], {0: BROKEN, 3: BROKEN}),
        (refuse, [], dict.fromkeys((0, 2, 3, 5), "Code can be asked for less.")),
    ],
)
def test_code_that_fails_or_is_refused_is_an_error_of_its_run(answer, drawn, errors):
    found, failed = draw(FakeSandbox(answer))
    assert (list(found), {one.run: one.error for one in failed}) == (drawn, errors)
    assert not any(one.stopped for one in failed)


def test_stopped_runs_are_not_drawn():
    job = Job(PLAN, "job")

    def stop(request: Request) -> Result:
        job.stopping = frozenset({2, 5})
        return seeds_as_arrays(request)

    sandbox = FakeSandbox(stop)
    drawn, failed = draw(sandbox, job)
    assert (list(drawn), len(sandbox.requests)) == ([0, 3], 2)
    assert [(one.run, one.stopped, one.error) for one in failed] == [(2, True, None), (5, True, None)]


def test_running_code_of_a_stopped_run_is_cancelled():
    job = Job(PLAN, "job")

    def stop(request: Request) -> None:
        threading.Timer(0.01, lambda: setattr(job, "stopping", frozenset({0}))).start()

    sandbox = FakeSandbox(stop)
    drawn, failed = draw(sandbox, job, RUNS[:1])
    assert (drawn, [(one.run, one.stopped) for one in failed]) == ({}, [(0, True)])
    assert sandbox.cancelled == sandbox.requests


@pytest.mark.parametrize("jailed", [True, False])
def test_redraw_returns_what_code_draws_twice_alike(jailed):
    sandbox = FakeSandbox()
    arrays = ArraySources(sandbox, None).redraw(run_of(MINE), jailed)
    (request,) = sandbox.requests
    first, second = request.rounds
    assert (first, request.jailed) == (second, jailed)
    full_of_seeds(arrays[::2], 3)


def unlike(place: int) -> Callable[[Request], Result]:
    def answer(request: Request) -> Result:
        result = seeds_as_arrays(request)
        result.arrays[3 + place].flat[-1] = 0.5
        return result

    return answer


UNSEEDED = "mine draws different weights each time.*they are seeded"


@pytest.mark.parametrize(
    ("answer", "why"), [(fails, BROKEN), *((unlike(place), UNSEEDED) for place in range(3))]
)
def test_redraw_refuses_code_that_fails_or_draws_one_number_differently(answer, why):
    with pytest.raises(InitsError, match=why):
        ArraySources(FakeSandbox(answer), None).redraw(run_of(MINE), jailed=True)


def test_too_many_weights_are_refused():
    wide = Network((1024,) * 20)
    few, many = (Experiment((MINE,), wide, seeds=tuple(range(seeds))) for seeds in (1, 2))
    each = 785 * 1024 + 19 * 1025 * 1024 + 1025 * 10
    assert each < MAX_WEIGHTS < 2 * each
    check_size(few.runs)
    with pytest.raises(SpecError, match=r"40,000,000 weights .*, but got 41,512,980"):
        check_size(many.runs)
    check_size(Experiment((HE,), wide, seeds=(1, 2)).runs)
