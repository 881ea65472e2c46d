"""Downloads: Keras scripts, reports, tables and JSON."""
