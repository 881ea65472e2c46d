"""Jobs on Dask workers: their queue, progress and results on disk."""

from inits.engine.engine import Engine

__all__ = ["Engine"]
