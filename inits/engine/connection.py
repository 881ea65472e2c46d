"""The connection to the compute process, or to a cluster of them: start, calls, messages, status, end."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from inits.data.datasets import local_files
from inits.engine import cluster, local_cluster
from inits.engine.worker_status import Status, WorkerStatuses
from inits.errors import EngineError, InitsError, unexpected
from inits.settings import Settings

if TYPE_CHECKING:  # Dask takes 0.3 s to import: the first page does not wait for it
    from distributed import Client, LocalCluster

log = logging.getLogger(__name__)
T = TypeVar("T")

TOPIC = "inits"  # of all messages from workers to web servers


class Connection:
    """A client of the compute process that starts in the background.

    Args:
        settings: name the cluster, if there is one.
        receive: called with each message from a worker that is not about the worker's own status.
    """

    def __init__(self, settings: Settings, receive: Callable[[Mapping[str, Any]], None]):
        self.status = Status()
        self._settings, self._receive = settings, receive
        self._workers = WorkerStatuses(cluster=bool(settings.scheduler))
        self._started = threading.Event()
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None

    def start(self) -> None:
        """Start the compute process or connect to the cluster, in a thread; `status` shows the progress."""
        threading.Thread(target=self._start, name="inits-engine", daemon=True).start()

    def _start(self) -> None:
        try:
            import dask

            from inits.engine.worker_plugin import WarmUp

            dask.config.set(local_cluster.DASK)
            client = self._connect()
            required: cluster.Software = {}
            files = local_files(self._settings)
            if self._settings.scheduler:
                required = cluster.software()
                files = {}  # the workers of a cluster have settings of their own
                self.status = self._workers.merged(self.status)
            client.subscribe_topic(TOPIC, self._on_message)
            client.subscribe_topic("all", self._on_scheduler_message)
            client.register_plugin(WarmUp(TOPIC, files, required))
            self._client = client
            atexit.register(self._exit)  # runs before Dask's own, which gives a training 4 s to end
        except InitsError as error:
            log.error("The compute process is not available: %s", error)
            self.status = replace(self.status, phase="failed", error=str(error))
        except Exception as error:
            log.exception("The compute process did not start: %s", error)
            self.status = replace(self.status, phase="failed", error=unexpected(error))
        self._started.set()

    def _connect(self) -> Client:
        from distributed import Client

        if not self._settings.scheduler:
            self._cluster = local_cluster.start(self._settings.cores)
            return Client(self._cluster, set_as_default=False)
        client = cluster.connect(self._settings)
        try:
            cluster.check_workers(client)
        except InitsError:
            client.close(timeout=5)
            raise
        return client

    def _on_message(self, event: tuple[float, Mapping[str, Any]]) -> None:
        message = event[1]
        if "status" in message:
            self._workers.update(message["worker"], message["status"])
            self.status = self._workers.merged(self.status)
        else:
            self._receive(message)

    def _on_scheduler_message(self, event: tuple[float, Mapping[str, Any]]) -> None:
        message = event[1]
        if message.get("action") == "remove-worker":
            self._workers.remove(message["worker"])
            self.status = self._workers.merged(self.status)

    @property
    def slots(self) -> int:
        """Number of trainings that run at once."""
        return max(1, self._workers.slots) if self._settings.scheduler else self._settings.cores

    def client(self, timeout: float) -> Client:
        """Return the client, waiting up to `timeout` seconds for it. Raises EngineError if there is none."""
        if not self._started.wait(timeout):
            raise EngineError(f"The compute process did not start within {timeout:g} s. Try again.")
        if self._client is None:
            raise EngineError(f"The compute process is not available: {self.status.error}. Restart the app.")
        return self._client

    def call(self, function: Callable[..., T], *arguments: object, timeout: float = 30.0) -> T:
        """Return the result of a function that runs in the compute process.

        Raises:
            InitsError: as the function raises it.
            EngineError: if the compute process is not available, ends or does not answer within `timeout` seconds.
        """
        future = self.client(timeout).submit(function, *arguments, pure=False, priority=10)
        try:
            result: T = future.result(timeout)
            return result
        except InitsError:
            raise
        except TimeoutError as error:
            raise EngineError(
                f"The compute process did not answer within {timeout:g} s. Try again."
            ) from error
        except Exception as error:
            log.exception("A call in the compute process failed")
            raise EngineError(
                "The compute process ended unexpectedly. Try again in a few seconds."
            ) from error
        finally:
            future.release()

    def broadcast(self, function: Callable[..., object], *arguments: object, timeout: float = 5.0) -> None:
        """Run a function on every worker at once, outside the queue of tasks; its errors are ignored."""
        self.client(timeout).run(function, *arguments, on_error="ignore")

    def find_data(self) -> None:
        """Let every worker try again to load the default dataset; `status` shows the progress."""
        from inits.engine.worker_plugin import reload_data

        client = self.client(timeout=5.0)
        self._workers.forget_data()
        self.status = replace(self.status, dataset=None, why=None)
        for address in self._workers.addresses:
            future = client.submit(reload_data, TOPIC, workers=[address], pure=False)
            future.add_done_callback(lambda future: future.release())

    def close(self) -> None:
        """End the compute process, or leave the cluster."""
        atexit.unregister(self._exit)
        self._kill()
        self._started.wait(30)
        for one in (self._client, self._cluster):
            try:
                if one is not None:
                    one.close(timeout=5)
            except TimeoutError:  # on a busy machine; the compute process has been killed already
                log.warning("Dask did not close within 5 s")

    def _exit(self) -> None:
        for name in ("distributed", "tornado.application"):  # they would log the end as an accident
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._kill()

    def _kill(self) -> None:
        if self._cluster:
            local_cluster.kill(self._cluster)
