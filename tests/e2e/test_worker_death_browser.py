"""The death of the compute process in a real browser. The last file of this folder: nothing waits for a new process."""

import os
import signal

import psutil
import pytest
from playwright.sync_api import Page, expect
from support.visit import SECONDS, button, lines, open_page, wait_until

from benchmarks.live import server_process

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals"),
]


def compute_process(address: str) -> psutil.Process:
    """Return the worker of a server: the process that yields to all others."""
    children = server_process(address).children(recursive=True)
    (worker,) = (process for process in children if process.nice() == 10)
    return worker


def test_the_death_of_the_compute_process_is_shown_and_curves_are_kept(page: Page, app: str) -> None:
    # Minutes of training: 4x256 takes a second, and was over before the kill on an idle machine.
    open_page(page, f"{app}/train?starts=HeNormal&data=digits&hidden=10x1024&batch=1&seed=41")
    button(page, "Run").click()
    wait_until(page, lambda: lines(page).get("HeNormal", 0) > 1, seconds=90)
    compute_process(app).send_signal(signal.SIGKILL)
    expect(page.get_by_text("The training process ended unexpectedly.")).to_be_visible(timeout=60 * SECONDS)
    assert lines(page).get("HeNormal", 0) > 1
    expect(button(page, "Run")).to_be_visible()  # tests/engine run the next experiment after such a death
