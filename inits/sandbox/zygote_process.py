"""The zygote as the web process sees it: requests go in as bytes, and outcomes come out."""

import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable

from inits.errors import EngineError
from inits.sandbox import processes
from inits.sandbox.processes import GONE, GRACE, MAX_OUTPUT, PIECE, Limits, Outcome
from inits.sandbox.zygote import ENDED, LATE, LEFT, READY, TOO_LARGE

KILLED_FOR = {LATE: "time", TOO_LARGE: "memory", LEFT: "left"}
START_SECONDS = 120.0  # until a zygote is ready


class ZygoteProcess:
    """A running zygote. Raises EngineError with its own message when it does not become ready."""

    def __init__(self, files: str = "best"):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        call = f"from inits.sandbox.zygote import main; main({theirs.fileno()}, {files!r})"
        self._process = subprocess.Popen(
            processes.python(call),
            cwd="/",
            env=processes.environment(),
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
            message = ours.recv(1000)
            ours.settimeout(None)
        except OSError as error:
            message = str(error).encode()
        if message != READY:
            self.close()
            raise EngineError(message.decode("utf-8", "replace") or "its process ended while it started")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Wait until it has ended."""
        self._process.wait()

    def run(self, request: bytes, limits: Limits, on_start: Callable[[Callable[[], None]], None]) -> Outcome:
        """Run a request and return its outcome. Raises EngineError if the zygote itself has ended.

        `on_start` receives a function that ends the request and that any thread can call.
        """
        exchange = _Exchange(request, limits)
        try:
            message = f'{{"wall": {limits.wall}, "memory": {limits.memory}}}'.encode()
            with self._sending:
                socket.send_fds(self._control, [message], exchange.theirs)
        except OSError as error:
            exchange.close()
            raise EngineError(GONE) from error
        finally:
            exchange.close_theirs()
        on_start(exchange.cancel)
        outcome = exchange.run()
        if outcome is None:
            self.close()  # it does not respond, or has ended
            raise EngineError(GONE)
        return outcome

    def close(self) -> None:
        """End the zygote and all its children."""
        self._control.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Exchange:
    """The four channels of one request to the child and the zygote, read and written in one loop."""

    def __init__(self, request: bytes, limits: Limits):
        code, self._code = os.pipe()
        self._reply, reply = os.pipe()
        self._output, output = os.pipe()
        self._status, status = socket.socketpair()
        self.theirs = [code, reply, output, status.detach()]
        os.set_blocking(self._code, False)
        self._request, self._limits = memoryview(request), limits
        self._read: dict[int, bytearray] = {self._reply: bytearray(), self._output: bytearray()}
        self._max_bytes = {self._reply: limits.reply, self._output: MAX_OUTPUT}
        self._ending, self._closed = "", False
        self._lock = threading.Lock()

    def close_theirs(self) -> None:
        """Close the descriptors that the zygote has received."""
        for descriptor in self.theirs:
            os.close(descriptor)

    def cancel(self) -> None:
        """End the child."""
        self._stop("cancelled")

    def _stop(self, why: str) -> None:
        with self._lock:
            if not self._ending and not self._closed:
                self._ending = why
                self._status.shutdown(socket.SHUT_WR)  # the zygote ends the child

    def run(self) -> Outcome | None:
        """Write and read until the child has ended; return None if the zygote does not report its end."""
        deadline = time.monotonic() + self._limits.wall + GRACE
        message = b""
        with selectors.DefaultSelector() as watched:
            watched.register(self._code, selectors.EVENT_WRITE)
            for channel in (self._reply, self._output, self._status):
                watched.register(channel, selectors.EVENT_READ)
            while watched.get_map() and (left := deadline - time.monotonic()) > 0:
                for key, _ in watched.select(left):
                    if key.fileobj is self._status:
                        message = self._status.recv(ENDED.size)
                        watched.unregister(self._status)
                    elif not (self._feed() if key.fd == self._code else self._take(key.fd)):
                        watched.unregister(key.fd)
                if message and self._code in {key.fd for key in watched.get_map().values()}:
                    watched.unregister(self._code)
        self.close()
        return self._outcome(message) if len(message) == ENDED.size else None

    def _feed(self) -> bool:
        try:
            self._request = self._request[os.write(self._code, self._request[:PIECE]) :]
        except BrokenPipeError:
            self._request = self._request[:0]
        if not self._request:
            os.close(self._code)
            self._code = -1
            return False
        return True

    def _take(self, channel: int) -> bool:
        piece = os.read(channel, PIECE)
        kept = self._read[channel]
        if len(kept) + len(piece) > self._max_bytes[channel]:
            self._stop("reply" if channel == self._reply else "output")
        if not self._ending:
            kept += piece
        return bool(piece)

    def _outcome(self, message: bytes) -> Outcome:
        status, reason, memory = ENDED.unpack(message)
        reply, output = bytes(self._read[self._reply]), bytes(self._read[self._output])
        if not os.WIFSIGNALED(status):  # also if it was to be killed at that moment
            return Outcome(reply, output, self._ending or "exited", os.WEXITSTATUS(status), memory)
        code = os.WTERMSIG(status)
        why = "time" if code == signal.SIGXCPU else KILLED_FOR.get(reason, "signal")
        return Outcome(reply, output, self._ending or why, code, memory)

    def close(self) -> None:
        """Close our ends of the channels."""
        with self._lock:
            self._closed = True
            self._status.close()
        for descriptor in (self._code, self._reply, self._output):
            if descriptor >= 0:
                os.close(descriptor)
