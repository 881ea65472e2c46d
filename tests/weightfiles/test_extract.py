"""The process that reads an untrusted file: its answer is checked, and it can do nothing else."""

import io
import json
import os
import sys

import psutil
import pytest
from support.extraction import MEMORY, child, kept, stand_in, take
from support.weight_corpus import CORPUS, npz, tensors

from inits.errors import WeightFileError
from inits.sandbox import landlock
from inits.sandbox.canary import can_jail
from inits.weightfiles import read
from inits.weightfiles import subprocess_reader as module
from inits.weightfiles.extract import extract_arrays
from inits.weightfiles.subprocess_reader import BROKEN, checked

needs_jail = pytest.mark.skipif(
    not can_jail() or (os.geteuid() != 0 and not landlock.version()),
    reason="there is no jail for this system, or an ordinary user needs Landlock, which this kernel does not have",
)


NPZ = npz()
NO_JAIL = "t._enter_jail = lambda parent: False"


def assert_refused(store, message: str, content: bytes = NPZ, name: str = "net.npz") -> None:
    """Check that a file is refused with that message and that nothing of it is kept."""
    reading = take(store, content, name)
    assert reading.error == message
    assert store.get(reading.digest) is None
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize("bad", CORPUS[::40], ids=lambda bad: bad.name)
def test_bad_file_gets_the_sentence_of_the_reader(store, tmp_path, bad):
    content = bad.build(tmp_path / "canary.h5")
    with pytest.raises(WeightFileError) as caught:
        read(io.BytesIO(content), bad.name)
    assert_refused(store, str(caught.value), content, bad.name)


