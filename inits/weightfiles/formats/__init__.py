"""The file formats of weight files, each read as data."""
