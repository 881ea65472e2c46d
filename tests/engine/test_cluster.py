"""A cluster over TLS, started as docs/CLUSTER.md says: two workers, shared by two web servers."""

import os
import re
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from distributed import Client
from support import PATIENCE, until
from support.engines import HE, finished
from support.figures import assert_figures

from benchmarks import cluster as cluster_benchmark
from benchmarks.grid import Grid, started
from benchmarks.workbench import Workbench
from inits.data import datasets
from inits.engine import certificates, cluster
from inits.engine.engine import Engine
from inits.experiments.experiment import Experiment
from inits.experiments.network import Network
from inits.experiments.sweep import Sweep
from inits.settings import Settings

pytestmark = [
    pytest.mark.keras,
    pytest.mark.skipif(os.name != "posix", reason="the commands are those of a Unix shell"),
]

SHORT = Experiment((HE,), Network((8,)), batch_size=64, dataset="digits")
LONG = Experiment((HE,), Network((64,) * 6), batch_size=4, dataset="digits")  # 3,000 steps
SWEEP = Sweep("stddev", (0.02, 0.05, 0.1, 0.2), "depth", (1, 2), batch_size=8, dataset="digits")


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    with started(tmp_path_factory.mktemp("cluster") / "tls") as grid:
        yield grid


@pytest.fixture(scope="module")
def servers(grid: Grid, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Engine]]:
    """Two web servers."""
    with ExitStack() as stack:
        found = []
        for number in range(2):
            engine = Engine(grid.settings(tmp_path_factory.mktemp(f"server{number}")))
            stack.callback(engine.close)
            found.append(engine)
        for engine in found:
            until(lambda engine=engine: engine.slots == 2 and engine.status.phase in ("ready", "failed"))
            assert engine.status.error is None
        yield found


@pytest.mark.benchmark
def test_the_benchmark_of_a_cluster_runs(grid: Grid):
    class Shared(Workbench):
        def grid(self, folder: Path, workers: int) -> AbstractContextManager[Grid]:
            return nullcontext(grid)

    assert_figures(cluster_benchmark.run(Shared(small=True)))


def test_two_web_servers_train_an_experiment_once(servers: list[Engine]):
    """The second joins while it runs, or takes the result."""
    first = servers[0].run(LONG)
    until(lambda: first.records[0].done > 0)
    second = servers[1].run(LONG)
    until(lambda: second.records[0].done > 0)
    assert second.name == first.name  # the same tasks under the same keys
    short = finished(servers[0].run(SHORT))
    for one, other in ((first, second), (short, servers[1].run(SHORT))):
        assert (finished(one).error, one.records[0].finished) == (None, True)
        assert bytes(finished(other).records[0]) == bytes(one.records[0])
        assert other.records[0].seconds == one.records[0].seconds  # one training


def test_each_worker_loads_the_digits_once(servers: list[Engine]):
    def loaded() -> dict[str, list[int]]:
        return (
            servers[0].connection.client(PATIENCE).run(lambda: [id(one) for one in datasets._KEPT.values()])
        )

    finished(servers[0].run(replace(SHORT, seeds=(5, 6, 7))))
    before = loaded()
    finished(servers[1].run(replace(SHORT, seeds=(8, 9, 10))))
    assert loaded() == before
    assert all(len(one) == 1 for one in before.values())


def test_lost_worker_loses_no_finished_cell_of_a_sweep(servers: list[Engine], grid: Grid):
    job = servers[0].run(SWEEP)
    until(lambda: any(record.finished for record in job.records))
    kept = {record.run: bytes(record) for record in job.records if record.finished}
    nanny = psutil.Process(grid.workers[0].pid)
    for process in (nanny, *nanny.children(recursive=True)):  # as when the computer is switched off
        process.send_signal(signal.SIGKILL)
    assert finished(job).error is None
    assert all(record.finished for record in job.records)
    assert all(bytes(job.records[number]) == before for number, before in kept.items())
    assert len(servers[0].connection._workers.addresses) == 1


def test_different_software_is_reported_at_connection(servers, grid: Grid, tmp_path: Path, monkeypatch):
    compared = cluster.difference
    monkeypatch.setattr(
        cluster, "difference", lambda here, there: compared({**here, "keras": "3.0.0"}, there)
    )
    assert re.search(
        r"the worker on 127\.0\.0\.1 .*keras .* and not 3\.0\.0", refused(grid.settings(tmp_path))
    )


def refused(settings: Settings) -> str:
    """Return why a web server finds no cluster."""
    engine = Engine(settings)
    try:
        until(lambda: engine.status.phase in ("ready", "failed"))
        return engine.status.error or ""
    finally:
        engine.close()


def test_wrong_address_and_certificates_are_reported(servers, grid: Grid, tmp_path: Path):
    good = grid.settings(tmp_path)
    assert "which is not encrypted" in refused(replace(good, scheduler=f"tcp://127.0.0.1:{grid.port}"))
    assert "INITS_TLS_KEY is unset" in refused(replace(good, tls_key=None))
    assert "'none.pem', which cannot be opened" in refused(replace(good, tls_ca=tmp_path / "none.pem"))
    certificates.make(tmp_path / "foreign")
    foreign = [tmp_path / "foreign" / name for name in certificates.NAMES]
    strange = replace(good, tls_ca=foreign[0], tls_cert=foreign[1], tls_key=foreign[2])
    assert "accepted this app's certificate" in refused(strange)


def test_ports_answer_only_clients_with_the_certificate(servers, grid: Grid, tmp_path: Path):
    with Client(f"tls://127.0.0.1:{grid.port}", security=grid.security, set_as_default=False) as good:
        known = good.scheduler_info()["workers"].items()
        addresses = [one for address, worker in known for one in (address, worker["nanny"])]
    reached = [grid.port, *(int(address.rpartition(":")[2]) for address in addresses)]
    assert len(reached) >= 3  # scheduler, worker, nanny
    certificates.make(tmp_path / "foreign")
    for port in reached:
        assert b"python" in said(port, context(grid.folder))  # Dask's greeting: which version it has
        for stranger in (context(), context(tmp_path / "foreign")):
            assert said(port, stranger) == b""
        assert b"python" not in said(port, None)


def context(folder: Path | None = None) -> ssl.SSLContext:
    """Return the context of a client that trusts every server, with the certificate in a folder or none."""
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if folder:
        made.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return made


def said(port: int, client: ssl.SSLContext | None) -> bytes:
    """Return what a port answers, under TLS or without."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        try:
            with client.wrap_socket(plain) if client else plain as line:
                line.sendall(bytes(8))
                return line.recv(1000)
        except OSError:  # as ssl.SSLError is
            return b""
