"""The canary: code that tries to break out of the jail at its start, in the same way as all pasted code.

Any success turns pasted code off. The check does not rely on version numbers.
"""

import platform
from collections.abc import Callable

from inits.errors import EngineError
from inits.sandbox import syscalls, wire
from inits.sandbox.processes import Limits, Outcome

Run = Callable[[bytes, Limits], Outcome]
_ROUND: wire.Round = (((1,), 0),)

ATTEMPTS = """
import os, socket, signal, ctypes, threading

def attempt(name, action):
    try:
        action()
    except (OSError, RuntimeError, MemoryError):
        return
    escaped.append(name)

def system_call(number, *arguments):
    if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

escaped = []
attempt("read a file of the system", lambda: open("/etc/passwd").read())
attempt("read a file of the server", lambda: open(__FILE__).read())
attempt("list a folder", lambda: os.listdir("/etc"))
attempt("write a file", lambda: open("/tmp/inits-canary", "w").write("x"))
attempt("open a socket", lambda: socket.socket().bind(("127.0.0.1", 0)))
attempt("open a local socket", lambda: socket.socket(socket.AF_UNIX))
attempt("start a process", lambda: os._exit(0) if os.fork() == 0 else None)
attempt("start a program", lambda: os.execv("/bin/true", ["true"]))
attempt("signal its parent", lambda: os.kill(os.getppid(), 0))
attempt("change its user", lambda: os.setuid(0))
attempt("make a user namespace", lambda: system_call(__UNSHARE__, 0x10000000))
attempt("look into its parent", lambda: open(f"/proc/{os.getppid()}/environ", "rb").read())
attempt("take too much memory", lambda: bytearray(__MEMORY__))
if os.getuid() == 0:
    escaped.append("stay root")

def initializer(shape):
    if escaped:
        raise PermissionError(", ".join(escaped))
    return np.zeros(shape)
"""
LOOP = "while True: pass"
LEAVE = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).syscall(__EXIT__, 0)
"""
_UNSHARE, _EXIT = {"x86_64": 272, "aarch64": 97}, {"x86_64": 60, "aarch64": 93}


def can_jail() -> bool:
    """Return True if this system has all that a jail needs."""
    return syscalls.supported()


def check_system() -> None:
    """Raise EngineError, with the reason, if this system cannot have a jail."""
    if not can_jail():
        name = f"{platform.system()} on {platform.machine()}"
        raise EngineError(f"there is no jail for {name}, only for Linux on x86-64 or AArch64")


def check(run: Run) -> None:
    """Try to break out. Raises EngineError that names what jailed code could do and must not.

    `run` runs a request in the jail.
    """
    memory = 1_000_000_000
    code = (
        ATTEMPTS.replace("__FILE__", repr(__file__))
        .replace("__UNSHARE__", str(_UNSHARE[platform.machine()]))
        .replace("__MEMORY__", str(2 * memory))
    )
    outcome = run(wire.request(code, [_ROUND]), Limits(10.0, memory, wire.longest_reply([_ROUND])))
    if outcome.ending != "exited" or outcome.code:
        output = outcome.output.decode("utf-8", "replace")
        raise EngineError(f"the jail does not close ({outcome.ending} {outcome.code}: {output})")
    reply = wire.parse_reply(outcome.reply, [_ROUND])
    if reply.problem is not None:
        raise EngineError(f"the jail does not hold; code in it could: {reply.problem.message}")
    leave = LEAVE.replace("__EXIT__", str(_EXIT[platform.machine()]))
    for code, seconds, ending, what in (
        (LOOP, 0.3, "time", "run without end"),
        (leave, 10.0, "left", "go on without its main thread"),
    ):
        outcome = run(wire.request(code, [_ROUND]), Limits(seconds, memory, wire.longest_reply([_ROUND])))
        if outcome.ending != ending:
            raise EngineError(f"the jail does not hold; code in it could {what}")
