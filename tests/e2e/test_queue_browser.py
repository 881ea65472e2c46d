"""Two users at once in a real browser: places in the queue, and how to leave it."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.visit import SECONDS, button, open_page

pytestmark = pytest.mark.browser

WAITS = re.compile(r"Waiting for its turn: (next|\d+ experiments? before it), about ")
RUNS = re.compile("steps, .* per second")
SWEEP = "data=digits&values=20&across=depth&depth=3&width=256&low=0.05"
RUN = "starts=HeNormal&data=digits&hidden=2x64&batch=1&seeds=20"


def test_a_waiting_experiment_shows_its_place_and_can_leave_the_queue(
    page: Page, new_tab: Page, app: str
) -> None:
    first, second = page, new_tab
    open_page(first, f"{app}/train?{RUN}&seed=61")  # its 20 runs take all slots
    button(first, "Run").click()
    expect(first.get_by_text(RUNS)).to_be_visible(timeout=90 * SECONDS)
    open_page(second, f"{app}/train?{RUN}&seed=161")
    button(second, "Run").click()
    expect(second.get_by_text(WAITS)).to_be_visible(timeout=20 * SECONDS)
    button(second, "Leave the queue").click()
    expect(button(second, "Run")).to_be_visible(timeout=20 * SECONDS)
    expect(second.get_by_text(WAITS)).to_have_count(0)
    button(second, "Run").click()  # it can be started again
    expect(second.get_by_text(WAITS)).to_be_visible(timeout=20 * SECONDS)
    button(first, "Stop all").click()
    expect(second.get_by_text(RUNS)).to_be_visible(timeout=60 * SECONDS)
    button(second, "Stop all").click()
    expect(button(second, "Run")).to_be_visible(timeout=20 * SECONDS)


def test_a_waiting_sweep_shows_its_place_and_can_leave_the_queue(page: Page, new_tab: Page, app: str) -> None:
    first, second = page, new_tab
    open_page(first, f"{app}/sweep?{SWEEP}")
    button(first, "Run").click()
    expect(button(first, "Stop")).to_be_visible(timeout=90 * SECONDS)
    open_page(second, f"{app}/sweep?{SWEEP}&seed=1")
    button(second, "Run").click()
    expect(second.get_by_text(WAITS)).to_be_visible(timeout=20 * SECONDS)
    button(second, "Leave the queue").click()
    expect(button(second, "Run")).to_be_visible(timeout=20 * SECONDS)
    button(first, "Stop").click()
    expect(first.get_by_text("press Run to continue.")).to_be_visible(timeout=60 * SECONDS)
