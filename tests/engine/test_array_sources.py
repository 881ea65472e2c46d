"""What pasted code and files give: what is asked of the sandbox, and what becomes of its answers. Nothing is run."""

from collections.abc import Callable

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
PASTED = [(number, run) for number, run in enumerate(PLAN.runs) if needs_arrays(run)]


def arrays(request: Request) -> Result:
    """For every shape an array that is full of its seed."""
    asked = [one for round_ in request.rounds for one in round_]
    values = [np.full(shape, seed, np.float32) for shape, seed in asked]
    return Result(tuple(Array(each.shape, each.shape, "float32", each) for each in values))


class Fake:
    """A sandbox that answers at once."""

    def __init__(self, answer: Callable[[Request], Result] = arrays):
        self.answer, self.requests = answer, []

    def submit(self, code, rounds, session="", jailed=True) -> Request:
        request = Request(code, tuple(rounds), session, jailed)
        self.requests.append(request)
        request.result = self.answer(request)
        request.done.set()
        return request


def fails(request: Request) -> Result:
    if "mine" in request.code:
        return Result(error=CodeError("division by zero", "ZeroDivisionError", ((1, "<module>"),)))
    return arrays(request)


def run_of(start: Start, seed: int = 3) -> Run:
    (run,) = Experiment((start,), NET, seeds=(seed,)).runs
    return run


def test_pasted_runs_are_told_from_those_of_keras():
    assert [number for number, _ in PASTED] == [0, 2, 3, 5]


def test_every_pasted_run_asks_once_with_the_seeds_of_its_layers():
    sandbox, job = Fake(), Job(PLAN, "job")
    drawn, without = ArraySources(sandbox, None).draw(job, PASTED, jailed=True)
    assert (list(drawn), without) == ([0, 2, 3, 5], [])
    for request, (number, run) in zip(sandbox.requests, PASTED, strict=True):
        seeds = [derive_seed(run.seed, "kernel", layer) for layer in range(3)]
        assert request.rounds == (tuple(zip(SHAPES, seeds, strict=True)),)
        assert request.code == run.start.kernel.source
        assert drawn[number][1::2] == [None] * 3
        for kernel, shape, seed in zip(drawn[number][::2], SHAPES, seeds, strict=True):
            np.testing.assert_array_equal(kernel, np.full(shape, seed, np.float32))


@pytest.mark.parametrize("jailed", [True, False])
def test_a_job_is_one_in_the_queue_and_jailed_as_it_was_asked_for(jailed):
    sandbox = Fake()
    ArraySources(sandbox, None).draw(Job(PLAN, "job 7"), PASTED, jailed)
    ArraySources(sandbox, None).redraw(run_of(MINE), jailed)
    assert {request.jailed for request in sandbox.requests} == {jailed}
    first, again = {one.session for one in sandbox.requests[:4]}, sandbox.requests[4].session
    assert first == {"job 7"}
    assert again not in first


def test_code_that_fails_says_so_and_the_others_are_drawn():
    drawn, without = ArraySources(Fake(fails), None).draw(Job(PLAN, "job"), PASTED, jailed=True)
    assert list(drawn) == [2, 5]
    words = "mine: line 1: ZeroDivisionError: division by zero"
    assert [(one.run, one.error, one.stopped) for one in without] == [(0, words, False), (3, words, False)]


def test_a_sandbox_that_refuses_is_an_error_of_the_run():
    def refuse(request: Request) -> Result:
        raise SpecError("Code can be asked for less.")

    drawn, without = ArraySources(Fake(refuse), None).draw(Job(PLAN, "job"), PASTED[:1], jailed=True)
    assert (drawn, [one.error for one in without]) == ({}, ["Code can be asked for less."])


def test_stopped_runs_are_not_drawn():
    job = Job(PLAN, "job")

    def stop(request: Request) -> Result:
        job.stopping = frozenset({2, 5})
        return arrays(request)

    sandbox = Fake(stop)
    drawn, without = ArraySources(sandbox, None).draw(job, PASTED, jailed=True)
    assert list(drawn) == [0, 3]
    assert [(one.run, one.stopped, one.error) for one in without] == [(2, True, None), (5, True, None)]
    assert len(sandbox.requests) == 2


def test_what_draws_the_same_again_is_given():
    sandbox = Fake()
    kernels = ArraySources(sandbox, None).redraw(run_of(MINE), jailed=True)
    (request,) = sandbox.requests
    assert len(request.rounds) == 2
    assert request.rounds[0] == request.rounds[1]
    for layer, (kernel, shape) in enumerate(zip(kernels[::2], SHAPES, strict=True)):
        np.testing.assert_array_equal(kernel, np.full(shape, derive_seed(3, "kernel", layer), np.float32))


@pytest.mark.parametrize("place", range(3))
def test_what_differs_in_one_number_is_refused(place):
    def unlike(request: Request) -> Result:
        result = arrays(request)
        result.arrays[3 + place].flat[-1] = 0.5
        return result

    with pytest.raises(InitsError, match="mine draws different weights each time") as caught:
        ArraySources(Fake(unlike), None).redraw(run_of(MINE), jailed=True)
    assert "they are seeded" in str(caught.value)


def test_what_fails_again_is_an_error_with_its_line():
    with pytest.raises(InitsError, match="mine: line 1: ZeroDivisionError: division by zero"):
        ArraySources(Fake(fails), None).redraw(run_of(MINE), jailed=True)


def test_too_many_weights_are_refused_before_anything_is_drawn():
    wide = Network((1024,) * 20)
    few, many = (Experiment((MINE,), wide, seeds=tuple(range(seeds))) for seeds in (1, 2))
    each = 785 * 1024 + 19 * 1025 * 1024 + 1025 * 10
    assert each < MAX_WEIGHTS < 2 * each
    check_size(few.runs)
    with pytest.raises(SpecError, match=r"40,000,000 weights .*, but got 41,512,980"):
        check_size(many.runs)
    check_size(Experiment((HE,), wide, seeds=(1, 2)).runs)
