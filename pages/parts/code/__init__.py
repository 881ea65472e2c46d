"""Parts of the Your code page."""
