"""What a server survives, and how it ends."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from benchmarks.live import serve
from benchmarks.visits import Visit, visit, wait_for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")

DEADLINE = 20.0  # seconds on a busy machine; the goal is 5, and 0.6 was measured
PATIENCE = 120.0
LONG = "starts=HeNormal&data=digits&hidden=8x512&batch=4"
SHORT = "starts=HeNormal&data=digits&hidden=4x128&batch=4&seeds=2"


async def importing(one: Visit) -> None:
    """TensorFlow is on its way."""
    await one.go("explore")
    await asyncio.sleep(2.0)


async def training(one: Visit) -> None:
    """The jail is there, and a run is under way."""
    await one.go("explore")
    await until(lambda: "explore.pixels" in one.widgets)
    await one.go("custom")
    await until(lambda: "explore.pixels" in one.widgets)
    await one.go("train", LONG)
    await one.set("train.run", trigger_value=True)
    await until(lambda: " of " in one.progress and "step" in one.progress)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.1)


def come(address: str, make: Callable[[Visit], Awaitable[None]]) -> None:
    """Somebody comes without a browser, does something, and leaves."""

    async def once() -> None:
        async with visit(address) as one:
            await make(one)
            assert not one.errors

    wait_for(once())


def busy(address: str, make: Callable[[Visit], Awaitable[None]]) -> list[psutil.Process]:
    """A server and all that it has started, once somebody has made it busy and left."""
    come(address, make)
    port = address.rpartition(":")[2]
    (server,) = (one for one in psutil.Process().children() if f"--server.port={port}" in one.cmdline())
    return [server, *server.children(recursive=True)]


@pytest.mark.parametrize(
    ("how", "make", "started"),
    [
        (signal.SIGTERM, training, 3),  # the compute process, Python's tracker of resources, the jail
        (signal.SIGINT, importing, 1),
        (signal.SIGKILL, importing, 1),
    ],
)
def test_the_end_of_a_server_leaves_no_process(how, make, started, tmp_path: Path):
    with serve("app.py", environ={"INITS_CACHE": str(tmp_path), "INITS_MNIST": "missing.npz"}) as address:
        server, *others = busy(address, make)
        assert len(others) >= started
        server.send_signal(how)
        assert not psutil.wait_procs([server, *others], timeout=DEADLINE)[1]


def test_an_upload_that_has_stopped_does_not_hold_up_the_end(tmp_path: Path):
    environ = {"INITS_CACHE": str(tmp_path), "INITS_MNIST": "missing.npz"}
    with (
        socket.socket() as sender,
        serve("app.py", "--server.enableXsrfProtection=false", environ=environ) as address,
    ):

        async def uploading(one: Visit) -> None:
            await one.go("pretrained")
            server = urlsplit(address)
            sender.connect((server.hostname, server.port))
            put = (
                f"PUT /_stcore/upload_file/{one.session}/file HTTP/1.1",
                f"Host: {server.netloc}",
                "Content-Type: multipart/form-data; boundary=part",
                "Content-Length: 9999",
            )
            sender.sendall("\r\n".join((*put, "", "--part")).encode())
            await asyncio.sleep(0.5)
            sender.setblocking(False)
            with pytest.raises(BlockingIOError):  # no answer: the rest is waited for
                sender.recv(1)

        server, *others = busy(address, uploading)
        server.send_signal(signal.SIGTERM)
        assert not psutil.wait_procs([server, *others], timeout=DEADLINE)[1]


async def opening(one: Visit) -> None:
    """Train with a small experiment of two seeds, once its compute process is there."""
    await one.go("explore")
    await until(lambda: "explore.pixels" in one.widgets)
    await one.go("train", SHORT)


async def pressing(one: Visit) -> None:
    """The page is closed in mid-run."""
    await opening(one)
    await one.set("train.run", trigger_value=True)
    await until(lambda: "step" in one.progress)


async def running(one: Visit) -> None:
    """The result of a run is waited for."""
    await opening(one)
    await one.set("train.run", trigger_value=True)
    await until(lambda: "train.csv" in one.widgets)


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_closed_browser_a_second_server_and_a_file_cut_short(tmp_path: Path):
    """Servers on one cache folder: what one has trained the other has, and trains again only what is damaged."""
    environ = {"INITS_CACHE": str(tmp_path), "INITS_MNIST": "missing.npz"}

    def files() -> dict[Path, int]:
        return {path: path.stat().st_ino for path in sorted(tmp_path.glob("*.run.npz"))}

    with serve("app.py", environ=environ) as first, serve("app.py", environ=environ) as second:
        come(first, pressing)
        soon(lambda: len(files()) == 2)  # it went on without anybody
        before = files()
        whole, damaged = before
        damaged.write_bytes(damaged.read_bytes()[:-1000])
        come(second, running)
        soon(lambda: files()[damaged] != before[damaged])  # trained again
        assert files()[whole] == before[whole]  # read
