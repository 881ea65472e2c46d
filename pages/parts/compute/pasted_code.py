"""Pasted code on the pages: may it run, its requests, which all sessions share, and waiting for them."""

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, wait

import streamlit as st

from inits.engine.array_sources import ArraySources
from inits.engine.jobs import Job
from inits.errors import InitsError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.record import InitialArrays
from inits.sandbox.client import round_of
from inits.sandbox.request_queue import Request
from inits.sandbox.results import Result
from inits.sandbox.supervisor import State
from inits.sandbox.wire import Round
from pages.parts.compute.engine_access import engine
from pages.parts.compute.job_control import session_id
from pages.parts.page import session
from pages.parts.page.gate import gate
from pages.parts.page.hosts import host_name, is_loopback
from pages.parts.page.owner import is_owner
from pages.parts.page.session import ALL_PAGES
from pages.parts.page.shared_cache import SharedCache

MAX_REQUESTS, MAX_WEIGHTS = 64, 16_000_000  # that are kept when they are done
MAX_WAIT = 0.5  # seconds that a page waits for a result before it shows what it has

Shape = tuple[int, ...]


class Requests:
    """Requests to run code, for all sessions: those that are not done, and the last used of those that are."""

    def __init__(self) -> None:
        self._running: dict[Hashable, Request] = {}
        self._done = SharedCache[Request](MAX_WEIGHTS, _size)
        self._lock = threading.Lock()

    def get_or_submit(self, key: Hashable, submit: Callable[[], Request]) -> Request:
        """Return the request under a key; submit one if there is none, or if it failed."""
        with self._lock:
            for old in [old for old, request in self._running.items() if request.done.is_set()]:
                request = self._running.pop(old)
                if request.result.lasting:
                    self._done.put(old, request)
            found = self._running.get(key) or self._done.get(key)
            if found is None or found.cancelled:
                found = self._running[key] = submit()
            return found


def _size(request: Request) -> float:
    """Return the number of weights of a request, bounded so that 1 to MAX_REQUESTS requests have room."""
    weights = sum(array.size for array in request.result.arrays)
    return min(max(weights, MAX_WEIGHTS / MAX_REQUESTS), MAX_WEIGHTS)


@st.cache_resource(show_spinner=False)
def _requests() -> Requests:
    return Requests()


def _requests_of_page() -> dict[Hashable, Request]:
    return session.CODE_REQUESTS.setdefault(session.CURRENT_PAGE.get(ALL_PAGES, ""), {})


def state() -> State:
    """Return the state of the jail."""
    return engine().sandbox.state


def local_only() -> bool:
    """Return True if the browser runs on this very machine: the server listens on it alone, without a proxy."""
    headers = st.context.headers
    forwarded = any(
        name.lower().startswith(("x-forwarded", "forwarded", "x-real-ip", "via")) for name in headers
    )
    names = (st.get_option("server.address") or "", host_name(headers.get("Host") or ""))
    return all(map(is_loopback, names)) and not forwarded


def may_agree() -> bool:
    """Return True if this session may agree to run code without a jail: it is local, and its user started the app."""
    return engine().sandbox.allowed and local_only() and is_owner()


def agreed() -> bool:
    """Return True if this session has agreed to run its own code without a jail."""
    return session.AGREED.get(ALL_PAGES, False) and may_agree()


def own(spec: PastedSpec) -> None:
    """Remember that this session has run the code by hand: then it did not only come with a link."""
    session.OWN_CODE.setdefault(ALL_PAGES, set()).add(spec.source)


def refused(spec: PastedSpec) -> str | None:
    """Return why this code may not run now, as a sentence for its page; None if it may."""
    now = state()
    if now.phase != "off":
        return None
    if not agreed():
        return f"Pasted code cannot be run here: {now.why}."
    if spec.source not in session.OWN_CODE.get(ALL_PAGES, set()):
        return f"{spec.name} came with a link. Look at it under Your code, and press Run if you trust it."
    return None


def jailed() -> bool:
    """Return True if code runs in the jail: always, unless there is none and the session has agreed."""
    return state().phase != "off"


def start(experiment: Experiment) -> Job:
    """Run an experiment.

    Raises:
        InitsError: if its pasted code may not run, and what `Engine.run` raises.
    """
    for one in experiment.starts:
        if isinstance(one.kernel, PastedSpec) and (why := refused(one.kernel)):
            raise InitsError(why)
    return engine().run(experiment, jailed(), session_id())


def request_kernels(
    spec: PastedSpec, shapes: Sequence[Shape], seed: int, *, again: bool = False
) -> Request | None:
    """Return the request for the kernels of a network; None if the code may not run.

    Equal requests of all sessions are one. With `again` the first kernel is drawn once more.
    """
    if refused(spec):
        return None
    one = round_of(shapes, seed)
    rounds = (one, one[:1]) if again else (one,)
    return SharedCode().submit(spec.source, rounds, session_id(), jailed())


def forget_failures(page: str) -> None:
    """Have the code of a page run again if it failed: Run was pressed."""
    session.CODE_REQUESTS.pop(page)


class SharedCode:
    """Runs pasted code for all sessions: the same code with the same seeds once.

    Only what code drew is kept for others. A failure, which may be that of the machine, stays on the page that has
    waited for it, until Run is pressed or the page is opened again: a page must not run code again to show a failure.
    """

    def submit(self, code: str, rounds: Sequence[Round], session: str = "", jailed: bool = True) -> Request:
        """Return the request of this page or that of another session, else a new one."""

        def ask() -> Request:
            return engine().sandbox.submit(code, rounds, session, jailed)

        key, waited = (code, tuple(rounds), jailed), _requests_of_page()
        found = waited.pop(key, None)
        if found is None or found.cancelled:
            found = _requests().get_or_submit(key, ask)
        if not (found.done.is_set() and found.result.lasting):
            waited[key] = found
            for old in list(waited)[:-MAX_REQUESTS]:
                del waited[old]
        return found

    def cancel(self, request: Request) -> None:
        """Let the request go on: other sessions may wait for it."""


def request_arrays(
    start: Start, network: Network, seed: int, layers: int | None = None
) -> Future[InitialArrays]:
    """Return the arrays that a start gives a network, see `ArraySources.request`; those of code are shared.

    Raises InitsError if its pasted code may not run.
    """
    if isinstance(start.kernel, PastedSpec) and (why := refused(start.kernel)):
        raise InitsError(why)
    sources = ArraySources(SharedCode(), engine().files)
    return sources.request(start, network, seed, layers=layers, session=session_id(), jailed=jailed())


def wait_soon(futures: Sequence[Future[InitialArrays]]) -> bool:
    """Wait a moment for arrays. Returns True if all are there."""
    if not all(future.done() for future in futures):
        with gate.aside():
            wait(futures, MAX_WAIT)
    return all(future.done() for future in futures)


def result_soon(spec: PastedSpec, shapes: Sequence[Shape], seed: int) -> Result | None:
    """Return the result of the code if it is available in a moment, else None. Raises InitsError if it may not run."""
    why = refused(spec)
    request = None if why else request_kernels(spec, shapes, seed)
    if request is None:
        raise InitsError(why or "The code may not run.")
    with gate.aside():
        return request.wait(MAX_WAIT)
