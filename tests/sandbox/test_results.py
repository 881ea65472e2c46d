"""What pasted code returns from the jail: arrays, output, and errors with the lines of the code."""

import os
import random
import sys
import sysconfig

import numpy as np
import pytest
from support import ROOT
from support.sandboxes import LOOP, ONE, SHAPES, UNIFORM, ZEROS, done, needs_jail

from inits.errors import SpecError
from inits.sandbox.client import MAX_WEIGHTS, round_of
from inits.sandbox.wire import Picked
from inits.seeds import derive_seed

pytestmark = [pytest.mark.keras, *needs_jail]


def plain_keras(code: str, shapes: list[tuple[int, ...]], seed: int) -> list[np.ndarray]:
    """Draw with the code in this process, with a new Keras seed for every layer."""
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


def test_arrays_depend_on_seed_and_layer(sandbox):
    results = [sandbox.run(UNIFORM, SHAPES, seed).arrays for seed in (7, 8)]
    for seed, arrays in zip((7, 8), results, strict=True):
        for layer, (array, shape) in enumerate(zip(arrays, SHAPES, strict=True)):
            numpys = np.random.RandomState(derive_seed(seed, "kernel", layer))
            np.testing.assert_array_equal(array, numpys.uniform(-0.1, 0.1, shape).astype(np.float32))


def test_result_has_arrays_output_and_picked_initializer(sandbox):
    code = "def init(shape):\n    print('drawn', shape)\n    return np.ones(shape, np.float16)\ndef other(shape): ...\n"
    result = sandbox.run(code, SHAPES[:1], 0)
    assert (result.error, result.output, result.lasting) == (None, "drawn (4, 3)\n", True)
    assert result.picked == Picked("init", "function", ("other",))
    (drawn,) = result.drawn
    assert (drawn.requested, drawn.received, drawn.dtype) == ((4, 3), (4, 3), "float16")
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


def test_wrong_shape_is_reported_and_other_arrays_are_kept(sandbox):
    result = sandbox.run("init = lambda shape: np.zeros((4, 3))", SHAPES[:2], 0)
    assert result.error.message == "The returned shape must be (3, 3), but got (4, 3)."
    assert (result.error.line, result.lasting) == (None, False)
    assert [one.received for one in result.drawn] == [(4, 3), (4, 3)]
    assert [array.shape for array in result.arrays] == [(4, 3)]


# Errors.

HELPER = "def fans(shape):\n    return shape[7]\n\ndef init(shape):\n    return np.zeros(fans(shape))\n"
SILENT = "class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd"
ERRORS = [  # code, class, message, frames
    (HELPER, "IndexError", "tuple index out of range", ((5, "init"), (2, "fans"))),
    (
        "def init(shape):\n    return np.random.normal(0, -1, shape)",
        "ValueError",
        "scale < 0",
        ((2, "init"),),
    ),
    ("import nothing_like", "ModuleNotFoundError", "No module named 'nothing_like'", ((1, "<module>"),)),
    ("x = 1\n\ny = = 2\n", "SyntaxError", "invalid syntax", ((3, "<module>"),)),
    (SILENT, "Odd", "there is no message", ((3, "<module>"),)),
    ("import sys\nsys.exit(3)", "SystemExit", "3", ((2, "<module>"),)),
    ("raise KeyboardInterrupt", "KeyboardInterrupt", "there is no message", ((1, "<module>"),)),
    ("def init(shape):\n    return init(shape)", "RecursionError", "maximum recursion", ((2, "init"),) * 50),
    ("x = 1", "", "Nothing here looks like an initializer", ()),
    ("init = lambda shape: None", "", "The returned value must be an array of real numbers", ()),
]


@pytest.mark.parametrize(("code", "kind", "message", "frames"), ERRORS)
def test_error_of_the_code_has_lines_of_the_code(sandbox, code, kind, message, frames):
    error = sandbox.run(code, [(2, 3)], 0).error
    assert (error.kind, error.frames, error.ours) == (kind, frames, False)
    assert error.message.startswith(message)
    assert error.line == (frames[-1][0] if frames else None)
    words = ": ".join(filter(None, [frames and f"line {frames[-1][0]}", kind, error.message]))
    assert str(error) == words


def test_error_inside_keras_has_only_lines_of_the_code(sandbox):
    code = "\n\ndef init(shape):\n    return keras.ops.matmul(np.ones((2, 3)), np.ones((2, 3)))\n"
    error = sandbox.run(code, [(2, 3)], 0).error
    assert error.frames == ((4, "init"),)
    assert error.kind.endswith("Error")


def test_arrays_before_an_error_are_kept(sandbox):
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
def test_early_end_of_the_process_is_explained(sandbox, code, words):
    result = sandbox.run(code, [(1,)], 0)
    assert words in result.error.message
    assert (result.error.line, result.arrays, result.lasting) == (None, [], False)


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


PATHS = """
import faulthandler, logging, sys, threading, traceback, warnings
def shown(): warnings.warn("of the line that calls", stacklevel=2)
def fail(): np.linalg.inv(np.zeros((2, 2)))
class Failing:
    def __del__(self): fail()
np.std([])
warnings.warn("of nobody", stacklevel=50)
shown()
try:
    fail()
except Exception:
    traceback.print_exc()
    logging.exception("logged")
thread = threading.Thread(target=fail); thread.start(); thread.join()
thread = threading.Thread(target=warnings.warn, args=("of a thread",)); thread.start(); thread.join()
one = Failing()
del one
faulthandler.dump_traceback(1)
print(np, keras.__file__, sys.path, sys.executable, sys.modules["inits.sandbox.child"])
init = lambda shape: np.random.randn(*shape) * 3e38
"""
FOLDERS = {
    str(ROOT),
    sys.prefix,
    *map(os.path.realpath, sysconfig.get_paths().values()),
    os.path.dirname(os.__file__),
}


@pytest.mark.parametrize(
    ("code", "output", "message"),
    [
        (PATHS, "<your code>:7: RuntimeWarning: Degrees of freedom <= 0 for slice\n  np.std([])\n", None),
        (PATHS, "<your code>:8: UserWarning: of nobody\n", None),
        (PATHS, "<your code>:9: UserWarning: of the line that calls\n  shown()\n", None),
        (PATHS, '  File "numpy/linalg/_linalg.py", line', None),
        (PATHS, "\nUserWarning: of a thread\n", None),
        ("from numpy import nothing", "", "cannot import name 'nothing' from 'numpy' (numpy/__init__.py)"),
        ("raise ValueError(np.__file__)", "", "numpy/__init__.py"),
        ("open(np.__file__, 'w')", "", "[Errno 1] Operation not permitted: 'numpy/__init__.py'"),
    ],
)
def test_no_path_of_the_server_is_in_output_or_message(sandbox, code, output, message):
    result = sandbox.run(code, [(2, 3)], 0)
    assert output in result.output
    assert (result.error and result.error.message) == message
    for folder in FOLDERS:
        assert folder not in f"{result.output}{result.error}"


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
    assert not request.result.lasting


def test_too_much_is_refused_at_once(sandbox):
    with pytest.raises(SpecError, match="The code is empty"):
        sandbox.submit(" ", ONE)
    with pytest.raises(SpecError, match=r"weights must be at most 40,000,000, but got 40,000,001\."):
        sandbox.submit(ZEROS, [(((MAX_WEIGHTS, 1), 0), ((1,), 0))])
    assert sandbox.queue.waiting == []
