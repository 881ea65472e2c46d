"""Jobs that the web servers of one cluster share, registered on the Dask scheduler.

A *head* names the job that trains a plan, and its tasks. The server that publishes a head first has begun the job;
the others submit the same tasks under the same keys, and Dask runs each key once. So no server depends on another.
The records of a finished task are published under its key, as bytes in the scheduler: no worker keeps them.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inits.engine.jobs import NumberedRuns
from inits.experiments.experiment import Run
from inits.experiments.record import Record

if TYPE_CHECKING:
    from distributed import Client

MAX_HEADS, MAX_BYTES = 32, 8_000_000  # bytes: of one job
HEAD, TASK = "inits-", "train-"  # prefixes of published names


@dataclass(frozen=True)
class Agreement:
    """The name of the job that trains a plan and its unfinished tasks by key; the records of the finished ones.

    `joined` is True if another server began the job.
    """

    job: str
    tasks: Mapping[str, NumberedRuns]
    records: list[Record] = field(default_factory=list)
    joined: bool = False


class RunRegistry:
    """Entries published on a Dask scheduler."""

    def __init__(self, client: Client):
        self._client = client

    def agree(self, head: str, job: str, tasks: Mapping[str, NumberedRuns], runs: Sequence[Run]) -> Agreement:
        """Join the job that another server began for a head, else begin it. Runs that it lacks get own tasks."""
        if self._claim(head, {"job": job, "began": time.time(), "tasks": _numbers(tasks)}):
            self._tidy(HEAD + head)
            return Agreement(job, tasks)
        theirs = self._client.get_dataset(HEAD + head, default=None)
        if theirs is None:  # it has just failed or was stopped
            return Agreement(job, tasks)
        keys = list(theirs["tasks"])
        over = dict(zip(keys, self._client.get_dataset(keys, default=None), strict=True))
        numbers = {number for task in theirs["tasks"].values() for number in task}
        joined = {
            key: [(number, runs[number]) for number in task]
            for key, task in theirs["tasks"].items()
            if over[key] is None
        }
        rest = {key: [one for one in task if one[0] not in numbers] for key, task in tasks.items()}
        records = [record for one in over.values() if one is not None for record in pickle.loads(one)]
        ours = {key: task for key, task in rest.items() if task}
        return Agreement(theirs["job"], {**joined, **ours}, records, joined=True)

    def _claim(self, head: str, value: Mapping[str, Any]) -> bool:
        """Publish a head. Returns False if another server was first."""
        if self._client.get_dataset(HEAD + head, default=None) is not None:
            return False
        try:
            self._client.publish_dataset(value, name=HEAD + head)
        except KeyError:
            return False
        return True

    def keep(self, key: str, records: Sequence[Record], size: int) -> None:
        """Publish the records of a finished task, unless its job has become too large (`size` bytes)."""
        if size <= MAX_BYTES:
            self._client.publish_dataset(pickle.dumps(list(records)), name=key, override=True)

    def forget(self, job: str) -> None:
        """Remove everything that is published of a job, so that it can be run again."""
        heads = {name: head for name, head in self._heads().items() if head["job"] == job}
        keys = [key for head in heads.values() for key in head["tasks"]]
        if heads:
            self._client.unpublish_dataset([*heads, *keys])

    def _heads(self) -> dict[str, Any]:
        names = [name for name in self._client.list_datasets() if name.startswith(HEAD)]
        found = zip(names, self._client.get_dataset(names, default=None), strict=True) if names else ()
        return {name: head for name, head in found if head is not None}

    def _tidy(self, newest: str) -> None:
        """Keep the newest heads and their tasks; `newest` always, as the clocks of the servers may differ."""
        tasks = [name for name in self._client.list_datasets() if name.startswith(TASK)]
        heads = sorted(self._heads().items(), key=lambda one: (one[0] == newest, one[1]["began"]))
        kept = {key for _, head in heads[-MAX_HEADS:] for key in head["tasks"]}
        gone = [name for name, _ in heads[:-MAX_HEADS]] + [name for name in tasks if name not in kept]
        if gone:
            self._client.unpublish_dataset(gone)


def _numbers(tasks: Mapping[str, NumberedRuns]) -> dict[str, list[int]]:
    return {key: [number for number, _ in task] for key, task in tasks.items()}
