"""What the compute process is doing, put together from what each worker tells of itself."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from inits.data.datasets import DIGITS_FINGERPRINT, STANDIN_IMAGES

Phase = Literal["starting", "keras", "data", "compiling", "ready", "failed"]
NEAREST = ("ready", "compiling", "data", "keras", "starting", "failed")  # to being of use
NOBODY = "The cluster has no worker yet. Theory is ready now."
NO_SLOTS = "no worker of the cluster takes trainings; start them with `--resources training=2`"
UNLIKE = "The workers of the cluster have different MNIST files. Give all of them the same."


@dataclass(frozen=True)
class Status:
    """What the compute process is doing. `dataset` is None until it is known which one can be had."""

    phase: Phase = "starting"
    dataset: str | None = None
    images: int = 0  # to learn from in one epoch
    fingerprint: str = ""  # of the dataset
    versions: str = ""  # of what computes
    why: str | None = None  # MNIST could not be had because ...
    done: int = 0  # bytes of MNIST downloaded
    total: int = 0
    error: str | None = None
    waits: str | None = None  # in a sentence, when it is not TensorFlow that it waits for

    @property
    def ready(self) -> bool:
        return self.phase == "ready"


class Workers:
    """What the workers told last, by address. Those that left are forgotten."""

    def __init__(self, cluster: bool):
        self._cluster = cluster
        self._told: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def hear(self, address: str, news: Mapping[str, Any]) -> None:
        with self._lock:
            self._told[address] = {**self._told.get(address, {}), **news}

    def leave(self, address: str) -> None:
        with self._lock:
            self._told.pop(address, None)

    def forget_data(self) -> None:
        """They look for MNIST again."""
        with self._lock:
            for told in self._told.values():
                told.update(dataset=None, why=None)

    @property
    def addresses(self) -> list[str]:
        with self._lock:
            return list(self._told)

    @property
    def slots(self) -> int:
        """How many trainings run at once on all of them."""
        with self._lock:
            return sum(told.get("slots", 0) for told in self._told.values())

    def together(self, before: Status) -> Status:
        """Ready as soon as one worker is. MNIST only if all that are ready have the same; else the stand-in."""
        with self._lock:
            told = [dict(one) for one in self._told.values()]
        if not told:
            return replace(before, phase="starting", error=None, waits=NOBODY if self._cluster else None)
        if not any(one.get("slots", 1) for one in told):
            return replace(before, phase="failed", error=NO_SLOTS, waits=None)
        nearest = min((one.get("phase", "starting") for one in told), key=NEAREST.index)
        chosen = [one for one in told if one.get("phase", "starting") == nearest]
        news = {name: value for name, value in _agreed(chosen).items() if name != "slots"}
        return replace(before, **{"error": None, "waits": None, **news})


def _agreed(told: list[dict[str, Any]]) -> dict[str, Any]:
    """What holds for all of some workers in the same phase."""
    for one in told:
        if one.get("dataset") != "mnist":  # not known yet, or the stand-in
            return one
    if len({one["fingerprint"] for one in told}) == 1:
        return told[0]
    standin = {"dataset": "digits", "images": STANDIN_IMAGES, "fingerprint": DIGITS_FINGERPRINT}
    return {**told[0], **standin, "why": UNLIKE}
