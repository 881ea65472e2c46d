"""The death of the compute process in a real browser. The last file of this folder: nothing waits for a new process."""

import os
import signal

import psutil
import pytest
from playwright.sync_api import Page, expect
from support.visit import SECONDS, button, lines, open_page, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals"),
]


def compute_process(address: str) -> psutil.Process:
    """Return the worker of a server: the process that has TensorFlow and yields to all others."""
    port = address.rpartition(":")[2]
    (server,) = (one for one in psutil.Process().children() if f"--server.port={port}" in one.cmdline())
    (worker,) = (one for one in server.children(recursive=True) if one.nice() == 10)
    return worker


def test_the_death_of_the_compute_process_is_shown_and_curves_are_kept(page: Page, app: str) -> None:
    open_page(page, f"{app}/train?starts=HeNormal&data=digits&hidden=4x256&batch=1&seed=41")
    button(page, "Run").click()
    wait_until(page, lambda: lines(page).get("HeNormal", 0) > 1, seconds=90)
    compute_process(app).send_signal(signal.SIGKILL)
    expect(page.get_by_text("The training process ended unexpectedly.")).to_be_visible(timeout=60 * SECONDS)
    assert lines(page).get("HeNormal", 0) > 1
    expect(button(page, "Run")).to_be_visible()  # tests/engine run the next experiment after such a death
