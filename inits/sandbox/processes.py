"""The processes that run pasted code, seen from the web process: the zygote with its jail, and the plain one without.

Both take one request as bytes and give back what came out, whatever it was.
"""

import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inits.errors import EngineError
from inits.sandbox.zygote import ENDED, LARGE, LATE, READY

ROOT = Path(__file__).parents[2]
MOST_OUTPUT = 80_000  # bytes; a process that writes more is ended
START_SECONDS, GRACE = 120.0, 10.0
_PIECE = 1 << 16
ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": os.devnull,  # nothing is read from or written to anybody's home
    "HOME": os.devnull,
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": os.devnull,
    "PATH": os.defpath,
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_INHERITED = ("LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP")  # without these some Pythons do not start


@dataclass(frozen=True)
class Outcome:
    """What came of a request: the reply and the output as bytes, and how the process ended.

    `ending` is "exited", "time", "memory", "output", "reply" (more than was asked for), "cancelled" or "signal"; `code`
    the exit code or the number of the signal. `memory` is what the process had at most, in bytes.
    """

    reply: bytes
    output: bytes
    ending: str
    code: int = 0
    memory: int = 0


@dataclass(frozen=True)
class Limits:
    """Seconds on the clock, bytes of memory, bytes of the reply."""

    wall: float
    memory: int
    reply: int


def python(call: str) -> list[str]:
    """The command that runs a call of ours in a Python that reads nobody's settings."""
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {call}"
    # With an environment of ours alone this isolates as -I does, and keeps the hash seed.
    return [sys.executable, "-s", "-P", "-B", "-c", start]


def environment() -> dict[str, str]:
    """What such a process sees: nothing of the server's."""
    return ENVIRONMENT | {name: os.environ[name] for name in _INHERITED if name in os.environ}


class Zygote:
    """A running zygote. Raises EngineError with its own words when it does not become ready."""

    def __init__(self, files: str = "best"):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        call = f"from inits.sandbox.zygote import main; main({theirs.fileno()}, {files!r})"
        self._process = subprocess.Popen(
            python(call),
            cwd="/",
            env=environment(),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for the server
        )
        theirs.close()
        self._control = ours
        self._sending = threading.Lock()
        try:
            ours.settimeout(START_SECONDS)
            word = ours.recv(1000)
            ours.settimeout(None)
        except OSError as error:
            word = str(error).encode()
        if word != READY:
            self.close()
            raise EngineError(word.decode("utf-8", "replace") or "its process ended while it started")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> None:
        """Return when it has ended."""
        self._process.wait()

    def run(self, request: bytes, limits: Limits, started: Callable[[Callable[[], None]], None]) -> Outcome:
        """The outcome of a request. `started` is given a function that ends it, for any thread to call.

        Raises EngineError when the zygote itself is gone.
        """
        exchange = _Exchange(request, limits)
        try:
            message = f'{{"wall": {limits.wall}, "memory": {limits.memory}}}'.encode()
            with self._sending:
                socket.send_fds(self._control, [message], exchange.theirs)
        except OSError as error:
            exchange.close()
            raise EngineError("The process for pasted code ended unexpectedly. Run again.") from error
        finally:
            exchange.give_away()
        started(exchange.cancel)
        outcome = exchange.run()
        if outcome is None:
            self.close()  # it does not answer, or is gone
            raise EngineError("The process for pasted code ended unexpectedly. Run again.")
        return outcome

    def close(self) -> None:
        """End it and all that it runs."""
        self._control.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Exchange:
    """One request on its way: four channels, watched together."""

    def __init__(self, request: bytes, limits: Limits):
        code, self._code = os.pipe()
        self._reply, reply = os.pipe()
        self._output, output = os.pipe()
        self._status, status = socket.socketpair()
        self.theirs = [code, reply, output, status.detach()]
        os.set_blocking(self._code, False)
        self._request, self._limits = memoryview(request), limits
        self._read: dict[int, bytearray] = {self._reply: bytearray(), self._output: bytearray()}
        self._most = {self._reply: limits.reply, self._output: MOST_OUTPUT}
        self._ending, self._closed = "", False
        self._lock = threading.Lock()

    def give_away(self) -> None:
        """Close what the other side has now."""
        for descriptor in self.theirs:
            os.close(descriptor)

    def cancel(self) -> None:
        self._stop("cancelled")

    def _stop(self, why: str) -> None:
        with self._lock:
            if not self._ending and not self._closed:
                self._ending = why
                self._status.shutdown(socket.SHUT_WR)  # the zygote ends the child

    def run(self) -> Outcome | None:
        """Feed and read until the child has ended; None when no word of its end comes."""
        deadline = time.monotonic() + self._limits.wall + GRACE
        word = b""
        with selectors.DefaultSelector() as watched:
            watched.register(self._code, selectors.EVENT_WRITE)
            for channel in (self._reply, self._output, self._status):
                watched.register(channel, selectors.EVENT_READ)
            while watched.get_map() and (left := deadline - time.monotonic()) > 0:
                for key, _ in watched.select(left):
                    if key.fileobj is self._status:
                        word = self._status.recv(ENDED.size)
                        watched.unregister(self._status)
                    elif not (self._feed() if key.fd == self._code else self._take(key.fd)):
                        watched.unregister(key.fd)
                if word and self._code in {key.fd for key in watched.get_map().values()}:
                    watched.unregister(self._code)
        self.close()
        return self._outcome(word) if len(word) == ENDED.size else None

    def _feed(self) -> bool:
        try:
            self._request = self._request[os.write(self._code, self._request[:_PIECE]) :]
        except BrokenPipeError:
            self._request = self._request[:0]
        if not self._request:
            os.close(self._code)
            self._code = -1
            return False
        return True

    def _take(self, channel: int) -> bool:
        piece = os.read(channel, _PIECE)
        kept = self._read[channel]
        if len(kept) + len(piece) > self._most[channel]:
            self._stop("reply" if channel == self._reply else "output")
        if not self._ending:
            kept += piece
        return bool(piece)

    def _outcome(self, word: bytes) -> Outcome:
        status, reason, memory = ENDED.unpack(word)
        reply, output = bytes(self._read[self._reply]), bytes(self._read[self._output])
        signaled = os.WIFSIGNALED(status)
        code = os.WTERMSIG(status) if signaled else os.WEXITSTATUS(status)
        late = reason == LATE or (signaled and code == signal.SIGXCPU)
        why = "time" if late else "memory" if reason == LARGE else "signal" if signaled else "exited"
        ending = self._ending or why
        return Outcome(reply, output, ending, code, memory)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._status.close()
        for descriptor in (self._code, self._reply, self._output):
            if descriptor >= 0:
                os.close(descriptor)


