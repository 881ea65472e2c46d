"""Pasted code in real jailed processes: what it draws, how it ends, who waits, and what is left behind: nothing.

One zygote serves nearly all of the tests: it takes seconds to start.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from inits.errors import EngineError, SpecError
from inits.sandbox import canary, landlock, processes, supervisor, wire
from inits.sandbox.canary import can_jail
from inits.sandbox.client import MAX_WEIGHTS, Sandbox, round_of
from inits.sandbox.processes import Outcome
from inits.sandbox.request_queue import Request
from inits.sandbox.results import Result
from inits.sandbox.supervisor import State
from inits.sandbox.wire import Picked
from inits.seeds import derive_seed

pytestmark = [
    pytest.mark.keras,
    pytest.mark.skipif(not can_jail(), reason="there is no jail for this system"),
    pytest.mark.skipif(
        os.name == "posix" and os.geteuid() != 0 and not landlock.version(),
        reason="an ordinary user needs Landlock, which this kernel does not have",
    ),
]

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0  # seconds after which something is broken
SHAPES = [(4, 3), (3, 3), (3, 3), (3, 2)]
ONE = [round_of([(1,)], 0)]
UNIFORM = "def init(shape, dtype=None):\n    return np.random.uniform(-0.1, 0.1, shape)\n"
ZEROS = "init = lambda shape: np.zeros(shape)"
LOOP = "while True: pass"


def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens unless the code is broken."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox()
    sandbox.wake()
    until(lambda: sandbox.state.phase in ("ready", "off"))
    assert sandbox.state == State("ready")
    yield sandbox
    sandbox.close()


@pytest.fixture
def patient(sandbox, monkeypatch):
    """The sandbox with time enough for a busy machine; nothing goes on running."""
    monkeypatch.setattr(sandbox, "wall", 60.0)
    yield sandbox
    for request in [*sandbox.queue.waiting, *sandbox.queue.running]:
        sandbox.cancel(request)
        request.done.wait(PATIENCE)


def done(request: Request) -> Result:
    result = request.wait(PATIENCE)
    assert result is not None
    return result


def zygote(sandbox: Sandbox) -> psutil.Process:
    assert sandbox.jail.process is not None, sandbox.state
    return psutil.Process(sandbox.jail.process.pid)


def gone(process: psutil.Process) -> bool:
    """Whether it runs no more, gathered by its parent or not."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# What comes back


def plain_keras(code: str, shapes: list[tuple[int, ...]], seed: int) -> list[np.ndarray]:
    """What the code draws in this process, with a fresh Keras seed for every layer."""
    import keras
    import tensorflow as tf

    seeds = [derive_seed(seed, "kernel", layer) for layer in range(len(shapes))]
    names = {"np": np, "keras": keras, "tf": tf, "random": random}
    keras.utils.set_random_seed(seeds[0])
    exec(code, names)
    found = []
    for shape, one in zip(shapes, seeds, strict=True):
        keras.utils.set_random_seed(one)
        init = names["init"]() if isinstance(names["init"], type) else names["init"]
        found.append(np.asarray(init(shape, **({"dtype": "float32"} if "dtype" in code else {})), np.float32))
    return found


