"""The life of the processes for pasted code: when they start, how they end, and when there is no jail."""

import signal
import socket
import subprocess
import sys
import threading

import numpy as np
import psutil
import pytest
from support import PATIENCE, ROOT, sandboxes, until
from support.sandboxes import LOOP, ONE, UNIFORM, ZEROS, done, gone, zygote

from inits.errors import EngineError
from inits.sandbox import canary, processes, supervisor, wire
from inits.sandbox.client import Sandbox
from inits.sandbox.processes import Outcome
from inits.sandbox.supervisor import State
from inits.seeds import derive_seed

pytestmark = [pytest.mark.keras, *sandboxes.needs_jail]


# Processes that end.


def test_dead_zygote_ends_its_request_and_is_replaced_for_the_next_one(patient):
    server = zygote(patient)
    request = patient.submit(LOOP, ONE)
    until(server.children)
    (child,) = server.children()
    server.kill()
    error = done(request).error
    assert error.message == "The process for pasted code ended unexpectedly. Run again."
    assert (error.ours, request.result.lasting) == (True, False)
    until(lambda: gone(child))
    assert patient.state.phase in ("starting", "ready")
    left, there = patient.submit(LOOP, ONE, session="left"), patient.submit(ZEROS, ONE, session="there")
    until(lambda: left in patient.queue.running)
    patient.cancel(left)  # while the process starts
    assert done(there).error is None
    assert done(left).error.message == "Stopped."
    assert zygote(patient).pid != server.pid


OWNER = f"""
import sys, psutil
from inits.sandbox import _shared, run
me = psutil.Process()
if sys.argv[1] == "import":
    _shared().wake()
    while not me.children():
        pass
else:
    print(run({UNIFORM!r}, [(2, 3)], 5).arrays[0].tolist())
    _shared().wall = 600.0
    _shared().submit({LOOP!r}, {ONE!r})
    while len(me.children(recursive=True)) < 2:
        pass
print(*[one.pid for one in me.children(recursive=True)], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("when", ["import", "loop"])
def test_children_end_with_the_owner(when):
    command, pipe = [sys.executable, "-c", OWNER, when], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as owner:
        *before, last = [owner.stdout.readline() for _ in range(1 + (when == "loop"))]
        left = [psutil.Process(int(pid)) for pid in last.split()]
        assert len(left) == 1 + (when == "loop")
        assert not any(gone(process) for process in left)
        owner.send_signal(signal.SIGKILL)
        owner.wait(PATIENCE)
    until(lambda: all(gone(process) for process in left))
    for line in before:  # `inits.sandbox.run` draws with the seed of the layer
        numpys = np.random.RandomState(derive_seed(5, "kernel", 0)).uniform(-0.1, 0.1, (2, 3))
        np.testing.assert_array_equal(np.array(eval(line), np.float32), numpys.astype(np.float32))


SLOW = """
import sys, time, types
import inits.sandbox
jail = types.ModuleType("inits.sandbox.jail")
jail.prepare = lambda files: (print(flush=True), time.sleep(600))
sys.modules[jail.__name__] = inits.sandbox.jail = jail
from inits.sandbox.zygote import main
main(int(sys.argv[1]), "best")
"""


def test_zygote_without_an_owner_ends_before_it_is_ready():
    """Its owner can end during the import, which here takes longer than any test."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-c", SLOW, str(theirs.fileno())]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()])
    with process, ours:
        theirs.close()
        try:
            assert process.stdout.readline() == b"\n"
            ours.close()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def test_unused_sandbox_starts_nothing():
    before = threading.active_count(), len(psutil.Process().children())
    unused = Sandbox()
    assert unused.state == State("asleep")
    assert (threading.active_count(), len(psutil.Process().children())) == before
    unused.close()


# Does the jail hold?


class Borrowed:
    """The zygote of the shared sandbox, lent to another one that must not end it."""

    alive, made = True, 0

    def __init__(self, files: str):
        Borrowed.made += 1
        self.closed = threading.Event()

    def run(self, request, limits, started) -> Outcome:
        return Borrowed.zygote.run(request, limits, started)

    def wait(self) -> None:
        self.closed.wait()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def another(sandbox, monkeypatch):
    """A sandbox that has not started yet, on the zygote of the shared one."""
    until(lambda: sandbox.state == State("ready"))
    monkeypatch.setattr(Borrowed, "zygote", sandbox.jail.process, raising=False)
    monkeypatch.setattr(Borrowed, "made", 0)
    monkeypatch.setattr(supervisor, "ZygoteProcess", Borrowed)
    another = Sandbox()
    yield another
    another.close()


