"""Arrays that Keras does not draw: those of pasted code, drawn in the jail, and those of weight files."""

from collections.abc import Iterable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inits.engine.jobs import Job, NumberedRuns
from inits.errors import InitsError, SpecError
from inits.experiments.experiment import Run, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.record import Checkpoint, FloatArray, InitialArrays, Record
from inits.sandbox.client import round_of
from inits.sandbox.request_queue import Request
from inits.sandbox.results import Result
from inits.sandbox.wire import Round
from inits.weightfiles import fitting
from inits.weightfiles.store import WeightStore

POLL = 0.1  # seconds between two checks whether a run was stopped
MAX_WEIGHTS = 40_000_000  # of such runs in one plan: all are in memory while it waits


class CodeRunner(Protocol):
    """Runs pasted code, as `inits.sandbox.client.Sandbox` does."""

    def submit(
        self, code: str, rounds: Sequence[Round], session: str = "", jailed: bool = True
    ) -> Request: ...

    def cancel(self, request: Request) -> None: ...


def needs_arrays(run: Run) -> bool:
    """Return True if a run begins with pasted code or a file."""
    return isinstance(run.start.kernel, PastedSpec | FileSpec)


def check_size(runs: Iterable[Run]) -> None:
    """Raise SpecError if code and files would have to start more weights than memory can hold."""
    weights = sum(run.network.parameters for run in runs if needs_arrays(run))
    if weights > MAX_WEIGHTS:
        raise SpecError(
            f"Code and files can start at most {MAX_WEIGHTS:,} weights in one experiment, but got {weights:,}. "
            "Use fewer seeds or a smaller network."
        )


@dataclass(frozen=True)
class ArraySources:
    """Pasted code and weight files as sources of arrays.

    Attributes:
        code: runs pasted code.
        files: the weight files of this server.
    """

    code: CodeRunner
    files: WeightStore

    def request(
        self,
        start: Start,
        network: Network,
        seed: int,
        *,
        layers: int | None = None,
        session: str = "",
        jailed: bool = True,
    ) -> Future[InitialArrays]:
        """Return the arrays that a start gives a network: kernel and bias in turn, None where Keras draws.

        The future holds () if Keras draws all. It fails with InitsError if the code fails or the file is gone.
        Cancelling it ends the code.

        Args:
            start: where the weights begin.
            network: the network.
            seed: of the run.
            layers: the number of layers that arrays are needed for; default: all.
            session: whose turn the code has to wait for.
            jailed: run the code in the jail.
        """
        future: Future[InitialArrays] = Future()
        try:
            if isinstance(start.kernel, FileSpec):
                arrays = fitting.fitted_arrays(start.kernel, network, seed, self.files)
                future.set_result(arrays[: None if layers is None else 2 * layers])
            elif isinstance(start.kernel, PastedSpec):
                kernels = round_of(network.kernel_shapes[:layers], seed)
                request = self.code.submit(start.kernel.source, [kernels], session, jailed)
                self._link(request, start.kernel, future)
            else:
                future.set_result(())
        except InitsError as error:
            future.set_exception(error)
        return future

    def _link(self, request: Request, spec: PastedSpec, future: Future[InitialArrays]) -> None:
        """Pass the end of a request on to its future, and a cancelled future on to its request."""

        def finish() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(_without_biases(_kernels(spec, request.result)))
            except Exception as error:
                future.set_exception(error)

        future.add_done_callback(lambda future: self.code.cancel(request) if future.cancelled() else None)
        request.when_done(finish)

    def draw(
        self, job: Job, runs: NumberedRuns, jailed: bool
    ) -> tuple[dict[int, InitialArrays], list[Record]]:
        """Return the arrays of all runs that need some, and a final record for each run that got none.

        Such a run was stopped, or its record has the error.
        """
        arrays: dict[int, InitialArrays] = {}
        failed: list[Record] = []
        for number, run in runs:
            if not needs_arrays(run):
                continue
            try:
                arrays[number] = self._draw_one(job, number, run, jailed)
            except CancelledError:
                failed.append(Record(number, stopped=True))
            except InitsError as error:
                failed.append(Record(number, error=str(error)))
        return arrays, failed

    def _draw_one(self, job: Job, number: int, run: Run, jailed: bool) -> InitialArrays:
        """Return the arrays of one run. Raises CancelledError once the run is stopped."""
        if number in job.stopping:
            raise CancelledError
        future = self.request(run.start, run.network, run.seed, session=job.name, jailed=jailed)
        while True:
            try:
                arrays = future.result(POLL)
            except TimeoutError:
                if number in job.stopping:
                    future.cancel()
                continue
            if number in job.stopping:
                raise CancelledError
            return arrays

    def redraw(self, run: Run, jailed: bool, checkpoints: Sequence[Checkpoint] = ()) -> InitialArrays:
        """Return the arrays of a run that was trained before; () if Keras draws all.

        Args:
            run: the run.
            jailed: run its code in the jail.
            checkpoints: what was measured when it was trained.

        Raises:
            InitsError: if the code draws different weights each time, or the file is gone.
        """
        if not isinstance(run.start.kernel, PastedSpec):
            return self.request(run.start, run.network, run.seed).result()
        kernels = round_of(run.network.kernel_shapes, run.seed)
        request = self.code.submit(run.start.kernel.source, [kernels] * 2, f"again {run.key}", jailed)
        result = request.wait()
        assert result is not None
        drawn = _kernels(run.start.kernel, result)
        half = len(drawn) // 2
        same = all(np.array_equal(a, b) for a, b in zip(drawn[:half], drawn[half:], strict=True))
        edges = np.array([(kernel.min(), kernel.max()) for kernel in drawn[:half]])
        if not same or (checkpoints and not np.array_equal(edges, checkpoints[0].edges)):
            raise InitsError(
                f"{run.start.kernel.label} draws different weights each time, so this run cannot be repeated. "
                "Draw with np.random, keras.random or tf.random: they are seeded."
            )
        return _without_biases(drawn[:half])


def _kernels(spec: PastedSpec, result: Result) -> list[FloatArray]:
    """Return the arrays of a result. Raises InitsError with the error and its line."""
    if result.error is not None:
        raise InitsError(f"{spec.label}: {result.error}")
    return result.arrays


def _without_biases(kernels: Sequence[FloatArray]) -> InitialArrays:
    """Return kernels, each followed by None for its bias, which Keras draws."""
    return [array for kernel in kernels for array in (kernel, None)]