@pytest.mark.parametrize(
    "code",
    [
        UNIFORM,
        "def init(shape):\n    return [[random.gauss(0, 1) for _ in range(shape[1])] for _ in range(shape[0])]",
        "def init(shape, dtype=None):\n    return keras.random.truncated_normal(shape, dtype=dtype)",
        "def init(shape, dtype=None):\n    return tf.random.normal(shape, dtype=dtype)",
        "init = keras.initializers.HeNormal()",
        "scale = np.random.uniform()\ndef init(shape):\n    return scale * np.random.normal(size=shape)",
        """
class init(keras.initializers.Initializer):
    def __init__(self):
        self.scale = np.random.uniform()

    def __call__(self, shape, dtype=None):
        return self.scale * keras.random.normal(shape, dtype=dtype)
""",
    ],
)
def test_arrays_are_what_keras_draws_with_the_seeds_of_the_layers(sandbox, code):
    result = sandbox.run(code, SHAPES, 7)
    assert result.error is None
    assert [array.dtype.name for array in result.arrays] == ["float32"] * 4
    for ours, theirs in zip(result.arrays, plain_keras(code, SHAPES, 7), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_arrays_are_what_numpy_draws_with_the_seeds_of_the_layers(sandbox):
    results = [sandbox.run(UNIFORM, SHAPES, seed).arrays for seed in (7, 8, 7)]
    for seed, arrays in zip((7, 8, 7), results, strict=True):
        for layer, (array, shape) in enumerate(zip(arrays, SHAPES, strict=True)):
            numpys = np.random.RandomState(derive_seed(seed, "kernel", layer))
            np.testing.assert_array_equal(array, numpys.uniform(-0.1, 0.1, shape).astype(np.float32))
    assert not np.array_equal(results[0][1], results[0][2])  # equal shapes of one network


def test_a_result_has_all_that_came(sandbox):
    code = "def init(shape):\n    print('drawn', shape)\n    return np.ones(shape, np.float16)\ndef other(shape): ...\n"
    result = sandbox.run(code, SHAPES[:1], 0)
    assert (result.error, result.output, result.lasting) == (None, "drawn (4, 3)\n", True)
    assert result.picked == Picked("init", "function", ("other",))
    (drawn,) = result.drawn
    assert (drawn.asked, drawn.received, drawn.dtype) == ((4, 3), (4, 3), "float16")
    np.testing.assert_array_equal(drawn.values, np.ones((4, 3)))
    assert result.seconds > 0


def test_every_round_starts_the_code_afresh(sandbox):
    code = """
calls = 0
def init(shape):
    global calls
    calls += 1
    return np.full(shape, calls) + np.random.uniform(0, 0.5, shape)
"""
    rounds = [round_of(SHAPES[:2], 3), round_of(SHAPES[:2], 3), round_of(SHAPES[:1], 4)]
    arrays = done(sandbox.submit(code, rounds)).arrays
    assert [int(array.flat[0]) for array in arrays] == [1, 2, 1, 2, 1]
    for one, again in zip(arrays[:2], arrays[2:4], strict=True):
        np.testing.assert_array_equal(one, again)
    assert not np.array_equal(arrays[0], arrays[4])


def test_a_wrong_shape_is_told_and_the_others_are_there(sandbox):
    result = sandbox.run("init = lambda shape: np.zeros((4, 3))", SHAPES[:2], 0)
    assert result.error.message == "The returned shape must be (3, 3), but got (4, 3)."
    assert (result.error.line, result.lasting) == (None, True)
    assert [one.received for one in result.drawn] == [(4, 3), (4, 3)]
    assert [array.shape for array in result.arrays] == [(4, 3)]


def test_numbers_that_are_none_come_as_they_are(sandbox):
    (array,) = sandbox.run("init = lambda shape: np.array([np.nan, np.inf, -1e300])", [(3,)], 0).arrays
    np.testing.assert_array_equal(array, [np.nan, np.inf, -np.inf])


# What goes wrong

RECURSION = "def init(shape):\n    return init(shape)\n"
ERRORS = [
    (
        "def fans(shape):\n    return shape[7]\n\ndef init(shape):\n    return np.zeros(fans(shape))\n",
        *("IndexError", "tuple index out of range", ((5, "init"), (2, "fans"))),
    ),
    (
        "def init(shape):\n    return np.random.normal(0, -1, shape)",
        *("ValueError", "scale < 0", ((2, "init"),)),
    ),
    (
        "import nothing_like_it",
        *("ModuleNotFoundError", "No module named 'nothing_like_it'", ((1, "<module>"),)),
    ),
    ("x = 1\n\ny = = 2\n", "SyntaxError", "invalid syntax", ((3, "<module>"),)),
    (
        "class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd",
        *("Odd", "there is no message", ((3, "<module>"),)),
    ),
    ("import sys\nsys.exit(3)", "SystemExit", "3", ((2, "<module>"),)),
    ("raise KeyboardInterrupt", "KeyboardInterrupt", "there is no message", ((1, "<module>"),)),
    (RECURSION, "RecursionError", "maximum recursion depth exceeded", ((2, "init"),) * 50),
    ("x = 1", "", "Nothing here looks like an initializer", ()),
    ("init = lambda shape: None", "", "The returned value must be an array of real numbers", ()),
]


@pytest.mark.parametrize(("code", "kind", "message", "frames"), ERRORS)
def test_an_error_of_the_code_has_its_own_lines(sandbox, code, kind, message, frames):
    error = sandbox.run(code, [(2, 3)], 0).error
    assert (error.kind, error.frames, error.ours) == (kind, frames, False)
    assert error.message.startswith(message)
    assert error.line == (frames[-1][0] if frames else None)
    words = ": ".join(filter(None, [frames and f"line {frames[-1][0]}", kind, error.message]))
    assert str(error) == words


def test_of_an_error_deep_in_keras_only_the_own_line_is_told(sandbox):
    code = "\n\ndef init(shape):\n    return keras.ops.matmul(np.ones((2, 3)), np.ones((2, 3)))\n"
    error = sandbox.run(code, [(2, 3)], 0).error
    assert error.frames == ((4, "init"),)
    assert error.kind.endswith("Error")


def test_what_came_before_an_error_is_kept(sandbox):
    code = "def init(shape):\n    print(shape)\n    return np.ones(shape) / (None if shape == (3, 3) else 1)"
    result = sandbox.run(code, SHAPES, 0)
    assert (len(result.arrays), result.error.line, result.error.kind) == (1, 3, "TypeError")
    assert result.output == "(4, 3)\n(3, 3)\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os._exit(3)", "The code ended its process (exit code 3) too early."),
        ("import os; os._exit(0)", "in the middle"),
        ("import os; os.abort()", "crashed (SIGABRT)"),
        ("import ctypes; ctypes.string_at(0)", "crashed (SIGSEGV)"),
        (
            "import os\nfor i in range(3, 9):\n    try: os.write(i, bytes(10**6))\n    except OSError: pass",
            "wrote more than the requested arrays",
        ),
    ],
)
def test_a_process_that_ends_otherwise_is_told_in_words(sandbox, code, words):
    result = sandbox.run(code, [(1,)], 0)
    assert words in result.error.message
    assert (result.error.line, result.arrays, result.lasting) == (None, [], True)


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("import sys\nprint('σ²')\nprint('to the other', file=sys.stderr)", "σ²\nto the other\n"),
        ("print('\\x1b[1m\\0', end='\\ud83d')", "\x1b[1m\0?"),
        ("import logging; logging.error('odd')", "ERROR:root:odd\n"),
        ("import warnings; warnings.warn('old')", "<your code>:1: UserWarning: old\n"),
        ("print('x' * 30_000)", "x" * 20_000),
        ("print('😀' * 30_000)", "😀" * 20_000),
        ("for i in range(9_000): print('line')", "line\n" * 4_000),
    ],
)
def test_output_is_kept_up_to_its_limit(sandbox, code, output):
    result = sandbox.run(f"{code}\n{ZEROS}", [(1,)], 0)
    assert result.error is None
    assert result.output[: len(output)] == output
    assert len(result.output) <= 20_000


