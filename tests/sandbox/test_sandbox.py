"""The sandbox as its users see it: turns in the queue, nothing carried over, and code that runs without a jail."""

import os
import platform
import sys
import threading

import numpy as np
import psutil
import pytest
from support import sandboxes, until
from support.sandboxes import LOOP, ONE, SHAPES, UNIFORM, ZEROS, done, gone, zygote

from inits.sandbox import canary, processes
from inits.sandbox.client import Sandbox

pytestmark = [pytest.mark.keras, *sandboxes.needs_jail]


# Turns in the queue.


def test_two_requests_run_side_by_side_and_the_others_wait_in_turn(patient):
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
    before = done(three)
    patient.cancel(three)  # it has ended
    assert (patient.place(three), three.result) == (0, before)


def test_session_runs_one_request_at_a_time_and_does_not_block_others(patient):
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


# Nothing is left behind.

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


def test_requests_leave_nothing_for_the_next_one(sandbox):
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
    requests = [patient.submit(ZEROS, ONE, session=str(i % 2)) for i in range(60)]
    assert all(done(request).error is None for request in requests)
    until(lambda: not server.children() and server.num_fds() <= servers)
    assert all(new < old + 20 for new, old in zip(count(), before, strict=True))  # other tests have some too
    assert (patient.queue.waiting, patient.queue.running) == ([], [])
    assert server.num_threads() == threads


# Without a jail, for users who agree.


def test_plain_process_draws_the_same_as_a_jailed_one(patient, monkeypatch):
    monkeypatch.setattr(patient.plain, "prepare", lambda: None)
    code = f"print('plain')\n{UNIFORM}"
    ours, theirs = (patient.run(code, SHAPES, 2, jailed=jailed) for jailed in (False, True))
    assert (ours.error, ours.output, ours.picked) == (None, "plain\n", theirs.picked)
    for one, other in zip(ours.arrays, theirs.arrays, strict=True):
        np.testing.assert_array_equal(one, other)


LEAVE = canary.LEAVE.replace("__EXIT__", str(canary._EXIT.get(platform.machine(), -1)))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("while True: os.write(2, b'x' * 1000)", "The code printed too much and was stopped."),
        ("while True: os.write(1, b'x' * 1000)", "wrote more than the requested arrays and was stopped."),
        ("while True: pass", "ran longer than 0.3 s"),
        ("sys.exit(3)", "ended its process (exit code 3) too early."),
        ("os.abort()", "crashed (SIGABRT)"),
        ("sys.exit()", "in the middle"),
        (LEAVE, "ran longer than 0.3 s"),
    ],
)
def test_plain_process_keeps_its_limits_repeatedly(monkeypatch, code, words):
    """The process does without Keras, which takes seconds to import."""
    monkeypatch.setattr(processes, "python", lambda call: [sys.executable, "-c", sandboxes.READY + code])
    monkeypatch.setattr(canary, "check_system", lambda: 1 / 0)  # no zygote
    sandbox = Sandbox(wall=0.3)
    for _ in range(2):
        result = sandbox.run(ZEROS, [(1,)], 0, jailed=False)
        assert words in result.error.message
        assert len(result.output) <= 80_000
        until(lambda: sandbox.plain.standby is not None)
    standby = psutil.Process(sandbox.plain.standby._process.pid)
    sandbox.close()
    assert gone(standby)
