"""What runs begin with that the compute process cannot make by itself: pasted code, drawn in the jail, and files."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from inits.engine.jobs import Job
from inits.errors import InitsError, SpecError
from inits.experiments.experiment import Run
from inits.experiments.file_start import FileSpec
from inits.experiments.pasted import PastedSpec
from inits.experiments.record import Checkpoint, FloatArray, Given, Record
from inits.sandbox.client import Sandbox, round_of
from inits.sandbox.results import Result
from inits.weightfiles import fitting
from inits.weightfiles.store import WeightStore

POLL = 0.1  # seconds between two looks at whether it was stopped
MOST_WEIGHTS = 40_000_000  # of such runs in one plan: they are all in memory while it waits


def is_elsewhere(run: Run) -> bool:
    """Whether a run begins with pasted code or a file."""
    return isinstance(run.start.kernel, PastedSpec | FileSpec)


def check_size(runs: Iterable[Run]) -> None:
    """Raise SpecError when code and files would have to start more than can be held."""
    weights = sum(run.architecture.parameters for run in runs if is_elsewhere(run))
    if weights > MOST_WEIGHTS:
        raise SpecError(
            f"Code and files can start {MOST_WEIGHTS:,} weights in one experiment. Received {weights:,}: "
            "take fewer seeds or a smaller network."
        )


@dataclass(frozen=True)
class Elsewhere:
    """Where weights come from besides the initializers of Keras: the jail, and the weight files that are kept."""

    sandbox: Sandbox
    files: WeightStore

    def all(
        self, job: Job, runs: Sequence[tuple[int, Run]], jailed: bool
    ) -> tuple[dict[int, Given], list[Record]]:
        """The arrays of numbered runs that begin there, and the final records of those that got none.

        A run gets none when it is stopped before, or with the reason.
        """
        found: dict[int, Given] = {}
        without: list[Record] = []
        for number, run in runs:
            if not is_elsewhere(run):
                continue
            try:
                arrays = self._one(job, number, run, jailed)
                if arrays is None:
                    without.append(Record(number, stopped=True))
                else:
                    found[number] = arrays
            except InitsError as error:
                without.append(Record(number, error=str(error)))
        return found, without

    def _one(self, job: Job, number: int, run: Run, jailed: bool) -> Given | None:
        """None when it was stopped meanwhile."""

        def stopped() -> bool:
            return number in job.stopping

        if stopped():
            return None
        if isinstance(run.start.kernel, FileSpec):
            return self._from_file(run, run.start.kernel)
        result = self._ask(run, 1, job.name, jailed, stopped)
        return None if stopped() else _kernels_only(_kernels(run, result))

    def again(self, run: Run, jailed: bool, before: Sequence[Checkpoint] = ()) -> Given:
        """The arrays of a run that was trained before, whose checkpoints were `before`; () if Keras draws it all.

        Raises InitsError when the code draws others each time, or the file is gone.
        """
        if isinstance(run.start.kernel, FileSpec):
            return self._from_file(run, run.start.kernel)
        if not isinstance(run.start.kernel, PastedSpec):
            return ()
        found = _kernels(run, self._ask(run, 2, f"again {run.key}", jailed))
        half = len(found) // 2
        same = all(np.array_equal(a, b) for a, b in zip(found[:half], found[half:], strict=True))
        ends = np.array([(kernel.min(), kernel.max()) for kernel in found[:half]])
        if not same or (before and not np.array_equal(ends, before[0].edges)):
            raise InitsError(
                f"{run.start.kernel.label} draws other weights each time, so this run cannot be made again. "
                "Draw with np.random, keras.random or tf.random: they are seeded."
            )
        return _kernels_only(found[:half])

    def _from_file(self, run: Run, spec: FileSpec) -> Given:
        return fitting.given(spec, run.architecture, run.seed, self.files)

    def _ask(
        self, run: Run, rounds: int, session: str, jailed: bool, stopped: Callable[[], bool] = lambda: False
    ) -> Result:
        assert isinstance(run.start.kernel, PastedSpec)
        one = round_of(run.architecture.kernel_shapes, run.seed)
        request = self.sandbox.submit(run.start.kernel.source, [one] * rounds, session, jailed)
        while (result := request.wait(POLL)) is None:
            if stopped():
                self.sandbox.cancel(request)
        return result


def _kernels(run: Run, result: Result) -> list[FloatArray]:
    """The arrays of a result. Raises InitsError with what went wrong, and where."""
    if result.error is not None:
        raise InitsError(f"{run.start.kernel.label}: {result.error}")
    return result.arrays


def _kernels_only(kernels: Sequence[FloatArray]) -> Given:
    """Kernels with a place for each bias, which Keras draws."""
    return [array for kernel in kernels for array in (kernel, None)]
