"""Access to the engine, its jobs and pasted code."""
