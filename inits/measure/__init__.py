"""Measurements of arrays: statistics, spectra, checks and the nearest initializer."""