def test_output_without_end_ends_the_code(patient):
    code = "import os\nwhile True: os.write(1, b'x' * 1000)"
    result = patient.run(code, [(1,)], 0)
    assert result.error.message == "The code printed too much and was stopped."
    assert 1_000 < len(result.output) <= 80_000


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = np.ones(10**9)", "Unable to allocate 7.45 GiB"),
        ("x = bytearray(10**10)", "it needs more memory than it may have"),
        ("x = []\nwhile True: x.append(np.ones(10**6))", "Unable to allocate 7.63 MiB"),
    ],
)
def test_too_much_memory_is_an_error_of_the_code(patient, monkeypatch, code, words):
    monkeypatch.setattr(patient, "memory", 300_000_000)
    error = patient.run(code, [(1,)], 0).error
    assert error.line == len(code.split("\n"))
    assert error.kind.endswith("MemoryError")
    assert words in error.message


def test_other_threads_go_on_while_code_runs_until_its_time_is_over(sandbox):
    request = sandbox.submit(LOOP, ONE)
    steps = 0
    while request.wait(0.001) is None:
        steps += 1
    assert steps > 100  # of some thousand
    assert request.result.error.message == "The code ran longer than 4 s and was stopped."
    assert request.result.lasting


def test_too_much_is_refused_at_once(sandbox):
    with pytest.raises(SpecError, match="The code is empty"):
        sandbox.submit(" ", ONE)
    with pytest.raises(SpecError, match=r"40,000,000 weights at once. Received 40,000,001"):
        sandbox.submit(ZEROS, [(((MAX_WEIGHTS, 1), 0), ((1,), 0))])
    assert sandbox.queue.waiting == []


