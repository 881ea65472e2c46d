"""Pasted code that all sessions share: what it drew is kept, and a failure only for the page that waited for it."""

import signal
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from inits.errors import EngineError
from inits.sandbox import wire
from inits.sandbox.client import Sandbox
from inits.sandbox.processes import Outcome
from inits.sandbox.request_queue import Request
from inits.sandbox.supervisor import JailSupervisor
from pages.parts.compute import pasted_code
from pages.parts.compute.pasted_code import Requests

ROUNDS = (((((2, 2), 0)),),)
DRAWN = wire.MAGIC + wire.picked("init", "function", ()) + wire.array((2, 2), np.ones((2, 2))) + wire.end()
GOOD = Outcome(DRAWN, b"", "exited")


def raised(kind: str, message: str = "no") -> bytes:
    return wire.MAGIC + wire.problem(kind, message, [(1, "<module>")]) + wire.end()


FAILURES = {
    "killed by the system": Outcome(b"", b"", "signal", signal.SIGKILL),
    "crashed": Outcome(b"", b"", "signal", signal.SIGSEGV),
    "too late": Outcome(b"", b"", "time", signal.SIGKILL),
    "too large": Outcome(DRAWN, b"", "memory", signal.SIGKILL),
    "without a main thread": Outcome(DRAWN, b"", "left", signal.SIGKILL),
    "too much printed": Outcome(DRAWN, b"", "output", signal.SIGKILL),
    "too long a reply": Outcome(b"", b"", "reply", signal.SIGKILL),
    "cancelled": Outcome(DRAWN, b"", "cancelled", signal.SIGKILL),
    "no jail in the child": Outcome(b"", b"OSError: no", "exited", 70),
    "ended by the code": Outcome(DRAWN, b"", "exited", 3),
    "no reply": Outcome(b"", b"", "exited"),
    "half a reply": Outcome(DRAWN[:-9], b"", "exited"),
    "a wrong reply": Outcome(DRAWN + b"x", b"", "exited"),
    "no memory": Outcome(raised("MemoryError"), b"", "exited"),
    "no memory for a tensor": Outcome(raised("ResourceExhaustedError", "OOM"), b"", "exited"),
    "no thread": Outcome(raised("RuntimeError", "can't start new thread"), b"", "exited"),
    "no process": EngineError("The process for pasted code ended unexpectedly. Run again."),
    "a fault of ours": ZeroDivisionError("a fault of ours"),
}


OURS = {"killed by the system", "cancelled", "no process", "a fault of ours"}
"""The endings that the page does not blame on the code."""


class Jail(JailSupervisor):
    """A jail whose requests end as a list says; the last ending is that of all further requests."""

    def __init__(self, *endings: Outcome | Exception):
        super().__init__()
        self.endings, self.runs = list(endings), 0

    def wake(self) -> None:
        pass

    def run(self, request, limits, on_start) -> Outcome:
        self.runs += 1
        ending = self.endings.pop(0) if len(self.endings) > 1 else self.endings[0]
        if isinstance(ending, Exception):
            raise ending
        return ending


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The sandbox of the pages, with a jail to be set."""
    sandbox = Sandbox()
    monkeypatch.setattr(pasted_code, "engine", lambda: SimpleNamespace(sandbox=sandbox))
    pasted_code._requests.clear()
    yield sandbox
    sandbox.close()
    pasted_code._requests.clear()


@pytest.mark.parametrize("ending", FAILURES)
def test_no_failure_is_kept_for_the_next_request(sandbox: Sandbox, ending: str) -> None:
    sandbox.jail = Jail(FAILURES[ending], GOOD)
    shared = Requests()

    def request() -> Request:
        found = shared.get_or_submit("key", lambda: sandbox.submit("code", ROUNDS))
        assert found.wait(60) is not None
        return found

    first, second, third = request(), request(), request()
    assert first.result.error is not None
    assert (first.result.lasting, first.result.error.ours) == (False, ending in OURS)
    assert (second.result.error, second.result.lasting) == (None, True)
    assert third is second
    assert sandbox.jail.runs == 2


def page() -> None:
    """Show what shared code draws, and the error for which it does not."""
    import streamlit as st

    from pages.parts.compute import pasted_code
    from pages.parts.page import state

    state.load("some", {"x": ""})
    if st.button("Run", key="run"):
        pasted_code.forget_failures("some")
    request = pasted_code.SharedCode().submit("code", (((((2, 2), 0)),),), "session")
    result = request.wait(60)
    assert result is not None
    st.text(str(result.error))


def test_failure_stays_on_its_page_until_run_and_is_not_shown_to_others(sandbox: Sandbox) -> None:
    sandbox.jail = jail = Jail(FAILURES["killed by the system"], FAILURES["too late"], GOOD)

    def shown(app: AppTest) -> str:
        assert not app.exception
        return app.text[0].value

    mine, other = (AppTest.from_function(page, default_timeout=60) for _ in range(2))
    for _ in range(3):  # a page that runs again to show a failure must not run the code again
        assert shown(mine.run()).startswith("The system ended the code's process")
    assert jail.runs == 1
    assert "ran longer than 4 s" in shown(other.run())
    assert jail.runs == 2
    assert shown(mine.button(key="run").click().run()) == "None"
    assert shown(mine.run()) == "None"
    assert "ran longer than 4 s" in shown(other.run())
    assert jail.runs == 3
    other.query_params["x"] = "1"  # a link that is opened
    assert shown(other.run()) == "None"
    assert jail.runs == 3
