"""One kernel in depth, and many side by side."""