class Plain:
    """A child process without a jail, for a person alone at their own machine who has agreed to it.

    It has imported Keras when a request comes, serves that one, and ends.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            python("from inits.sandbox.plain import main; main()"),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.ready = self._process.stdout.read(len(READY)) == READY

    def run(self, request: bytes, limits: Limits, started: Callable[[Callable[[], None]], None]) -> Outcome:
        """As Zygote.run. Raises EngineError when it did not start."""
        process = self._process
        if not self.ready or process.stdin is None or process.stdout is None or process.stderr is None:
            raise EngineError("The process for pasted code did not start. Restart the app.")
        why: list[str] = []

        def stop(reason: str) -> None:
            why.append(reason)
            process.kill()

        reply = _Drain(process.stdout.fileno(), limits.reply, lambda: stop("reply"))
        output = _Drain(process.stderr.fileno(), MOST_OUTPUT, lambda: stop("output"))
        started(lambda: stop("cancelled"))
        timer = threading.Timer(limits.wall, stop, ["time"])
        timer.start()
        with suppress(OSError):  # it has ended: the outcome says how
            process.stdin.write(request)
            process.stdin.close()
        code = process.wait()
        timer.cancel()
        ending = why[0] if why else "signal" if code < 0 else "exited"
        return Outcome(reply.all(), output.all(), ending, abs(code))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


class _Drain:
    """Reads a pipe to its end in a thread, up to so many bytes."""

    def __init__(self, descriptor: int, most: int, flooded: Callable[[], None]):
        self._descriptor, self._most, self._flooded = descriptor, most, flooded
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while piece := os.read(self._descriptor, _PIECE):
            if len(self._kept) + len(piece) > self._most:
                self._flooded()
                return
            self._kept += piece

    def all(self) -> bytes:
        self._thread.join(GRACE)
        return bytes(self._kept)
