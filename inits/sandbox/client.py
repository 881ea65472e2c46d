"""Pasted code from the web process' side: one at a time for each session, so many in all, the others wait in turn."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from inits.errors import EngineError, InitsError, SpecError
from inits.experiments.pasted import check_code
from inits.sandbox import canary, wire
from inits.sandbox.processes import Limits, Outcome, Plain, Zygote
from inits.sandbox.results import CodeError, Result, read_outcome
from inits.seeds import derive_seed

log = logging.getLogger(__name__)

MOST_WEIGHTS = 40_000_000  # numbers in one request
WALL, MEMORY, AT_ONCE = 4.0, 1_000_000_000, 2  # seconds, bytes, requests
RETRY = 30.0  # seconds until a jail that did not start is tried again

GONE = "The process for pasted code ended unexpectedly. Run again."

Phase = Literal["asleep", "starting", "ready", "off"]


@dataclass(frozen=True)
class State:
    """Whether pasted code can be run: "off" has the reason in `why`."""

    phase: Phase = "asleep"
    why: str = ""


@dataclass(eq=False)
class Request:
    """A piece of code that waits, runs or has run."""

    code: str
    rounds: tuple[wire.Round, ...]
    session: str
    jailed: bool = True
    done: threading.Event = field(default_factory=threading.Event)
    cancelled: bool = False
    result: Result = field(default_factory=Result)
    _end: list[Callable[[], None]] = field(default_factory=list)

    def wait(self, seconds: float | None = None) -> Result | None:
        """The result, or None when there is none yet."""
        return self.result if self.done.wait(seconds) else None


def round_of(shapes: Sequence[wire.Shape], seed: int) -> wire.Round:
    """A network's kernels in turn, each with the seed that training gives it."""
    return tuple((shape, derive_seed(seed, "kernel", layer)) for layer, shape in enumerate(shapes))


CLOSING = Result(error=CodeError("The app is closing.", ours=True))


