"""Jobs that the web servers of one cluster have in common, agreed on through what the scheduler keeps for all.

A *head* says which job a plan is trained by, in which lanes. Whoever publishes it first has begun the job; whoever
comes later submits the same lanes under the same keys, which Dask runs once. So no web server depends on another.
The records of a lane that is over are published under its key, as bytes in the scheduler: no worker keeps them.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inits.experiments.experiment import Run
from inits.experiments.record import Record

if TYPE_CHECKING:
    from distributed import Client

KEPT_HEADS, KEPT_BYTES = 32, 8_000_000  # of one job
HEAD, LANE = "inits-", "train-"

Lane = Sequence[tuple[int, Run]]


@dataclass(frozen=True)
class Agreement:
    """Under which name a job runs, in which lanes, by key; and the records of lanes that are over already."""

    job: str
    lanes: Mapping[str, Lane]
    records: list[Record] = field(default_factory=list)
    joined: bool = False


class Shares:
    """What is published on one scheduler."""

    def __init__(self, client: Client):
        self._client = client

    def agree(self, head: str, job: str, lanes: Mapping[str, Lane], runs: Sequence[Run]) -> Agreement:
        """Join whoever trains the same, else begin it. What they leave out is added in lanes of its own."""
        if self._claim(head, {"job": job, "began": time.time(), "lanes": _numbers(lanes)}):
            self._tidy(HEAD + head)
            return Agreement(job, lanes)
        theirs = self._client.get_dataset(HEAD + head, default=None)
        if theirs is None:  # it has ended badly in this moment
            return Agreement(job, lanes)
        keys = list(theirs["lanes"])
        over = dict(zip(keys, self._client.get_dataset(keys, default=None), strict=True))
        numbers = {number for lane in theirs["lanes"].values() for number in lane}
        joined = {
            key: [(number, runs[number]) for number in lane]
            for key, lane in theirs["lanes"].items()
            if over[key] is None
        }
        rest = {key: [one for one in lane if one[0] not in numbers] for key, lane in lanes.items()}
        records = [record for one in over.values() if one is not None for record in pickle.loads(one)]
        ours = {key: lane for key, lane in rest.items() if lane}
        return Agreement(theirs["job"], {**joined, **ours}, records, joined=True)

    def _claim(self, head: str, what: Mapping[str, Any]) -> bool:
        """Whether nobody was first."""
        if self._client.get_dataset(HEAD + head, default=None) is not None:
            return False
        try:
            self._client.publish_dataset(what, name=HEAD + head)
        except KeyError:
            return False
        return True

    def keep(self, key: str, records: Sequence[Record], size: int) -> None:
        """Publish the records of a lane that is over, unless its job has become too large (`size` bytes)."""
        if size <= KEPT_BYTES:
            self._client.publish_dataset(pickle.dumps(list(records)), name=key, override=True)

    def forget(self, job: str) -> None:
        """Take back all that is published of a job, so that it can be run again."""
        heads = {name: head for name, head in self._heads().items() if head["job"] == job}
        keys = [key for head in heads.values() for key in head["lanes"]]
        if heads:
            self._client.unpublish_dataset([*heads, *keys])

    def _heads(self) -> dict[str, Any]:
        names = [name for name in self._client.list_datasets() if name.startswith(HEAD)]
        found = zip(names, self._client.get_dataset(names, default=None), strict=True) if names else ()
        return {name: head for name, head in found if head is not None}

    def _tidy(self, mine: str) -> None:
        """Keep the newest heads with their lanes, and `mine`, whatever the clocks of the servers say."""
        lanes = [name for name in self._client.list_datasets() if name.startswith(LANE)]
        heads = sorted(self._heads().items(), key=lambda one: (one[0] == mine, one[1]["began"]))
        kept = {key for _, head in heads[-KEPT_HEADS:] for key in head["lanes"]}
        gone = [name for name, _ in heads[:-KEPT_HEADS]] + [name for name in lanes if name not in kept]
        if gone:
            self._client.unpublish_dataset(gone)


def _numbers(lanes: Mapping[str, Lane]) -> dict[str, list[int]]:
    return {key: [number for number, _ in lane] for key, lane in lanes.items()}