# Without a jail, for those who agree


def test_a_plain_process_draws_the_same_as_a_jailed_one_time_and_again(patient, monkeypatch):
    code = f"print('plain')\n{UNIFORM}"
    ours, theirs = (patient.run(code, SHAPES, 2, jailed=jailed) for jailed in (False, True))
    assert (ours.error, ours.output, ours.picked) == (None, "plain\n", theirs.picked)
    for one, other in zip(ours.arrays, theirs.arrays, strict=True):
        np.testing.assert_array_equal(one, other)
    monkeypatch.setattr(patient, "wall", 1.0)
    result = patient.run(f"print('x' * 30_000)\n{LOOP}", [(1,)], 0, jailed=False)
    assert result.output == "x" * 20_000
    assert result.error.message == "The code ran longer than 1 s and was stopped."


PLAIN_ENDS = [
    ("while True: os.write(2, b'x' * 1000)", "The code printed too much and was stopped."),
    ("while True: os.write(1, b'x' * 1000)", "wrote more than the requested arrays and was stopped."),
    ("while True: pass", "ran longer than 0.3 s"),
    ("sys.exit(3)", "ended its process (exit code 3) too early."),
    ("os.abort()", "crashed (SIGABRT)"),
    ("sys.exit()", "in the middle"),
]


@pytest.mark.parametrize(("code", "words"), PLAIN_ENDS)
def test_a_plain_process_keeps_to_its_limits(monkeypatch, code, words):
    """One that answers without Keras, so that it starts in no time."""
    start = f"import os, sys\nos.write(1, b'ready')\nsys.stdin.read()\n{code}"
    monkeypatch.setattr(processes, "python", lambda call: [sys.executable, "-c", start])
    monkeypatch.setattr(canary, "check_system", lambda: 1 / 0)  # no zygote
    plain = Sandbox(wall=0.3)
    result = plain.run(ZEROS, [(1,)], 0, jailed=False)
    assert words in result.error.message
    assert len(result.output) <= 80_000
    until(lambda: plain.plain.standby is not None)
    standing_by = psutil.Process(plain.plain.standby._process.pid)
    plain.close()
    assert gone(standing_by)


# What is left behind