class Sandbox:
    """Where pasted code is run. The processes start at first use; `close` ends them."""

    def __init__(
        self,
        files: str = "best",
        wall: float = WALL,
        memory: int = MEMORY,
        at_once: int = AT_ONCE,
        allowed: bool = True,
    ):
        self.files, self.wall, self.memory, self.at_once, self.allowed = files, wall, memory, at_once, allowed
        self._state = State() if allowed else State("off", "whoever runs this server has switched it off")
        self._waiting: list[Request] = []
        self._running: list[Request] = []
        self._change = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._zygote: Zygote | None = None
        self._plain: Plain | None = None
        self._starting, self._plainly = threading.Lock(), threading.Lock()
        self._failed = 0.0
        self._closed = threading.Event()

    @property
    def state(self) -> State:
        """How the jail is; a zygote that has died counts as starting: the next request starts another."""
        zygote = self._zygote
        if self._state.phase == "ready" and (zygote is None or not zygote.alive):
            return State("starting")
        return self._state

    def wake(self) -> None:
        """Start the jail in the background, unless it is there or has been tried just now."""
        with self._change:
            if not self._threads and not self._closed.is_set():
                self._threads = [
                    threading.Thread(target=self._work, name=f"inits-code-{i}", daemon=True)
                    for i in range(self.at_once)
                ]
                for thread in self._threads:
                    thread.start()
        if self._state.phase == "asleep" or self._may_try_again():
            threading.Thread(target=self._try_jail, name="inits-jail", daemon=True).start()

    def submit(
        self, code: str, rounds: Sequence[wire.Round], session: str = "", jailed: bool = True
    ) -> Request:
        """Put a request in the queue. Raises SpecError for code or shapes that are too much."""
        weights = (wire.most(rounds) - wire.OVERHEAD) // 4
        if weights > MOST_WEIGHTS:
            raise SpecError(f"Code can be asked for {MOST_WEIGHTS:,} weights at once. Received {weights:,}.")
        request = Request(check_code(code), tuple(rounds), session, jailed)
        with self._change:
            if self._closed.is_set():
                self._answer(request, CLOSING)
                return request
            self._waiting.append(request)
            self._change.notify_all()
        self.wake()
        return request

    def run(
        self, code: str, shapes: Sequence[wire.Shape], seed: int, session: str = "", jailed: bool = True
    ) -> Result:
        """The result of a network's kernels. Raises SpecError as `submit` does."""
        result = self.submit(code, [round_of(shapes, seed)], session, jailed).wait()
        assert result is not None
        return result

    def place(self, request: Request) -> int:
        """How many wait or run before it; 0 when it runs or has run."""
        with self._change:
            if request not in self._waiting:
                return 0
            return self._waiting.index(request) + len(self._running)

    def cancel(self, request: Request) -> None:
        """End a request that waits or runs."""
        with self._change:
            request.cancelled = True
            if request in self._waiting:
                self._waiting.remove(request)
                self._answer(request, Result(error=CodeError("Stopped.", ours=True)))
            for end in request._end:
                end()

    def close(self) -> None:
        """End all processes."""
        with self._change:
            self._closed.set()
            self._change.notify_all()
            for request in self._waiting:
                self._answer(request, CLOSING)
            self._waiting.clear()
            processes = (self._zygote, self._plain)
        for process in processes:
            if process is not None:
                process.close()

    def _work(self) -> None:
        while (request := self._next()) is not None:
            began = time.monotonic()
            try:
                result = self._serve(request)
            except InitsError as error:
                result = Result(error=CodeError(str(error), ours=True))
            except Exception:
                log.exception("A request for pasted code failed")
                result = Result(error=CodeError(GONE, ours=True))
            with self._change:
                self._running.remove(request)
                self._change.notify_all()
            self._answer(request, replace(result, seconds=time.monotonic() - began))

    def _next(self) -> Request | None:
        """The first request whose session has nothing running; waits for one."""
        with self._change:
            while not self._closed.is_set():
                busy = {request.session for request in self._running}
                for request in self._waiting:
                    if request.session not in busy:
                        self._waiting.remove(request)
                        self._running.append(request)
                        return request
                self._change.wait()
        return None

    @staticmethod
    def _answer(request: Request, result: Result) -> None:
        request.result = result
        request.done.set()

    def _serve(self, request: Request) -> Result:
        sent = wire.request(request.code, request.rounds)
        limits = Limits(self.wall, self.memory, wire.most(request.rounds))
        if not self.allowed:
            raise EngineError(f"Pasted code cannot be run here: {self._state.why}.")
        if request.jailed:
            outcome = self._jail().run(sent, limits, lambda end: self._began(request, end))
        else:
            outcome = self._run_plainly(sent, limits, request)
        return read_outcome(outcome, request.rounds, limits)

    def _began(self, request: Request, end: Callable[[], None]) -> None:
        """The code runs, and `end` ends it: at once if the person left while the process was starting."""
        with self._change:
            request._end.append(end)
            if request.cancelled:
                end()

    def _jail(self) -> Zygote:
        """A zygote that is alive and whose jail held. Raises EngineError with the reason otherwise."""
        with self._starting:
            if self._zygote is None or not self._zygote.alive:
                self._start_jail()
            zygote, state = self._zygote, self._state
        if zygote is None:
            raise EngineError(f"Pasted code cannot be run here: {state.why}.")
        return zygote

    def _try_jail(self) -> None:
        with contextlib.suppress(InitsError):  # the state has the reason
            self._jail()

    def _may_try_again(self) -> bool:
        return self.allowed and self._state.phase == "off" and time.monotonic() - self._failed > RETRY

    def _start_jail(self) -> None:
        if self._closed.is_set() or (self._state.phase == "off" and not self._may_try_again()):
            return
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None
        self._state = State("starting")
        try:
            canary.check_system()
            zygote = Zygote(self.files)
            try:
                canary.check(lambda code, limits: zygote.run(code, limits, lambda end: None))
            except BaseException:
                zygote.close()
                raise
        except Exception as error:
            log.warning("Pasted code is off: %s", error)
            self._failed, self._state = time.monotonic(), State("off", str(error).rstrip("."))
            return
        with self._change:
            closed = self._closed.is_set()
            self._zygote, self._state = zygote, State("ready")
        if closed:  # while it started
            zygote.close()
        threading.Thread(target=self._guard, args=(zygote,), name="inits-jail-guard", daemon=True).start()

    def _guard(self, zygote: Zygote) -> None:
        """Start another zygote when this one dies."""
        zygote.wait()
        if not self._closed.is_set():
            log.warning("The process for pasted code has ended; another one is started")
            self._try_jail()

    def _run_plainly(self, sent: bytes, limits: Limits, request: Request) -> Outcome:
        with self._plainly:
            process = self._plain or Plain()
            self._plain = None
            try:
                outcome = process.run(sent, limits, lambda end: self._began(request, end))
            finally:
                process.close()
        threading.Thread(target=self._stand_by, daemon=True).start()
        return outcome

    def _stand_by(self) -> None:
        """Have the next plain process ready."""
        with self._plainly:
            if self._plain is not None or self._closed.is_set():
                return
            process = Plain()
            with self._change:
                closed = self._closed.is_set()
                self._plain = process
            if closed:  # while it started
                process.close()


def can_jail() -> bool:
    """Whether this system has what a jail needs at all."""
    return os.name == "posix" and canary.possible()
