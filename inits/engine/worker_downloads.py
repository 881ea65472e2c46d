"""Functions that fetch weight files of Keras' applications in the compute process."""

from inits.engine.worker_state import is_stopped
from inits.errors import DataError
from inits.weightfiles import applications


def fetch_application(name: str, fetch: str, topic: str) -> tuple[str, int]:
    """Download the weight file of an application into Keras' cache, unless it is there.

    Reports progress on `topic`, until `stop_runs(fetch, [0])` of `inits.engine.worker_state`. Returns this worker's
    address and the number of bytes of the file.
    """
    from distributed import get_worker, secede

    secede()  # a download of minutes leaves Dask's threads to computations
    worker = get_worker()

    def report(done: int, total: int) -> None:
        if is_stopped(fetch, 0):
            raise InterruptedError
        worker.log_event(topic, {"fetch": fetch, "progress": (done, total)})

    return worker.address, applications.fetch(name, report).stat().st_size


def read_piece(name: str, offset: int, size: int) -> bytes:
    """Read at most `size` bytes of the weight file of an application. Raises DataError if there are none."""
    try:
        with applications.find(name).path.open("rb") as file:
            file.seek(offset)
            piece = file.read(size)
    except OSError:
        piece = b""
    if not piece:
        raise DataError(f"{name} was removed from Keras' cache while it was read. Try again.")
    return piece
