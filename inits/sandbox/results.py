"""The results of pasted code in the web process: arrays, output, or an error in one sentence."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from inits.sandbox import wire
from inits.sandbox.processes import Limits, Outcome, without_folders

CRASHES = ("SIGABRT", "SIGBUS", "SIGSEGV")  # how libraries end when memory is refused


@dataclass(frozen=True)
class CodeError:
    """The reason why pasted code gave no weights.

    Attributes:
        message: one sentence.
        kind: the class of the exception; "" if there was none.
        frames: (line, function) in the pasted code, outermost first.
        ours: True if the code is not at fault.
    """

    message: str
    kind: str = ""
    frames: tuple[tuple[int, str], ...] = ()
    ours: bool = False

    @property
    def line(self) -> int | None:
        """The number of the line where it happened, from 1; None if it was not in the code."""
        return self.frames[-1][0] if self.frames else None

    def __str__(self) -> str:
        kind = f"{self.kind}: " if self.kind else ""
        return f"line {self.line}: {kind}{self.message}" if self.line else f"{kind}{self.message}"


@dataclass(frozen=True, eq=False)
class Result:
    """The result of a request.

    Attributes:
        drawn: what the code returned for each shape, in all rounds.
        output: the printed text.
        picked: the initializer that was found in the code.
        seconds: from the start of the request to its end.
    """

    drawn: tuple[wire.Array, ...] = ()
    output: str = ""
    error: CodeError | None = None
    picked: wire.Picked | None = None
    seconds: float = 0.0

    @property
    def lasting(self) -> bool:
        """True if the result can answer the same request again: the code drew everything.

        An error may be that of the machine: its clock, its memory, its number of threads.
        """
        return self.error is None

    @property
    def arrays(self) -> list[wire.FloatArray]:
        """The float32 arrays that have the requested shape."""
        return [one.values for one in self.drawn if one.values is not None]


def read_outcome(outcome: Outcome, rounds: Sequence[wire.Round], limits: Limits) -> Result:
    """Turn an outcome into a result with messages for the user. Raises nothing, whatever the process did."""
    output = without_folders(outcome.output.decode("utf-8", "replace"))
    if outcome.ending != "exited" or outcome.code:
        ours = outcome.ending == "cancelled" or _killed(outcome)
        return Result(output=output, error=CodeError(_reason(outcome, limits), ours=ours))
    try:
        reply = wire.parse_reply(outcome.reply, rounds)
    except wire.ReplyError as error:
        return Result(output=output, error=CodeError(str(error)))
    return Result(reply.arrays, output, _problem(reply), reply.picked)


def _problem(reply: wire.Reply) -> CodeError | None:
    if reply.problem is not None:
        message = reply.problem.message or "there is no message"
        return CodeError(message, reply.problem.kind, reply.problem.frames)
    for one in reply.arrays:
        if one.values is None:
            return CodeError(f"The returned shape must be {one.requested}, but got {one.received}.")
    return None


def _killed(outcome: Outcome) -> bool:
    """Return True if the system killed the process: of all, those of pasted code die first when memory runs out."""
    return outcome.ending == "signal" and outcome.code == signal.SIGKILL


def _reason(outcome: Outcome, limits: Limits) -> str:
    words = {
        "time": f"The code ran longer than {limits.wall:g} s and was stopped.",
        "memory": f"The code took more than {limits.memory / 1e9:g} GB of memory and was stopped.",
        "left": "The main thread of the code ended before its other threads, which were stopped.",
        "output": "The code printed too much and was stopped.",
        "reply": "The code wrote more than the requested arrays and was stopped.",
        "cancelled": "Stopped.",
    }
    if _killed(outcome):
        return "The system ended the code's process, as it does when its memory runs out. Run again."
    if outcome.ending == "signal":
        name = (
            signal.Signals(outcome.code).name
            if outcome.code in set(signal.Signals)
            else f"signal {outcome.code}"
        )
        why = f", as it does when it wants more than {limits.memory / 1e9:g} GB of memory"
        return f"The code's process crashed ({name}){why if name in CRASHES else ''}."
    return words.get(outcome.ending, f"The code ended its process (exit code {outcome.code}) too early.")
