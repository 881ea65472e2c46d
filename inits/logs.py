"""What an operator reads: one line for each thing that happened, `key=value` after its name."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inits.jobs import Job

LEVELS = ("debug", "info", "warning", "error")


def begin(level: str) -> None:
    """Write what this app logs from `level` on to the standard error stream, once."""
    root = logging.getLogger("inits")
    root.setLevel(level.upper())
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root.addHandler(handler)
        root.propagate = False


def run_line(job: Job) -> str:
    """A job that is over, in one line. Numbers and words of ours alone: nothing that a person wrote or uploaded."""
    records = job.moment(0.0).records
    if job.failed:
        outcome = "failed"
    elif any(record.stopped for record in records):
        outcome = "stopped"
    else:
        outcome = "done"
    fields = {
        "name": job.name[:8],
        "kind": "experiment" if job.plan.live else "sweep",
        "runs": len(records),
        "kept": len(job.kept),
        "finished": sum(record.finished for record in records),
        "diverged": sum(record.divergence is not None for record in records),
        "steps": sum(record.done for number, record in enumerate(records) if number not in job.kept),
        "seconds": f"{job.seconds:.1f}",
        "outcome": outcome,
    }
    return " ".join(["run", *(f"{name}={value}" for name, value in fields.items())])
