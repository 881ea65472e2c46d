"""What came of pasted code, as the web process has it: arrays, output, or the reason in words for people."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from inits.sandbox import wire
from inits.sandbox.processes import Limits, Outcome

CRASHES = ("SIGABRT", "SIGBUS", "SIGKILL", "SIGSEGV")  # what libraries do when memory is refused


@dataclass(frozen=True)
class CodeError:
    """Why pasted code gave no weights: one sentence, and the numbers of its own lines, outermost first."""

    message: str
    kind: str = ""
    frames: tuple[tuple[int, str], ...] = ()
    ours: bool = False  # no fault of the code

    @property
    def line(self) -> int | None:
        """The line where it happened, from 1; None when it was not in the code."""
        return self.frames[-1][0] if self.frames else None

    def __str__(self) -> str:
        kind = f"{self.kind}: " if self.kind else ""
        return f"line {self.line}: {kind}{self.message}" if self.line else f"{kind}{self.message}"


@dataclass(frozen=True, eq=False)
class Result:
    """What came of a request. `drawn` has what came for each shape, in all rounds; `output` what was printed."""

    drawn: tuple[wire.Array, ...] = ()
    output: str = ""
    error: CodeError | None = None
    picked: wire.Picked | None = None
    seconds: float = 0.0

    @property
    def lasting(self) -> bool:
        """Whether the same request would most likely end alike."""
        return self.error is None or not self.error.ours

    @property
    def arrays(self) -> list[wire.FloatArray]:
        """float32 arrays of the shapes asked for; none of those that came in another shape."""
        return [one.values for one in self.drawn if one.values is not None]


def read_outcome(outcome: Outcome, rounds: Sequence[wire.Round], limits: Limits) -> Result:
    """What an outcome means, in words for a person. Never raises for what the code's process did."""
    output = outcome.output.decode("utf-8", "replace")
    if outcome.ending != "exited" or outcome.code:
        return Result(
            output=output, error=CodeError(_ending(outcome, limits), ours=outcome.ending == "cancelled")
        )
    try:
        reply = wire.parse_reply(outcome.reply, rounds)
    except wire.ReplyError as error:
        return Result(output=output, error=CodeError(str(error)))
    return Result(reply.arrays, output, _problem(reply), reply.picked)


def _problem(reply: wire.Reply) -> CodeError | None:
    if reply.problem is not None:
        message = reply.problem.message or "it says no more"
        return CodeError(message, reply.problem.kind, reply.problem.frames)
    for one in reply.arrays:
        if one.values is None:
            return CodeError(f"The code returned shape {one.received}. Shape {one.asked} was asked for.")
    return None


def _ending(outcome: Outcome, limits: Limits) -> str:
    words = {
        "time": f"The code ran longer than {limits.wall:g} s and was stopped.",
        "memory": f"The code took more than {limits.memory / 1e9:g} GB of memory and was stopped.",
        "output": "The code printed without end and was stopped.",
        "reply": "The code's process answered more than it was asked for and was stopped.",
        "cancelled": "Stopped.",
    }
    if outcome.ending == "signal":
        name = (
            signal.Signals(outcome.code).name
            if outcome.code in set(signal.Signals)
            else f"signal {outcome.code}"
        )
        why = f", as it does when it wants more than {limits.memory / 1e9:g} GB of memory"
        return f"The code's process crashed ({name}){why if name in CRASHES else ''}."
    return words.get(outcome.ending, f"The code ended its process (exit code {outcome.code}) too early.")
