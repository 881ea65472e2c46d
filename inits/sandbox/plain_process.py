"""The process without a jail, for a user alone at their own machine who agreed to it, as the web process sees it."""

import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

from inits.errors import EngineError
from inits.sandbox import processes
from inits.sandbox.processes import GRACE, MAX_OUTPUT, PIECE, Limits, Outcome
from inits.sandbox.zygote import READY


class PlainProcess:
    """A child process without a jail. It imports Keras in advance, serves one request, and ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            processes.python("from inits.sandbox.plain import main; main()"),
            env=processes.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.ready = self._process.stdout.read(len(READY)) == READY

    def run(self, request: bytes, limits: Limits, on_start: Callable[[Callable[[], None]], None]) -> Outcome:
        """Run the request, as `ZygoteProcess.run`. Raises EngineError if the process did not start."""
        process = self._process
        if not self.ready or process.stdin is None or process.stdout is None or process.stderr is None:
            raise EngineError("The process for pasted code did not start. Restart the app.")
        why: list[str] = []

        def stop(reason: str) -> None:
            why.append(reason)
            process.kill()

        reply = _Drain(process.stdout.fileno(), limits.reply, lambda: stop("reply"))
        output = _Drain(process.stderr.fileno(), MAX_OUTPUT, lambda: stop("output"))
        on_start(lambda: stop("cancelled"))
        timer = threading.Timer(limits.wall, stop, ["time"])
        timer.start()
        with suppress(OSError):  # it has ended, and the outcome says how
            process.stdin.write(request)
            process.stdin.close()
        code = process.wait()
        timer.cancel()
        ending = why[0] if why else "signal" if code < 0 else "exited"
        return Outcome(reply.all(), output.all(), ending, abs(code))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


class _Drain:
    """Reads a pipe to its end in a thread, at most `limit` bytes; calls `overflow` if there are more."""

    def __init__(self, descriptor: int, limit: int, overflow: Callable[[], None]):
        self._descriptor, self._limit, self._overflow = descriptor, limit, overflow
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while piece := os.read(self._descriptor, PIECE):
            if len(self._kept) + len(piece) > self._limit:
                self._overflow()
                return
            self._kept += piece

    def all(self) -> bytes:
        """Wait for the end of the pipe and return what was read."""
        self._thread.join(GRACE)
        return bytes(self._kept)
