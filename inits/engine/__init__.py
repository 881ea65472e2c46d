"""The engine: jobs on Dask workers, their order, and their results on disk."""

from inits.engine.engine import Engine

__all__ = ["Engine"]
