"""The scheduler: begins jobs when there is room, in the order of a fair queue."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import takewhile

from inits.engine.estimate import Estimate
from inits.engine.jobs import Job
from inits.engine.queue import Expected, Place, Queue
from inits.errors import EngineError
from inits.experiments.experiment import Run
from inits.settings import Settings
from inits.text import counted

log = logging.getLogger(__name__)


class Scheduler:
    """Jobs that wait and jobs that run.

    Args:
        settings: have the limits of the queue.
        slots: returns the number of trainings that run at once.
        estimate: how long jobs take.
        cancel: ends a job that has not begun and that no session waits for any more.

    Attributes:
        present: returns True if a session is still connected. The session "" always is.
    """

    def __init__(
        self,
        settings: Settings,
        slots: Callable[[], int],
        estimate: Estimate,
        cancel: Callable[[Job], None],
    ):
        self.present: Callable[[str], bool] = lambda session: True
        self._settings, self._slots, self._cancel = settings, slots, cancel
        self._queue, self._estimate = Queue(), estimate
        self._active: dict[Job, int] = {}  # with the number of their tasks that are not over
        self._waiting: dict[Job, Callable[[], None]] = {}  # with what begins them
        self._beginning = False  # a thread begins jobs
        self._lock = threading.Lock()

    def check(self, session: str) -> None:
        """Raise EngineError if the session, or all sessions together, have too many jobs."""
        with self._lock:
            jobs = [*self._waiting, *self._active]
            own = sum(session in job.sessions for job in jobs)
            if session and own >= self._settings.session_runs:
                raise EngineError(
                    f"You can have {counted(self._settings.session_runs, 'experiment')} running or waiting at once, "
                    f"and you have {own}. Wait until one is over, or stop one."
                )
            if len(self._queue) >= self._settings.queue:
                raise EngineError(
                    f"The queue is full with {counted(len(self._queue), 'experiment')}. Try again in a minute."
                )

    def add(self, job: Job, session: str, begin: Callable[[], None]) -> None:
        """Put a job in the queue. `begin` is called at its turn; then `set_tasks_left` and `end` must be called."""
        with self._lock:
            self._waiting[job] = begin
            job.sessions.add(session)
            self._queue.add(job, session)
        self._begin_jobs()

    def set_tasks_left(self, job: Job, left: int) -> None:
        """Update the number of tasks of a running job that are not over."""
        with self._lock:
            if job in self._active:
                self._active[job] = left
        self._begin_jobs()

    def end(self, job: Job) -> None:
        """Remove a job that is over."""
        with self._lock:
            self._active.pop(job, None)
        self._begin_jobs()

    def join(self, job: Job, session: str) -> None:
        """Add a session to a job: the job goes on as long as any of its sessions is there."""
        with self._lock:
            if not job.over.is_set():
                job.sessions.add(session)
                if job in self._waiting:
                    self._queue.add(job, session)

    def leave(self, job: Job, session: str) -> int:
        """Remove a session from a job. Returns the number of other sessions."""
        with self._lock:
            job.sessions.discard(session)
            self._queue.leave(job, session)
        return self.others(job, session)

    def others(self, job: Job, session: str) -> int:
        """Return the number of other sessions that wait for a job or watch it."""
        with self._lock:
            return sum(map(self._is_present, job.sessions - {session}))

    def drop(self, job: Job) -> bool:
        """Remove a job from the queue. Returns True if it was there."""
        with self._lock:
            self._queue.drop(job)
            return self._waiting.pop(job, None) is not None

    def place(self, job: Job) -> Place | None:
        """Return the place of a job in the queue; None if it does not wait."""
        with self._lock:
            if job not in self._waiting:
                return None
            before = self._before(job.plan.live, job)
            active = len([one for one in before if one in self._active])
        free = self._estimate.free_after(before, time.monotonic())
        return Place(len(before) - active, min(free) if job.plan.live else max(free))

    def expected(self, runs: Iterable[Run], live: bool) -> Expected:
        """Return how long runs take that are added to the queue now."""
        with self._lock:
            before = self._before(live)
        return Expected(self._estimate.seconds_after(before, runs, time.monotonic()), len(before))

    def left(self, job: Job) -> float:
        """Return the seconds until a job is over that does not wait."""
        return self._estimate.left(job, time.monotonic())

    def _before(self, live: bool, job: Job | None = None) -> list[Job]:
        """Return the jobs that use the cores before a job, or before a new one: experiments go before sweeps."""
        waiting = takewhile(lambda other: other is not job, (one for _, one in self._queue.order()))
        return [one for one in [*self._active, *waiting] if one.plan.live or not live]

    def _is_present(self, session: str) -> bool:
        return session == "" or self.present(session)

    def _fits(self, job: Job) -> bool:
        """Return True if a job may begin: an experiment if a slot is free, one sweep beside all experiments."""
        if not job.plan.live:
            return all(active.plan.live for active in self._active)
        return sum(left for active, left in self._active.items() if active.plan.live) < self._slots()

    def _begin_jobs(self) -> None:
        """Begin waiting jobs as long as there is room. One thread does it for all."""
        with self._lock:
            if self._beginning:
                return
            self._beginning = True
        while begin := self._next():
            try:
                begin()
            except Exception:
                log.exception("A job could not begin")

    def _next(self) -> Callable[[], None] | None:
        """Return what begins the next job; None if there is no job or no room."""
        with self._lock:
            job = self._queue.take(self._fits)
            if job is None:
                self._beginning = False
                return None
            begin = self._waiting.pop(job)
            if not any(map(self._is_present, job.sessions)):
                return partial(self._cancel, job)
            self._active[job] = self._slots()
            return begin