VANDAL = """
import builtins, os, sys
np.random.seed(1), random.seed(1), tf.random.set_seed(1)
np.zeros, np.pi = np.ones, 3
keras.initializers.Ones.__call__ = lambda self, shape, dtype=None: np.full(shape, 2)
keras.config.set_floatx("float64")
builtins.kept, os.environ["KEPT"], sys.modules["kept"] = 1, "1", sys
sys.path.append("/kept")
np.seterr(over="raise")
variable = tf.Variable(1.0, name="kept")
"""
LOOK = """
import builtins, os, sys
there = {
    "numpy": np.zeros(1)[0] != 0 or np.pi == 3,
    "keras": np.max(keras.initializers.Ones()((2,))) != 1,
    "floatx": keras.config.floatx() != "float32",
    "builtins": hasattr(builtins, "kept"),
    "environment": "KEPT" in os.environ,
    "modules": "kept" in sys.modules,
    "path": "/kept" in sys.path,
    "errors": np.geterr()["over"] == "raise",
    "names": "variable" in globals(),
}
print(*[name for name in there if there[name]])
"""


def test_nothing_is_carried_from_one_request_to_the_next(sandbox):
    before = sandbox.run(UNIFORM, SHAPES, 1)
    vandal = sandbox.run(VANDAL + LOOK + UNIFORM, SHAPES, 1)
    assert vandal.output == "numpy keras floatx builtins environment modules path errors names\n"
    after = sandbox.run(LOOK + UNIFORM, SHAPES, 1)
    assert (after.error, after.output) == (None, "\n")
    for one, other in zip(before.arrays, after.arrays, strict=True):
        np.testing.assert_array_equal(one, other)


def test_many_requests_leave_no_descriptors_threads_or_processes(patient):
    def count() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    server = zygote(patient)
    until(lambda: not server.children())
    before, servers, threads = count(), server.num_fds(), server.num_threads()
    requests = [patient.submit(ZEROS, ONE, session=str(i % 2)) for i in range(200)]
    assert all(done(request).error is None for request in requests)
    until(lambda: not server.children() and server.num_fds() <= servers)
    assert all(new < old + 20 for new, old in zip(count(), before, strict=True))  # other tests have some too
    assert (patient.queue.waiting, patient.queue.running) == ([], [])
    assert server.num_threads() == threads


# Who waits


def test_two_run_side_by_side_and_the_others_wait_in_turn(patient):
    one, two = (patient.submit(LOOP, ONE, session=name) for name in "ab")
    until(lambda: len(zygote(patient).children()) == 2)
    three, four = (patient.submit(ZEROS, ONE, session=name) for name in "cd")
    assert [patient.place(request) for request in (one, two, three, four)] == [0, 0, 2, 3]
    assert not three.done.is_set()
    patient.cancel(one)
    assert done(one).error.message == "Stopped."
    assert not one.result.lasting
    assert (done(three).error, done(four).error) == (None, None)
    assert not two.done.is_set()
    assert patient.place(three) == 0


def test_a_session_has_one_in_flight_and_holds_up_nobody(patient):
    first = patient.submit(LOOP, ONE, session="a")
    until(lambda: len(zygote(patient).children()) == 1)
    rest = [patient.submit(ZEROS, ONE, session="a") for _ in range(3)]
    other = patient.submit(ZEROS, ONE, session="b")
    assert done(other).error is None
    assert [patient.place(request) for request in rest] == [1, 2, 3]
    patient.cancel(rest[1])
    assert (rest[1].done.is_set(), rest[1].result.error.message) == (True, "Stopped.")
    assert [patient.place(request) for request in rest] == [1, 0, 2]
    patient.cancel(first)
    assert [done(request).error for request in (rest[0], rest[2])] == [None, None]


def test_a_request_that_is_over_is_not_cancelled(sandbox):
    request = sandbox.submit(ZEROS, ONE)
    before = done(request)
    sandbox.cancel(request)
    assert request.result is before
    assert sandbox.run(ZEROS, [(1,)], 0).error is None


# What dies


