"""Charts, tables, editor and pickers."""
