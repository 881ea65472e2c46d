"""Files in folders that several servers share."""

import os
import time

AHEAD = 3600.0  # seconds that another server's clock may be ahead of ours


def last_use(status: os.stat_result) -> float:
    """When a file was used; 0 when that is still to come: the clock was set back, and it is one of the old ones."""
    return status.st_mtime if status.st_mtime < time.time() + AHEAD else 0.0
