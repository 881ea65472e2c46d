"""Pasted code on the pages: asked once, remembered for all, and waited for without holding anything up."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from ipaddress import ip_address
from urllib.parse import urlsplit

import streamlit as st

from inits.engine.array_sources import ArraySources
from inits.engine.jobs import Job
from inits.errors import InitsError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.record import Given
from inits.sandbox.client import round_of
from inits.sandbox.request_queue import Request
from inits.sandbox.results import Result
from inits.sandbox.supervisor import State
from inits.sandbox.wire import Round
from pages.parts.compute.engine_access import engine
from pages.parts.compute.job_control import session_id
from pages.parts.page import session
from pages.parts.page.gate import gate
from pages.parts.page.session import ALL_PAGES

KEPT, KEPT_WEIGHTS = 64, 16_000_000
SOON = 0.5  # seconds that a page waits before it shows what it has

Shape = tuple[int, ...]


class Memory:
    """Requests by what was asked, the newest ones, for all sessions."""

    def __init__(self) -> None:
        self._requests: OrderedDict[object, Request] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object, ask: Callable[[], Request]) -> Request:
        """The request under `key`; asked again when it came to nothing by a fault that was not the code's."""
        with self._lock:
            old = self._requests.get(key)
            if old is None or (old.done.is_set() and not old.result.lasting):
                self._requests[key] = old = ask()
            self._requests.move_to_end(key)
            self._trim()
            return old

    def _trim(self) -> None:
        count = weights = 0
        for key, request in reversed(list(self._requests.items())):
            count, weights = count + 1, weights + sum(array.size for array in request.result.arrays)
            if count > 1 and (count > KEPT or weights > KEPT_WEIGHTS) and request.done.is_set():
                del self._requests[key]


@st.cache_resource(show_spinner=False)
def _memory() -> Memory:
    return Memory()


def state() -> State:
    """How the jail is."""
    return engine().sandbox.state


def alone() -> bool:
    """Whether whoever looks sits at this very machine: the server listens to it alone, and nothing is in between."""
    headers = st.context.headers
    forwarded = any(
        name.lower().startswith(("x-forwarded", "forwarded", "x-real-ip", "via")) for name in headers
    )
    listening = st.get_option("server.address") or ""
    # Of a proxy that says nothing of itself the browser's own word is left: where the page came from.
    host, origin = (
        urlsplit(f"//{headers.get('Host')}").hostname,
        urlsplit(headers.get("Origin") or "").hostname,
    )
    return all(_loopback(name or "") for name in (listening, host, origin)) and not forwarded


def may_agree() -> bool:
    """Whether there is no jail here, and this person may do without."""
    return engine().sandbox.allowed and alone()


def _loopback(name: str) -> bool:
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def agreed() -> bool:
    """Whether this person has agreed to run their own code without a jail."""
    return session.AGREED.get(ALL_PAGES, False) and may_agree()


def own(spec: PastedSpec) -> None:
    """Remember that this person has run this code by hand: then it is theirs, not a link's."""
    session.OWN_CODE.setdefault(ALL_PAGES, set()).add(spec.source)


def refused(spec: PastedSpec) -> str | None:
    """Why this code may not run now, in words for its page; None when it may."""
    now = state()
    if now.phase != "off":
        return None
    if not agreed():
        return f"Pasted code cannot be run here: {now.why}."
    if spec.source not in session.OWN_CODE.get(ALL_PAGES, set()):
        return f"{spec.name} came with a link. Look at it under Your code, and press Run if you trust it."
    return None


def jailed() -> bool:
    """Whether code runs in the jail: always, but where there is none and a person has agreed."""
    return state().phase != "off"


def start(experiment: Experiment) -> Job:
    """Run an experiment. Raises InitsError when its pasted code may not run, and what `Engine.run` raises."""
    for one in experiment.starts:
        if isinstance(one.kernel, PastedSpec) and (why := refused(one.kernel)):
            raise InitsError(why)
    return engine().run(experiment, jailed(), session_id())


def ask_code(spec: PastedSpec, shapes: Sequence[Shape], seed: int, *, again: bool = False) -> Request | None:
    """The request for a network's kernels, and once more for the first of them if `again`; None if it may not run.

    Anybody who asks the same gets the same request.
    """
    if refused(spec):
        return None
    one = round_of(shapes, seed)
    rounds = (one, one[:1]) if again else (one,)
    return SharedCode().submit(spec.source, rounds, session_id(), jailed())


class SharedCode:
    """Runs pasted code for all sessions: the same code with the same seeds once."""

    def submit(self, code: str, rounds: Sequence[Round], session: str = "", jailed: bool = True) -> Request:
        """Return the request that another session has made, else a new one."""

        def ask() -> Request:
            return engine().sandbox.submit(code, rounds, session, jailed)

        return _memory().get((code, tuple(rounds), jailed), ask)

    def cancel(self, request: Request) -> None:
        """Let the request go on: other sessions may wait for it."""


def request_arrays(start: Start, network: Network, seed: int, layers: int | None = None) -> Future[Given]:
    """Return the arrays that a start gives a network, see `ArraySources.request`; those of code are shared.

    Raises InitsError if its pasted code may not run.
    """
    if isinstance(start.kernel, PastedSpec) and (why := refused(start.kernel)):
        raise InitsError(why)
    sources = ArraySources(SharedCode(), engine().files)
    return sources.request(start, network, seed, layers=layers, session=session_id(), jailed=jailed())


def wait_soon(futures: Sequence[Future[Given]]) -> bool:
    """Wait a moment for arrays. Returns True if all are there."""
    if not all(future.done() for future in futures):
        with gate.aside():
            wait(futures, SOON)
    return all(future.done() for future in futures)


def drawn_soon(spec: PastedSpec, shapes: Sequence[Shape], seed: int) -> Result | None:
    """What came of it, if it is there now or in a moment. Raises InitsError with the reason if it may not run."""
    why = refused(spec)
    request = None if why else ask_code(spec, shapes, seed)
    if request is None:
        raise InitsError(why or "The code may not run.")
    with gate.aside():
        return request.wait(SOON)