LYING = """
real = t.extract_arrays
def lie(file, values, name=""):
    answer = real(file, values, name)
    if isinstance(file, io.BytesIO):
        return answer
    one, two = answer["arrays"]
    {lie}
    return answer
t.extract_arrays = lie
"""
LIES = {
    "nothing": "answer.clear()",
    "no arrays": "answer['arrays'] = 5",
    "no format": "del answer['format']",
    "arrays of nothing": "answer['arrays'] = [{}]",
    "a list": "answer['arrays'] = [[1]]",
    "less was written": "one['bytes'] += 4",
    "more was written": "values.write(bytes(4))",
    "bytes of one array in another": "one['bytes'] -= 4; two['bytes'] += 4",
    "more values": "one['summary']['count'] += 1",
    "more values and bytes": "one['summary']['count'] += 1; one['bytes'] += 4; values.write(bytes(4))",
    "another shape": "one['shape'] = [2, 4]",
    "a negative shape": "one['shape'] = [-3, -4]",
    "sides whose product overflows": "one.update(shape=[2**32, 2**32], bytes=0); one['summary']['count'] = 0; "
    "two.update(shape=[16], bytes=64); two['summary']['count'] = 16",
    "fractional sides": "one['shape'] = [1.5, 8]",
    "a fractional count": "one['summary']['count'] = 12.0; one['bytes'] = 48.0",
    "a text for a number": "one['summary']['mean'] = '<b>'",
    "no initializer": "one['nearest'] = ['evil()', 0, 0, 0]",
    "a text for the kurtosis": "one['summary']['kurtosis'] = '<b>'",
    "singular values of no matrix": "one['decomposed'] = []",
    "singular values of another matrix": "one['decomposed'] = [0, 3]",
    "a huge side beside an empty one": "one.update(shape=[0, 2**61], bytes=0); one['summary']['count'] = 0; "
    "two.update(shape=[16], bytes=64); two['summary']['count'] = 16",
    "a histogram of nothing": "one['counts'] = [1]",
    "a name that is no text": "one['layer'] = ['a']",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_answer_that_cannot_be_true_is_refused(lie):
    values = io.BytesIO()
    answer = extract_arrays(io.BytesIO(npz()), values)
    checked(json.loads(json.dumps(answer)), len(values.getvalue()))
    one, two = answer["arrays"]
    exec(lie, {"answer": answer, "one": one, "two": two, "values": values})
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        checked(json.loads(json.dumps(answer)), len(values.getvalue()))


def test_files_of_a_lying_process_are_not_kept(store, monkeypatch):
    child(monkeypatch, LYING.format(lie=LIES["more was written"]))
    assert_refused(store, BROKEN)
    child(monkeypatch, LYING.format(lie="one['layer'] = 'renamed'"))  # it runs where the others lie
    assert kept(store, npz()).summaries[0].layer == "renamed"


ENDS = {
    "exits": "os._exit(3)",
    "ends at once without an answer": "pass",
    "is killed": "os.kill(os.getpid(), 9)",
    "answers and fails": 'os.write(answer, b\'{"format": "npz", "arrays": []}\'); os._exit(1)',
    "answers no JSON": "os.write(answer, b'\\xff{')",
    "answers a number": "os.write(answer, b'5')",
    "answers in depth": "os.write(answer, b'[' * 60000)",
    "answers without end": "[os.write(answer, b' ' * 9999) for _ in iter(int, 1)]",
}


@pytest.mark.parametrize("body", ENDS.values(), ids=ENDS)
def test_process_without_a_valid_answer_is_ended_and_the_file_refused(store, monkeypatch, body):
    monkeypatch.setattr(module, "MAX_ANSWER", MEMORY)
    stand_in(monkeypatch, body)
    before = {one.pid for one in psutil.Process().children()}
    assert_refused(store, BROKEN)
    assert {one.pid for one in psutil.Process().children()} <= before


SLEEPS = {
    "took longer than 0 s to read;": {"PATIENCE": 0.3},
    "took longer than 0 s to read while other files wait;": {"SHARED": 0.3},
    "gave no values for 0 s;": {"IDLE": 0.3},
}


@pytest.mark.parametrize(("words", "limits"), SLEEPS.items(), ids=SLEEPS)
def test_process_that_takes_too_long_is_ended_with_the_reason(store, monkeypatch, words, limits):
    for name, seconds in limits.items():
        monkeypatch.setattr(module, name, seconds)
    monkeypatch.setattr(store._turns, "contested", lambda: "SHARED" in limits)
    stand_in(monkeypatch, "time.sleep(600)")
    assert words in take(store, NPZ).error
    assert list(store.folder.iterdir()) == []


def test_time_for_shared_readers_does_not_count_alone(store, monkeypatch):
    monkeypatch.setattr(module, "SHARED", 0.0)
    stand_in(monkeypatch, "time.sleep(0.4); os._exit(1)")
    assert_refused(store, BROKEN)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /dev/full")
def test_full_disk_while_values_are_written_is_one_sentence(store, monkeypatch):
    child(
        monkeypatch,
        f"""
real = t.start
def start(values, *args):
    os.dup2(os.open("/dev/full", os.O_WRONLY), values)
    real(values, *args)
t.start = start
{NO_JAIL}""",
    )
    words = "because the disk of this server is full; make room on it, then try again."
    assert_refused(store, f"The file could not be stored, {words}")


def test_good_answer_of_a_failed_process_is_refused(store, monkeypatch):
    child(monkeypatch, "real = t.start\ndef start(*args):\n    real(*args); os._exit(1)\nt.start = start")
    assert_refused(store, BROKEN)


def test_file_without_arrays_is_refused(store):
    assert_refused(
        store, "The file has no arrays; use a file with weights.", tensors({}, b""), "a.safetensors"
    )


# The jail.

PROBE = """
import socket, subprocess, sys
real = t.extract_arrays
def attempt(what):
    try:
        what()
    except OSError as error:
        return type(error).__name__
    return "done"
def fork():
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
def probe(file, values, name=""):
    if isinstance(file, io.BytesIO):
        return real(file, values, name)
    folder = {folder!r}
    tries = {{
        "read": lambda: open(folder + "/canary").read(),
        "write": lambda: open(folder + "/canary", "a").write("x"),
        "make": lambda: open(folder + "/made", "w").close(),
        "remove": lambda: os.remove(folder + "/other"),
        "list": lambda: os.listdir(folder),
        "root": lambda: os.listdir("/"),
        "passwords": lambda: open("/etc/passwd").read(),
        "socket": lambda: socket.socket().close(),
        "local socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "fork": fork,
        "program": lambda: subprocess.run(["/bin/true"]),
        "signal": lambda: os.kill({pid}, 0),
        "memory": lambda: open("/proc/{pid}/environ").read(),
        "values": lambda: values.write(b"x"),
    }}
    return {{"error": json.dumps({{name: attempt(one) for name, one in tries.items()}})}}
t.extract_arrays = probe
"""


@needs_jail
@pytest.mark.parametrize("jailed", [True, False])
def test_the_process_that_reads_can_do_nothing_else(store, tmp_path, monkeypatch, jailed):
    for name in ("canary", "other"):
        (tmp_path / name).write_text("secret")
        (tmp_path / name).chmod(0o666)
    prelude = PROBE.format(folder=str(tmp_path), pid=os.getpid())
    child(monkeypatch, prelude if jailed else f"{prelude}\n{NO_JAIL}")
    results = json.loads(take(store, npz()).error)
    assert results.pop("values") == "done"  # its only task
    assert len(results) == 13
    if jailed:
        assert [name for name, result in results.items() if result == "done"] == []
        assert (tmp_path / "canary").read_text() == (tmp_path / "other").read_text() == "secret"
    else:
        assert set(results.values()) == {"done"}  # so each of them would have been seen
        assert (tmp_path / "canary").read_text() == "secretx"
    assert (tmp_path / "made").exists() == (not jailed)


@needs_jail
def test_answer_reports_the_jail_and_a_jail_that_does_not_hold_ends_the_process(store, monkeypatch):
    answers = []
    answer = store._readers._answer
    monkeypatch.setattr(store._readers, "_answer", lambda *args: answers.append(answer(*args)) or answers[-1])
    kept(store, npz())
    assert answers.pop()["jailed"] is True
    child(monkeypatch, "from inits.sandbox import jail\ndef no(*_): raise OSError('no')\njail._filter = no")
    assert take(store, tensors()).error == BROKEN
    assert answers == []
