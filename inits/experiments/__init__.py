"""Experiments as data: networks, starts, sweeps and the records of their runs."""