BROKEN = [  # a part of the canary, a change of it, and what the code could do then
    ("ATTEMPTS", ('"/etc/passwd"', '"/dev/null"'), "code in it could: read a file of the system"),
    ("ATTEMPTS", ("__MEMORY__", "1000"), "code in it could: take too much memory"),
    ("LOOP", (LOOP, ZEROS), "code in it could run without end"),
    ("LEAVE", ("args=(60,)", "args=(0,)"), "code in it could go on without its main thread"),
]


@pytest.mark.parametrize(("name", "change", "why"), BROKEN)
def test_jail_that_does_not_hold_disables_pasted_code(another, monkeypatch, name, change, why):
    code = getattr(canary, name)
    assert change[0] in code
    monkeypatch.setattr(canary, name, code.replace(*change))
    for _ in range(2):
        result = another.run(ZEROS, [(1,)], 0)
        assert result.error.message.startswith("Pasted code cannot be run here: the jail does not hold; ")
        assert result.error.message.endswith(f"{why}.")
        assert (result.arrays, result.error.ours) == ([], True)
    assert (another.state.phase, another.state.why[-len(why) :]) == ("off", why)
    assert Borrowed.made == 1


def test_failed_jail_is_started_again_after_a_while(another, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(canary, "ATTEMPTS", "raise OSError('not today')")
        assert "not today" in another.run(ZEROS, [(1,)], 0).error.message
    assert "not today" in another.run(ZEROS, [(1,)], 0).error.message
    phases = []
    check = canary.check_system
    monkeypatch.setattr(canary, "check_system", lambda: (phases.append(another.state.phase), check()))
    monkeypatch.setattr(supervisor, "RETRY", 0.0)
    assert another.run(ZEROS, [(1,)], 0).error is None
    assert another.state == State("ready")
    assert phases == ["off"]  # a session that runs its code without a jail goes on while it is tried again


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(b"", b"OSError: no", "exited", 70), "the jail does not close (exited 70: OSError: no)"),
        (Outcome(b"", b"", "signal", 31), "the jail does not close (signal 31: )"),
        (Outcome(wire.MAGIC, b"", "exited"), "in the middle"),
    ],
)
def test_canary_reports_a_child_that_did_not_reply(outcome, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  EngineError or ReplyError
        canary.check(lambda request, limits: outcome)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("system", "machine"), [("Darwin", "arm64"), ("Windows", "AMD64"), ("Linux", "riscv64")]
)
def test_without_a_jail_there_is_no_process(another, monkeypatch, system, machine):
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    words = f"there is no jail for {system} on {machine}, only for Linux on x86-64 or AArch64"
    assert another.run(ZEROS, [(1,)], 0).error.message == f"Pasted code cannot be run here: {words}."
    assert another.state == State("off", words)
    assert Borrowed.made == 0
    with pytest.raises(EngineError, match="there is no jail"):
        canary.check_system()


def test_disabled_sandbox_runs_no_code():
    off = Sandbox(allowed=False)
    for jailed in (True, False):
        result = off.run(ZEROS, [(1,)], 0, jailed=jailed)
        assert "it is switched off on this server" in result.error.message
        assert (off.state.phase, off.jail.process, off.plain.standby) == ("off", None, None)
    off.close()


# The end.


def test_process_that_starts_during_close_is_ended(monkeypatch):
    starting, go_on = threading.Event(), threading.Event()
    started = []

    class Slow(Borrowed):
        def __init__(self, files: str):
            super().__init__(files)
            started.append(self)
            starting.set()
            go_on.wait(PATIENCE)

    monkeypatch.setattr(supervisor, "ZygoteProcess", Slow)
    monkeypatch.setattr(canary, "check", lambda run: None)
    sandbox = Sandbox()
    sandbox.wake()
    assert starting.wait(PATIENCE)
    sandbox.close()
    go_on.set()
    assert started[0].closed.wait(PATIENCE)


def test_closing_ends_all_processes_and_refuses_what_comes_later(sandbox, monkeypatch):
    """The last test: other tests after it would have no sandbox."""
    monkeypatch.setattr(processes, "python", lambda call: [sys.executable, "-c", sandboxes.READY])
    monkeypatch.setattr(sandbox, "wall", 600.0)
    running, waiting = (sandbox.submit(LOOP, ONE, session="a") for _ in range(2))
    server = zygote(sandbox)
    until(server.children)
    sandbox.plain.prepare()
    left = [server, *server.children(), psutil.Process(sandbox.plain.standby._process.pid)]
    sandbox.close()
    assert done(waiting).error.message == "The app is closing."
    assert done(running).error.ours
    until(lambda: all(gone(process) for process in left))
    until(lambda: not any(thread.is_alive() for thread in sandbox.queue.threads))
    assert done(sandbox.submit(ZEROS, ONE)).error.message == "The app is closing."
    assert sandbox.jail.process.pid == server.pid
