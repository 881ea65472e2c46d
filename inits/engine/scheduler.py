"""Whose training begins when: as many at once as there is room for, in the order of a fair queue."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from itertools import takewhile

from inits.engine.jobs import Job
from inits.engine.queue import Estimate, Place, Queue
from inits.errors import EngineError
from inits.settings import Settings
from inits.text import counted

log = logging.getLogger(__name__)


class Turns:
    """Jobs that wait and jobs whose turn it is.

    `slots` says how many trainings run at once, `images` how many make an epoch of MNIST, `give_up` ends a job that
    nobody waits for any more. `present` says whether a session is still there; the session "" always is.
    """

    def __init__(
        self,
        settings: Settings,
        slots: Callable[[], int],
        images: Callable[[], int],
        give_up: Callable[[Job], None],
    ):
        self.present: Callable[[str], bool] = lambda session: True
        self._settings, self._slots, self._images, self._give_up = settings, slots, images, give_up
        self._queue, self._estimate = Queue(), Estimate()
        self._active: dict[Job, int] = {}  # with the number of their lanes that are not over
        self._begins: dict[Job, Callable[[], None]] = {}  # of those that wait
        self._going = False  # a thread begins jobs
        self._lock = threading.Lock()

    def check(self, session: str) -> None:
        """Raise EngineError when the session, or all together, have asked for too much already."""
        with self._lock:
            jobs = [*self._begins, *self._active]
            mine = sum(session in job.wanted for job in jobs)
            if session and mine >= self._settings.session_runs:
                raise EngineError(
                    f"One person may have {counted(self._settings.session_runs, 'experiment')} running or waiting "
                    f"here. You have {mine}. Wait until one is over, or stop it."
                )
            if len(self._queue) >= self._settings.queue:
                raise EngineError(
                    f"The queue is full. It holds {counted(len(self._queue), 'experiment')}. Try again in a minute."
                )

    def add(self, job: Job, session: str, begin: Callable[[], None]) -> None:
        """A job that waits for its turn; then `begin` is called, and from there on `lanes` and `over` must be."""
        with self._lock:
            self._begins[job] = begin
            job.wanted.add(session)
            self._queue.add(job, session)
        self._go_on()

    def lanes(self, job: Job, left: int) -> None:
        """So many lanes of a job whose turn it is are not over."""
        with self._lock:
            if job in self._active:
                self._active[job] = left
        self._go_on()

    def over(self, job: Job) -> None:
        """A job has ended."""
        with self._lock:
            began = self._active.pop(job, None) is not None
            if began and not (job.failed or job.stopped):
                fresh = [run for number, run in enumerate(job.runs) if number not in job.kept]
                self._estimate.learn(fresh, self._images(), self._slots(), job.seconds)
        self._go_on()

    def join(self, job: Job, session: str) -> None:
        """A session wants a job too: it does not end while anybody does."""
        with self._lock:
            if not job.over.is_set():
                job.wanted.add(session)
                if job in self._begins:
                    self._queue.add(job, session)

    def leave(self, job: Job, session: str) -> int:
        """A session wants a job no more. Returns how many others do."""
        with self._lock:
            job.wanted.discard(session)
            self._queue.leave(job, session)
        return self.others(job, session)

    def others(self, job: Job, session: str) -> int:
        """How many more sessions want a job."""
        with self._lock:
            return sum(map(self._is_present, job.wanted - {session}))

    def drop(self, job: Job) -> bool:
        """Take a job out of the queue. Returns whether it was there."""
        with self._lock:
            self._queue.drop(job)
            return self._begins.pop(job, None) is not None

    def place(self, job: Job) -> Place | None:
        """Where a job stands that waits for its turn; None when it does not wait."""
        with self._lock:
            if job not in self._begins:
                return None
            before = list(takewhile(lambda other: other is not job, (one for _, one in self._queue.order())))
            active = [one for one in self._active if one.plan.live or not job.plan.live]
        return Place(len(before), sum(map(self._seconds_left, [*active, *before])))

    def _seconds_left(self, job: Job) -> float:
        """Until a job is over, once it is its turn."""
        left = [(run, record) for run, record in zip(job.runs, job.records, strict=True) if not record.over]
        seconds = self._estimate.seconds((run for run, _ in left), self._images(), self._slots())
        steps = sum(record.steps for _, record in left)
        return seconds * (1 - sum(record.done for _, record in left) / steps if steps else 1)

    def _is_present(self, session: str) -> bool:
        return session == "" or self.present(session)

    def _fits(self, job: Job) -> bool:
        """Whether a job may begin: an experiment when a slot is free, one sweep beside all experiments."""
        if not job.plan.live:
            return all(active.plan.live for active in self._active)
        return sum(left for active, left in self._active.items() if active.plan.live) < self._slots()

    def _go_on(self) -> None:
        """Begin what waits, for as long as there is room. One thread does it for all."""
        with self._lock:
            if self._going:
                return
            self._going = True
        while begin := self._next():
            try:
                begin()
            except Exception:
                log.exception("A job could not begin")

    def _next(self) -> Callable[[], None] | None:
        """What begins the next job; None when there is no more to do now."""
        with self._lock:
            job = self._queue.take(self._fits)
            if job is None:
                self._going = False
                return None
            begin = self._begins.pop(job)
            if not any(map(self._is_present, job.wanted)):
                return partial(self._give_up, job)
            self._active[job] = self._slots()
            return begin
