"""The sandbox as the web process uses it: pasted code goes in, arrays and errors come out."""

from collections.abc import Sequence

from inits.errors import EngineError, SpecError
from inits.experiments.pasted import check_code
from inits.sandbox import wire
from inits.sandbox.processes import Limits
from inits.sandbox.request_queue import Request, RequestQueue
from inits.sandbox.results import Result, read_outcome
from inits.sandbox.supervisor import JailSupervisor, PlainSupervisor, State
from inits.seeds import derive_seed

MAX_WEIGHTS = 40_000_000  # numbers in one request
WALL, MEMORY, AT_ONCE = 4.0, 1_000_000_000, 2  # seconds, bytes, requests
SWITCHED_OFF = "it is switched off on this server"


def round_of(shapes: Sequence[wire.Shape], seed: int) -> wire.Round:
    """Return the kernels of a network, each with the seed that training derives for it."""
    return tuple((shape, derive_seed(seed, "kernel", layer)) for layer, shape in enumerate(shapes))


class Sandbox:
    """Runs pasted code: a queue, and behind it the jail or, with consent, a process without one.

    The processes start at first use; `close` ends them.

    Args:
        files: the layer that closes the file system, see `jail.prepare`.
        wall: seconds for one request.
        memory: bytes for one request.
        at_once: requests that run at the same time.
        allowed: False to run no pasted code at all.
    """

    def __init__(
        self,
        files: str = "best",
        wall: float = WALL,
        memory: int = MEMORY,
        at_once: int = AT_ONCE,
        allowed: bool = True,
    ):
        self.wall, self.memory, self.allowed = wall, memory, allowed
        self.jail = JailSupervisor(files, off="" if allowed else SWITCHED_OFF)
        self.plain = PlainSupervisor()
        self.queue = RequestQueue(self._serve, at_once)

    @property
    def state(self) -> State:
        """Return the state of the jail."""
        return self.jail.state

    def wake(self) -> None:
        """Start the jail in the background."""
        self.jail.wake()

    def submit(
        self, code: str, rounds: Sequence[wire.Round], session: str = "", jailed: bool = True
    ) -> Request:
        """Put a request in the queue.

        Args:
            code: the pasted text.
            rounds: the arrays to draw with their seeds; in each round the code starts afresh.
            session: the user's session, which has one request running at a time.
            jailed: False to run without a jail, with the user's consent.

        Raises SpecError for code that is empty or too long, and for too many weights.
        """
        weights = wire.weights(rounds)
        if weights > MAX_WEIGHTS:
            raise SpecError(f"The number of weights must be at most {MAX_WEIGHTS:,}, but got {weights:,}.")
        request = Request(check_code(code), tuple(rounds), session, jailed)
        self.queue.submit(request)
        if not request.done.is_set():
            self.wake()
        return request

    def run(
        self, code: str, shapes: Sequence[wire.Shape], seed: int, session: str = "", jailed: bool = True
    ) -> Result:
        """Draw the kernels of a network and wait for the result. Raises SpecError as `submit` does."""
        result = self.submit(code, [round_of(shapes, seed)], session, jailed).wait()
        assert result is not None
        return result

    def place(self, request: Request) -> int:
        """Return how many requests wait or run before this one; 0 when it runs or has run."""
        return self.queue.place(request)

    def cancel(self, request: Request) -> None:
        """End a request that waits or runs."""
        self.queue.cancel(request)

    def close(self) -> None:
        """End all processes; refuse the requests that wait and all later ones."""
        self.queue.close()
        self.jail.close()
        self.plain.close()

    def _serve(self, request: Request) -> Result:
        if not self.allowed:
            raise EngineError(f"Pasted code cannot be run here: {self.state.why}.")
        limits = Limits(self.wall, self.memory, wire.longest_reply(request.rounds))
        runner = self.jail if request.jailed else self.plain
        sent = wire.request(request.code, request.rounds)
        outcome = runner.run(sent, limits, lambda stop: self.queue.on_start(request, stop))
        return read_outcome(outcome, request.rounds, limits)
