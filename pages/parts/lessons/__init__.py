"""Parts of the Lessons page."""
