"""Views of weight files."""
