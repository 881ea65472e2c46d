"""The status of the compute process, merged from what each worker reports."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from inits.data.datasets import DATASETS, DEFAULT

Phase = Literal["starting", "keras", "data", "compiling", "ready", "failed"]
BEST_FIRST = ("ready", "compiling", "data", "keras", "starting", "failed")
NO_WORKER = "The cluster has no worker yet. Theory is ready now."
NO_SLOTS = "no worker of the cluster takes trainings; start them with `--resources training=2`"
_TITLE = DATASETS[DEFAULT].title
DIFFERENT_DATA = f"The workers of the cluster have different {_TITLE} files. Give all of them the same file."


@dataclass(frozen=True)
class Status:
    """The status of the compute process.

    Attributes:
        phase: "ready" once it can train.
        dataset: the default one, or its stand-in if it could not be loaded; None until that is known.
        images: number of training images of that dataset.
        fingerprint: of that dataset.
        versions: of the packages that compute.
        why: why the default dataset could not be loaded, as a sentence; None if it was loaded.
        done, total: bytes of the default dataset downloaded so far, and in all.
        error: why the compute process is not available.
        waits: what it waits for other than TensorFlow, as a sentence.
    """

    phase: Phase = "starting"
    dataset: str | None = None
    images: int = 0
    fingerprint: str = ""
    versions: str = ""
    why: str | None = None
    done: int = 0
    total: int = 0
    error: str | None = None
    waits: str | None = None

    @property
    def ready(self) -> bool:
        """True once the compute process can train."""
        return self.phase == "ready"

    def dataset_for(self, choice: str) -> str | None:
        """Return the dataset that is used for a chosen one: the stand-in if the default was chosen and not loaded.

        None until it is known whether the default can be loaded.
        """
        return self.dataset if choice == DEFAULT else choice

    def images_of(self, dataset: str) -> int:
        """Return the number of training images of a dataset; 0 for the default one until it is loaded."""
        return self.images if dataset == DEFAULT else DATASETS[dataset].training_images


class WorkerStatuses:
    """The last status that each worker reported, by address. Workers that leave are removed."""

    def __init__(self, cluster: bool):
        self._cluster = cluster
        self._reports: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def update(self, address: str, changes: Mapping[str, Any]) -> None:
        """Add a worker, or update its status."""
        with self._lock:
            self._reports[address] = {**self._reports.get(address, {}), **changes}

    def remove(self, address: str) -> None:
        """Remove a worker that has left."""
        with self._lock:
            self._reports.pop(address, None)

    def forget_data(self) -> None:
        """Mark the dataset of every worker as unknown."""
        with self._lock:
            for report in self._reports.values():
                report.update(dataset=None, why=None)

    @property
    def addresses(self) -> list[str]:
        """Addresses of all workers."""
        with self._lock:
            return list(self._reports)

    @property
    def slots(self) -> int:
        """Number of trainings that run at once on all workers."""
        with self._lock:
            return sum(report.get("slots", 0) for report in self._reports.values())

    def merged(self, before: Status) -> Status:
        """Return the status of all workers together.

        Ready as soon as one worker is. It has the default dataset only if all workers in that phase have the same.
        """
        with self._lock:
            reports = [dict(one) for one in self._reports.values()]
        if not reports:
            return replace(before, phase="starting", error=None, waits=NO_WORKER if self._cluster else None)
        if not any(one.get("slots", 1) for one in reports):
            return replace(before, phase="failed", error=NO_SLOTS, waits=None)
        best = min((one.get("phase", "starting") for one in reports), key=BEST_FIRST.index)
        chosen = [one for one in reports if one.get("phase", "starting") == best]
        changes = {name: value for name, value in _common(chosen).items() if name != "slots"}
        return replace(before, **{"error": None, "waits": None, **changes})


def _common(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what holds for all of some workers in the same phase."""
    for one in reports:
        if one.get("dataset") != DEFAULT:  # not known yet, or the stand-in
            return one
    if len({one["fingerprint"] for one in reports}) == 1:
        return reports[0]
    standin = DATASETS[DATASETS[DEFAULT].fallback]
    changes = {
        "dataset": standin.name,
        "images": standin.training_images,
        "fingerprint": standin.fingerprint,
        "why": DIFFERENT_DATA,
    }
    return {**reports[0], **changes}
