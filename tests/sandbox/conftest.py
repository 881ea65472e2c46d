"""Fixtures of the tests of the sandbox. One zygote serves nearly all of them: it takes seconds to start."""

from collections.abc import Iterator

import pytest
from support import PATIENCE, until

from inits.sandbox.client import Sandbox
from inits.sandbox.supervisor import State


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox whose jail is ready."""
    sandbox = Sandbox()
    sandbox.wake()
    until(lambda: sandbox.state.phase in ("ready", "off"))
    assert sandbox.state == State("ready")
    yield sandbox
    sandbox.close()


@pytest.fixture
def patient(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The sandbox with enough time for a busy machine. At the end nothing runs in it."""
    monkeypatch.setattr(sandbox, "wall", 60.0)
    yield sandbox
    for request in [*sandbox.queue.waiting, *sandbox.queue.running]:
        sandbox.cancel(request)
        request.done.wait(PATIENCE)
