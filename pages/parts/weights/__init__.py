"""Weight files on the pages."""
