"""The kernels of starts that are pasted code, drawn in the jail before the compute process needs them."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from inits.errors import InitsError, SpecError
from inits.experiment import Run
from inits.jobs import Job
from inits.pasted import PastedSpec
from inits.record import Checkpoint, FloatArray, Record
from inits.sandbox.client import Sandbox, round_of
from inits.sandbox.results import Result

POLL = 0.1  # seconds between two looks at whether it was stopped
MOST_WEIGHTS = 40_000_000  # of pasted code in one plan: they are all in memory while it waits


def is_pasted(run: Run) -> bool:
    return isinstance(run.start.kernel, PastedSpec)


def check_size(runs: Iterable[Run]) -> None:
    """Raise SpecError when pasted code would have to draw more than can be held."""
    weights = sum(run.architecture.parameters for run in runs if is_pasted(run))
    if weights > MOST_WEIGHTS:
        raise SpecError(
            f"Your own code can start {MOST_WEIGHTS:,} weights in one experiment. Received {weights:,}: "
            "take fewer seeds or a smaller network."
        )


def draw_all(
    sandbox: Sandbox, job: Job, runs: Sequence[tuple[int, Run]], jailed: bool
) -> tuple[dict[int, list[FloatArray]], list[Record]]:
    """The kernels of numbered runs, and the final records of those that gave none: stopped, or with the reason."""
    drawn: dict[int, list[FloatArray]] = {}
    without: list[Record] = []
    for number, run in runs:
        found = _draw(sandbox, job, number, run, jailed)
        if isinstance(found, Record):
            without.append(found)
        else:
            drawn[number] = found
    return drawn, without


def _draw(sandbox: Sandbox, job: Job, number: int, run: Run, jailed: bool) -> list[FloatArray] | Record:
    def stopped() -> bool:
        return number in job.stopping

    try:
        result = None if stopped() else _ask(sandbox, run, 1, job.name, jailed, stopped)
        return Record(number, stopped=True) if result is None or stopped() else kernels(run, result)
    except InitsError as error:
        return Record(number, error=str(error))


def draw_again(
    sandbox: Sandbox, run: Run, jailed: bool, before: Sequence[Checkpoint] = ()
) -> list[FloatArray]:
    """The kernels of a run that was trained before, whose checkpoints were `before`.

    Raises InitsError when the code draws others each time.
    """
    found = kernels(run, _ask(sandbox, run, 2, f"again {run.key}", jailed))
    half = len(found) // 2
    same = all(np.array_equal(a, b) for a, b in zip(found[:half], found[half:], strict=True))
    ends = np.array([(kernel.min(), kernel.max()) for kernel in found[:half]])
    if not same or (before and not np.array_equal(ends, before[0].edges)):
        raise InitsError(
            f"{run.start.kernel.label} draws other weights each time, so this run cannot be made again. "
            "Draw with np.random, keras.random or tf.random: they are seeded."
        )
    return found[:half]


def _ask(
    sandbox: Sandbox,
    run: Run,
    rounds: int,
    session: str,
    jailed: bool,
    stopped: Callable[[], bool] = lambda: False,
) -> Result:
    assert isinstance(run.start.kernel, PastedSpec)
    one = round_of(run.architecture.kernel_shapes, run.seed)
    request = sandbox.submit(run.start.kernel.source, [one] * rounds, session, jailed)
    while (result := request.wait(POLL)) is None:
        if stopped():
            sandbox.cancel(request)
    return result


def kernels(run: Run, result: Result) -> list[FloatArray]:
    """The arrays of a result. Raises InitsError with what went wrong, and where."""
    if result.error is not None:
        raise InitsError(f"{run.start.kernel.label}: {result.error}")
    return result.arrays
