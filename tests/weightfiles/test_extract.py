"""The process that reads an untrusted file: its answer is checked, and it can do nothing else."""

import io
import json
import os

import psutil
import pytest
from support.extraction import MEMORY, PATIENCE, child, kept, stand_in, take
from support.weight_corpus import CORPUS, npz, tensors

from inits.errors import WeightFileError
from inits.sandbox import landlock
from inits.sandbox.canary import can_jail
from inits.weightfiles import read
from inits.weightfiles import subprocess_reader as module
from inits.weightfiles.extract import take_apart
from inits.weightfiles.subprocess_reader import BROKEN, checked

SPREAD = CORPUS[::30]
needs_jail = pytest.mark.skipif(
    not can_jail() or (os.geteuid() != 0 and not landlock.version()),
    reason="there is no jail for this system, or an ordinary user needs Landlock, which this kernel does not have",
)


# What is refused.


@pytest.mark.parametrize("bad", SPREAD, ids=lambda bad: bad.name)
def test_a_bad_file_gets_the_sentence_of_the_reader(store, tmp_path, bad):
    content = bad.build(tmp_path / "canary.h5")
    with pytest.raises(WeightFileError) as caught:
        read(io.BytesIO(content), bad.name)
    reading = take(store, content, bad.name)
    assert reading.error == str(caught.value)
    assert store.get(reading.digest) is None
    assert list(store.folder.iterdir()) == []


def test_file_without_arrays_is_refused(store):
    assert take(store, tensors({}, b""), "a.safetensors").error.startswith("The file has no arrays")