def test_the_death_of_the_zygote_ends_a_request_and_the_next_one_works(patient):
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
def test_nothing_survives_the_process_that_owns_it(when):
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, when],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        *before, last = [owner.stdout.readline() for _ in range(1 + (when == "loop"))]
        left = [psutil.Process(int(pid)) for pid in last.split()]
        assert len(left) == 1 + (when == "loop")
        assert not any(gone(process) for process in left)
        owner.send_signal(signal.SIGKILL)
        owner.wait(PATIENCE)
    until(lambda: all(gone(process) for process in left))
    for line in before:  # `inits.sandbox.run` draws what all draw
        numpys = np.random.RandomState(derive_seed(5, "kernel", 0))
        np.testing.assert_array_equal(
            np.array(eval(line), np.float32), numpys.uniform(-0.1, 0.1, (2, 3)).astype(np.float32)
        )


SLOW = """
import sys, time, types
import inits.sandbox
jail = types.ModuleType("inits.sandbox.jail")
jail.prepare = lambda files: (print(flush=True), time.sleep(600))
sys.modules[jail.__name__] = inits.sandbox.jail = jail
from inits.sandbox.zygote import main
main(int(sys.argv[1]), "best")
"""


def test_a_zygote_that_nobody_waits_for_ends_before_it_is_ready():
    """Its owner may end while it imports; here an import that takes longer than any test."""
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


def test_a_sandbox_that_is_not_used_starts_nothing():
    before = threading.active_count(), len(psutil.Process().children())
    unused = Sandbox()
    assert unused.state == State("asleep")
    assert (threading.active_count(), len(psutil.Process().children())) == before
    unused.close()


# Whether the jail holds


class Borrowed:
    """The zygote of the shared sandbox, for another one that may not end it."""

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
    """A sandbox that is not awake yet, on the zygote of the other."""
    until(lambda: sandbox.state == State("ready"))
    monkeypatch.setattr(Borrowed, "zygote", sandbox.jail.process, raising=False)
    monkeypatch.setattr(Borrowed, "made", 0)
    monkeypatch.setattr(supervisor, "ZygoteProcess", Borrowed)
    another = Sandbox()
    yield another
    another.close()


BROKEN = [
    ("ATTEMPTS", ('"/etc/passwd"', '"/dev/null"'), "code in it could: read a file of the system"),
    ("ATTEMPTS", ("__MEMORY__", "1000"), "code in it could: take too much memory"),
    ("LOOP", (LOOP, ZEROS), "code in it could run without end"),
]


@pytest.mark.parametrize(("name", "change", "why"), BROKEN)
def test_a_jail_that_does_not_hold_turns_the_code_off(another, monkeypatch, name, change, why):
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


def test_a_jail_that_did_not_start_is_tried_again_after_a_while(another, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(canary, "ATTEMPTS", "raise OSError('not today')")
        assert "not today" in another.run(ZEROS, [(1,)], 0).error.message
    assert "not today" in another.run(ZEROS, [(1,)], 0).error.message
    monkeypatch.setattr(supervisor, "RETRY", 0.0)
    assert another.run(ZEROS, [(1,)], 0).error is None
    assert another.state == State("ready")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(b"", b"OSError: no", "exited", 70), "the jail does not close (exited 70: OSError: no)"),
        (Outcome(b"", b"", "signal", 31), "the jail does not close (signal 31: )"),
        (Outcome(wire.MAGIC, b"", "exited"), "in the middle"),
    ],
)
def test_a_canary_that_does_not_come_back(outcome, words):
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


@pytest.mark.parametrize("jailed", [True, False])
def test_switched_off_is_off(jailed):
    off = Sandbox(allowed=False)
    result = off.run(ZEROS, [(1,)], 0, jailed=jailed)
    assert "it is switched off on this server" in result.error.message
    assert (off.state.phase, off.jail.process, off.plain.standby) == ("off", None, None)
    off.close()


# The end


def test_a_process_that_starts_while_all_is_closed_is_ended(monkeypatch):
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
    """The last test: there is no sandbox for the others after it."""
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
