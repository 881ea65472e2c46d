"""Every detector works: attacks without a jail on our own targets, and small changes made by hand."""

import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from support.attacks import ATTACKS, ENDLESS, Attack

from inits.sandbox.canary import can_jail
from inits.sandbox.results import CodeError, Result
from inits.sandbox.wire import Array, Picked

pytestmark = [
    pytest.mark.keras,
    pytest.mark.skipif(not can_jail(), reason=f"No jail on {sys.platform}, and nothing to detect."),
]

NAMES = {"secret", "files", "tcp", "udp", "unix", "abstract", "victim", "signal", "leftover"}
NAMES |= {"processes", "survivor", "memory", "threads"}
SEEN = [one for one in ATTACKS if one.seen]


def names(seen):
    return {one.partition(":")[0] for one in seen}


@pytest.fixture(scope="module")
def unlocked():
    from support.arena import Arena

    with Arena(jailed=False) as arena:
        yield arena


def test_attacks_need_every_detector():
    assert {name for one in SEEN for name in one.seen} == NAMES
    assert len({one.name for one in ATTACKS}) == len(ATTACKS) >= 75


@pytest.mark.parametrize("attack", SEEN, ids=[f"{one.category}: {one.name}" for one in SEEN])
def test_attack_without_a_jail_is_detected(unlocked, attack):
    assert set(attack.seen) <= names(unlocked.strike(attack))


def test_harmless_code_is_not_detected_but_errors_and_endless_requests_are(unlocked):
    assert unlocked.strike(Attack("none", "nothing", "")) == []
    assert names(unlocked.strike(Attack("none", "slip", "no_such_name"))) == {"mistake"}
    loop = Attack("none", "loop", "while True:\n    pass\n", wall=2 * ENDLESS)
    assert unlocked.strike(loop, patience=ENDLESS / 2) == ["end: it does not end"]


def test_changed_result_of_the_next_request_is_detected(unlocked, monkeypatch):
    usual, (one,) = unlocked.usual, unlocked.usual.drawn
    for other in ({"output": "other words"}, {"drawn": (replace(one, values=one.values + 1),)}):
        monkeypatch.setattr(unlocked, "usual", replace(usual, **other))
        assert names(unlocked.strike(Attack("none", "nothing", ""))) == {"next"}


SHAPE = (8, 8)
TOKEN = "sign0123"
TEXT = f"it is {TOKEN}"


def _drawn(values, times=1):
    return Result((Array(SHAPE, values.shape, "float32", values),) * times)


def _numbers(text):
    return np.frombuffer(text.encode().ljust(64), np.uint8).reshape(SHAPE).astype(np.float32)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Result(output=TEXT), {"secret"}),
        (Result(error=CodeError(TEXT)), {"secret"}),
        (Result(error=CodeError("", kind=TOKEN)), {"secret"}),
        (Result(error=CodeError("", frames=((1, TOKEN),))), {"secret"}),
        (Result(picked=Picked("f", "class", (TOKEN,))), {"secret"}),
        (_drawn(_numbers(TEXT)), {"secret"}),
        (_drawn(np.frombuffer(TOKEN.encode() * 32, np.float32).reshape(SHAPE)), {"secret"}),
        (_drawn(np.zeros((4, 4), np.float32)), {"answer"}),
        (_drawn(np.zeros(SHAPE, np.float64)), {"answer"}),
        (_drawn(np.zeros(SHAPE, np.float32), times=2), {"answer"}),
        (Result(output="x" * 500_000), {"answer"}),
        (_drawn(np.full(SHAPE, np.nan, np.float32)), set()),
        (Result(output="it is nothing"), set()),
    ],
)
def test_secret_or_wrong_array_in_a_result_is_detected(result, expected):
    from support.detectors import Answers

    assert names(list(Answers(TOKEN).hits(result, [SHAPE]))) == expected


def test_process_that_grows_or_ends_is_detected(monkeypatch):
    """A process stands in for the zygote."""
    from support import watchers

    monkeypatch.setattr(watchers, "soon", lambda true, seconds=0: true())
    program = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stand_in:
        assert stand_in.stdout is not None
        stand_in.stdout.readline()  # it has started, and opens no more
        with closing(watchers.Processes(lambda: stand_in.pid, memory=0)) as watcher:
            watcher.begin()
            assert list(watcher.hits()) == []
            with open(os.devnull):
                assert list(watcher.hits()) == ["parent: it keeps descriptors open"]
            watcher.open -= 1
            assert list(watcher.hits()) == ["zygote: it keeps descriptors open"]
            watcher.open += 1
            watcher.parent -= 10**9
            assert names(list(watcher.hits())) == {"parent"}
            stand_in.kill()
            stand_in.wait()
            assert list(watcher.hits()) == ["zygote: it is another one"]


_SHARES = """
import mmap, os, subprocess, sys
way = sys.argv[1]
if way == "parent":
    subprocess.run([sys.executable, "-c", sys.argv[2], sys.argv[3]], check=True)
elif way == "mapped":
    keep = mmap.mmap(-1, 20_000_000)
    keep.write(bytes(20_000_000))
    print(flush=True); input()
else:
    os.write(os.memfd_create("nameless"), bytes(20_000_000))
    print(flush=True); input()
"""


@pytest.mark.parametrize("way", ["mapped", "nameless"])
def test_shared_memory_is_detected(way, monkeypatch):
    from support import watchers

    monkeypatch.setattr(watchers, "MAX_SHARED", 10_000_000)
    program = [sys.executable, "-c", _SHARES, "parent", _SHARES, way]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with closing(watchers.Processes(lambda: process.pid, memory=10**9)) as watcher:
            watcher.begin()
            process.stdout.readline()
            watcher.sample()
            assert "memory: 0.02 GB are shared" in list(watcher.hits())
        process.communicate(b"\n\n")


def test_folders_that_are_closed_to_others_are_found(tmp_path):
    from support.ordinary_user import closed_folders

    inside = tmp_path / "closed" / "inside"
    inside.mkdir(parents=True)
    for folder, mode in ((tmp_path, 0o755), (tmp_path / "closed", 0o700), (inside, 0o700)):
        folder.chmod(mode)
    stranger = os.getuid() + 1
    above = closed_folders([tmp_path], stranger)
    assert closed_folders([inside], stranger) == (above or {tmp_path / "closed"})
    (tmp_path / "closed").chmod(0o711)
    assert closed_folders([inside], stranger) == (above or {inside})
