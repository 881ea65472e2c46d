"""The life of the processes for pasted code: when they start, when they start again, and when there is no jail."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from inits.errors import EngineError, InitsError
from inits.sandbox import canary
from inits.sandbox.plain_process import PlainProcess
from inits.sandbox.processes import Limits, Outcome, without_folders
from inits.sandbox.zygote_process import ZygoteProcess

log = logging.getLogger(__name__)

RETRY = 30.0  # seconds until a jail that did not start is tried again

Phase = Literal["asleep", "starting", "ready", "off"]


@dataclass(frozen=True)
class State:
    """The state of the jail; for "off", `why` is the reason."""

    phase: Phase = "asleep"
    why: str = ""


class JailSupervisor:
    """Keeps one zygote alive whose jail holds. It starts at first use, and again after it died.

    Args:
        files: the layer that closes the file system, see `jail.prepare`.
        off: the reason for which no jail is started; "" to start one.
    """

    def __init__(self, files: str = "best", off: str = ""):
        self.files, self.allowed = files, not off
        self.process: ZygoteProcess | None = None
        self._state = State("off", off) if off else State()
        self._starting, self._lock = threading.Lock(), threading.Lock()
        self._failed = 0.0
        self._closed = threading.Event()

    @property
    def state(self) -> State:
        """Return the state; a zygote that died counts as starting, since the next request starts another."""
        process = self.process
        if self._state.phase == "ready" and (process is None or not process.alive):
            return State("starting")
        return self._state

    def wake(self) -> None:
        """Start the jail in the background, unless it was started or failed a short time ago."""
        if self._state.phase == "asleep" or self._may_retry():
            threading.Thread(target=self._try, name="inits-jail", daemon=True).start()

    def run(self, request: bytes, limits: Limits, on_start: Callable[[Callable[[], None]], None]) -> Outcome:
        """Run a request in the jail, as `ZygoteProcess.run`. Raises EngineError with the reason if there is none."""
        return self._ready().run(request, limits, on_start)

    def close(self) -> None:
        """End the zygote and all that runs in it."""
        with self._lock:
            self._closed.set()
            process = self.process
        if process is not None:
            process.close()

    def _ready(self) -> ZygoteProcess:
        with self._starting:
            if self.process is None or not self.process.alive:
                self._start()
            process, state = self.process, self._state
        if process is None:
            raise EngineError(f"Pasted code cannot be run here: {state.why}.")
        return process

    def _try(self) -> None:
        with contextlib.suppress(InitsError):  # the state has the reason
            self._ready()

    def _may_retry(self) -> bool:
        return self.allowed and self._state.phase == "off" and time.monotonic() - self._failed > RETRY

    def _start(self) -> None:
        if self._closed.is_set() or (self._state.phase == "off" and not self._may_retry()):
            return
        if self.process is not None:
            self.process.close()
            self.process = None
        if self._state.phase != "off":  # a session that runs its code without a jail goes on meanwhile
            self._state = State("starting")
        try:
            process = self._checked()
        except Exception as error:
            log.warning("Pasted code is off: %s", error)
            self._failed, self._state = (
                time.monotonic(),
                State("off", without_folders(str(error)).rstrip(".")),
            )
            return
        with self._lock:
            closed = self._closed.is_set()
            self.process, self._state = process, State("ready")
        if closed:  # while it started
            process.close()
        threading.Thread(target=self._guard, args=(process,), name="inits-jail-guard", daemon=True).start()

    def _checked(self) -> ZygoteProcess:
        """Start a zygote and let the canary try to break out of its jail. Raises EngineError if it can."""
        canary.check_system()
        process = ZygoteProcess(self.files)
        try:
            canary.check(lambda code, limits: process.run(code, limits, lambda stop: None))
        except BaseException:
            process.close()
            raise
        return process

    def _guard(self, process: ZygoteProcess) -> None:
        """Start another zygote when this one dies."""
        process.wait()
        if not self._closed.is_set():
            log.warning("The process for pasted code has ended; another one is started")
            self._try()


class PlainSupervisor:
    """Runs requests without a jail, one after the other, each in a process that was started in advance."""

    def __init__(self) -> None:
        self.standby: PlainProcess | None = None
        self._one_at_a_time, self._lock = threading.Lock(), threading.Lock()
        self._closed = threading.Event()

    def run(self, request: bytes, limits: Limits, on_start: Callable[[Callable[[], None]], None]) -> Outcome:
        """Run a request as `PlainProcess.run`. Raises EngineError when its process did not start."""
        with self._one_at_a_time:
            process, self.standby = self.standby or PlainProcess(), None
            try:
                outcome = process.run(request, limits, on_start)
            finally:
                process.close()
        threading.Thread(target=self.prepare, daemon=True).start()
        return outcome

    def prepare(self) -> None:
        """Start the process of the next request, unless there is one."""
        with self._one_at_a_time:
            if self.standby is not None or self._closed.is_set():
                return
            process = PlainProcess()
            with self._lock:
                self.standby, closed = process, self._closed.is_set()
            if closed:  # while it started
                process.close()

    def close(self) -> None:
        """End the process that stands by, and start no other."""
        with self._lock:
            self._closed.set()
            process = self.standby
        if process is not None:
            process.close()
