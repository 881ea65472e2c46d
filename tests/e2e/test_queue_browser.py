"""Several people at once, each in a browser of their own: places in the queue, and leaving it."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect
from visit import SECONDS, button, opened, until

pytestmark = pytest.mark.browser

WAITS = re.compile(r"Waiting for its turn: (next|\d+ experiments? before it), about ")
SWEEP = "data=digits&values=20&across=depth&depth=10&width=256&low=0.05"
RUN = "starts=HeNormal&data=digits&hidden=8x512&batch=4&seed={}"


@pytest.fixture
def person(browser: Browser) -> Iterator[Callable[[], Page]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(browser.new_context()).new_page()


def test_experiments_wait_with_a_place_and_can_be_left(person: Callable[[], Page], app: str) -> None:
    runs, waiting = [], []
    while not waiting:  # until all slots are taken, as many as this machine has
        page = person()
        opened(page, f"{app}/train?{RUN.format(61 + len(runs))}")
        button(page, "Run").click()
        told = page.get_by_text(re.compile(f"{WAITS.pattern}|steps, .* a second"))
        expect(told).to_be_visible(timeout=90 * SECONDS)
        (waiting if WAITS.search(told.inner_text()) else runs).append(page)
    (last,) = waiting
    button(last, "Leave the queue").click()
    expect(button(last, "Run")).to_be_visible(timeout=20 * SECONDS)
    expect(last.get_by_text(WAITS)).to_have_count(0)
    button(last, "Run").click()  # and can be asked for again
    expect(last.get_by_text(WAITS)).to_be_visible(timeout=20 * SECONDS)
    for page in runs:
        button(page, "Stop").click()
    until(last, lambda: last.get_by_text(WAITS).count() == 0)
    expect(last.get_by_text(re.compile("steps, .* a second"))).to_be_visible(timeout=60 * SECONDS)
    button(last, "Stop").click()
    expect(button(last, "Run")).to_be_visible(timeout=20 * SECONDS)


def test_a_second_sweep_waits_and_can_be_left(person: Callable[[], Page], app: str) -> None:
    first, second = person(), person()
    opened(first, f"{app}/sweep?{SWEEP}")
    button(first, "Run").click()
    expect(button(first, "Stop")).to_be_visible(timeout=90 * SECONDS)
    opened(second, f"{app}/sweep?{SWEEP}&seed=1")
    button(second, "Run").click()
    expect(second.get_by_text(WAITS)).to_be_visible(timeout=20 * SECONDS)
    button(second, "Leave the queue").click()
    expect(button(second, "Run")).to_be_visible(timeout=20 * SECONDS)
    button(first, "Stop").click()
    expect(first.get_by_text("Run goes on from there.")).to_be_visible(timeout=60 * SECONDS)
