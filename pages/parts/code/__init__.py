"""The Your code page: editing pasted code, running it, and its result."""
