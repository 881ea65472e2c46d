"""Charts, tables, the code editor and pickers."""
