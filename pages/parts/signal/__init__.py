"""Parts of the Signal page."""
