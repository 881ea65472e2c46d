"""Training in the compute process: runs of one task, and reports to the web servers."""

import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping

from inits.engine.jobs import NumberedRuns
from inits.engine.worker_state import compiled_slots, is_stopped, load, memory_errors_explained
from inits.experiments.record import Frame, InitialArrays, Record

MAX_REPEATS = 1000  # jobs that are remembered as to be reported again

_repeats: OrderedDict[str, int] = OrderedDict()  # by job: how often its reports were asked for again


def train_runs(
    runs: NumberedRuns,
    arrays: Mapping[int, InitialArrays],
    live: bool,
    at_once: int,
    job: str,
    task: str,
    topic: str,
) -> list[Record]:
    """Train runs of one network in one slot. Final weights are not returned: `weights_file` makes them again.

    Args:
        runs: with their numbers in the job.
        arrays: by number, of runs that begin with pasted code or a file.
        live: report every frame, not only final records.
        at_once: number of runs that are trained side by side.
        job: name of the job.
        task: key of this task, which is reported when it begins.
        topic: of the reports.
    """
    from distributed import get_worker

    from inits.training.training import train

    worker = get_worker()
    reporter = Reporter(lambda **message: worker.log_event(topic, {"job": job, **message}), job, task, live)
    if all(is_stopped(job, number) for number, _ in runs):
        return [Record(number, stopped=True) for number, _ in runs]
    first = runs[0][1]
    with memory_errors_explained():
        data = load(first.dataset)
        with compiled_slots().borrow(first, data) as slot:
            reporter.ready(compiled=slot.uses == 1)
            return train(
                list(runs),
                data,
                slot,
                reporter.frame,
                lambda number: is_stopped(job, number),
                reporter.record,
                at_once,
                arrays,
            )


class Reporter:
    """Reports of one task: its begin, frames, records; and all of them again for a web server that comes later."""

    def __init__(self, send: Callable[..., None], job: str, task: str, live: bool):
        self._send, self._job, self._task, self._live = send, job, task, live
        self._frames: dict[int, list[Frame]] = {}  # of runs that are not over
        self._records: list[Record] = []
        self._repeats = _repeats.get(job, 0)
        self._compiled: bool | None = None  # as reported
        send(task=task)

    def ready(self, compiled: bool) -> None:
        """Report that the network can train, and whether it was compiled for this task."""
        self._compiled = compiled
        self._send(task=self._task, compiled=compiled)

    def frame(self, frame: Frame) -> None:
        """Report a frame, if the job is shown live."""
        self._repeat()
        if self._live:
            before = self._frames.setdefault(frame.run, [])
            self._send(frames=pickle.dumps([frame]), at=len(before))
            before.append(frame)

    def record(self, record: Record) -> None:
        """Report the final record of a run, without its weights."""
        self._repeat()
        record.weights = ()
        self._frames.pop(record.run, None)
        self._records.append(record)
        self._send(record=pickle.dumps(record))

    def _repeat(self) -> None:
        repeats = _repeats.get(self._job, 0)
        if repeats == self._repeats:
            return
        self._repeats = repeats
        self._send(task=self._task, compiled=self._compiled)
        for record in self._records:
            self._send(record=pickle.dumps(record))
        for frames in self._frames.values():
            self._send(frames=pickle.dumps(frames), at=0)


def repeat_reports(job: str) -> None:
    """Let the tasks of a job repeat all their reports. Called outside the queue of tasks, on every worker."""
    _repeats[job] = _repeats.get(job, 0) + 1
    while len(_repeats) > MAX_REPEATS:
        _repeats.popitem(last=False)