LYING = """
real = t.take_apart
def lie(file, values, name=""):
    answer = real(file, values, name)
    if isinstance(file, io.BytesIO):
        return answer
    one, two = answer["arrays"]
    {lie}
    return answer
t.take_apart = lie
"""
LIES = {
    "nothing": "answer.clear()",
    "no arrays": "answer['arrays'] = 5",
    "no format": "del answer['format']",
    "arrays of nothing": "answer['arrays'] = [{}]",
    "a list": "answer['arrays'] = [[1]]",
    "less was written": "one['bytes'] += 4",
    "more was written": "values.write(bytes(4))",
    "what is one array's is another's": "one['bytes'] -= 4; two['bytes'] += 4",
    "more values": "one['summary']['count'] += 1",
    "more values and bytes": "one['summary']['count'] += 1; one['bytes'] += 4; values.write(bytes(4))",
    "another shape": "one['shape'] = [2, 4]",
    "a shape below zero": "one['shape'] = [-3, -4]",
    "sides beyond counting": "one.update(shape=[2**32, 2**32], bytes=0); one['summary']['count'] = 0; "
    "two.update(shape=[16], bytes=64); two['summary']['count'] = 16",
    "sides in parts": "one['shape'] = [1.5, 8]",
    "a count in parts": "one['summary']['count'] = 12.0; one['bytes'] = 48.0",
    "a text for a number": "one['summary']['mean'] = '<b>'",
    "no initializer": "one['nearest'] = ['evil()', 0, 0, 0]",
    "a text for the kurtosis": "one['summary']['kurtosis'] = '<b>'",
    "singular values of no matrix": "one['decomposed'] = []",
    "singular values of another matrix": "one['decomposed'] = [0, 3]",
    "one side of nothing without end": "one.update(shape=[0, 2**61], bytes=0); one['summary']['count'] = 0; "
    "two.update(shape=[16], bytes=64); two['summary']['count'] = 16",
    "a histogram of nothing": "one['counts'] = [1]",
    "a name that is none": "one['layer'] = ['a']",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_an_answer_that_cannot_be_true_is_refused(lie):
    values = io.BytesIO()
    answer = take_apart(io.BytesIO(npz()), values)
    checked(json.loads(json.dumps(answer)), len(values.getvalue()))
    one, two = answer["arrays"]
    exec(lie, {"answer": answer, "one": one, "two": two, "values": values})
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        checked(json.loads(json.dumps(answer)), len(values.getvalue()))


@pytest.mark.parametrize("lie", ["nothing", "more was written"])
def test_files_of_a_lying_process_are_not_kept(store, monkeypatch, lie):
    child(monkeypatch, LYING.format(lie=LIES[lie]))
    assert take(store, npz()).error == BROKEN
    assert list(store.folder.iterdir()) == []


def test_changed_names_of_a_reading_process_are_accepted(store, monkeypatch):
    child(monkeypatch, LYING.format(lie="one['layer'] = 'renamed'"))
    assert kept(store, npz()).surveys[0].layer == "renamed"


ENDS = {
    "exits": "os._exit(3)",
    "ends at once without an answer": "pass",
    "is killed": "os.kill(os.getpid(), 9)",
    "breaks": "os.abort()",
    "answers and fails": 'os.write(answer, b\'{"format": "npz", "arrays": []}\'); os._exit(1)',
    "answers no JSON": "os.write(answer, b'\\xff{')",
    "answers a number": "os.write(answer, b'5')",
    "answers in depth": "os.write(answer, b'[' * 60000)",
    "answers without end": "[os.write(answer, b' ' * 9999) for _ in iter(int, 1)]",
    "never answers": "time.sleep(600)",
}


@pytest.mark.parametrize("body", ENDS.values(), ids=ENDS)
def test_process_without_a_valid_answer_is_ended_and_the_file_refused(store, monkeypatch, body):
    monkeypatch.setattr(module, "MAX_ANSWER", MEMORY)
    monkeypatch.setattr(module, "PATIENCE", 0.5 if "sleep" in body else PATIENCE)
    stand_in(monkeypatch, body)
    before = {one.pid for one in psutil.Process().children()}
    assert take(store, npz()).error == BROKEN
    assert list(store.folder.iterdir()) == []
    assert {one.pid for one in psutil.Process().children()} <= before


def test_good_answer_of_a_failed_process_is_refused(store, monkeypatch):
    child(monkeypatch, "real = t.start\ndef start(*asked):\n    real(*asked); os._exit(1)\nt.start = start")
    assert take(store, npz()).error == BROKEN


# The jail.

PROBE = """
import socket, subprocess, sys
real = t.take_apart
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
t.take_apart = probe
"""
FREE = "t._enter_jail = lambda parent: False"


@needs_jail
@pytest.mark.parametrize("jailed", [True, False])
def test_the_process_that_reads_can_do_nothing_else(store, tmp_path, monkeypatch, jailed):
    for name in ("canary", "other"):
        (tmp_path / name).write_text("secret")
        (tmp_path / name).chmod(0o666)
    prelude = PROBE.format(folder=str(tmp_path), pid=os.getpid())
    child(monkeypatch, prelude if jailed else f"{prelude}\n{FREE}")
    said = json.loads(take(store, npz()).error)
    assert said.pop("values") == "done"  # what it is there for
    assert len(said) == 13
    if jailed:
        assert [name for name, answer in said.items() if answer == "done"] == []
        assert (tmp_path / "canary").read_text() == (tmp_path / "other").read_text() == "secret"
    else:
        assert set(said.values()) == {"done"}  # so each of them would have been seen
        assert (tmp_path / "canary").read_text() == "secretx"
    assert (tmp_path / "made").exists() == (not jailed)


@needs_jail
def test_the_answer_says_that_the_jail_was_closed(store, monkeypatch):
    answers = []
    ask = store._readers._answer
    monkeypatch.setattr(store._readers, "_answer", lambda *what: answers.append(ask(*what)) or answers[-1])
    kept(store, npz())
    assert answers[0]["jailed"] is True


@needs_jail
def test_a_jail_that_does_not_hold_ends_the_process(store, monkeypatch):
    child(monkeypatch, "from inits.sandbox import jail\ndef no(*_): raise OSError('no')\njail._filter = no")
    assert take(store, npz()).error == BROKEN
