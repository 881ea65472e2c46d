"""Numbers measured of arrays: statistics, spectra, the nearest initializer, checks."""
