"""Parts of the Choose page."""
