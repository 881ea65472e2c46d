"""The Signal page."""
