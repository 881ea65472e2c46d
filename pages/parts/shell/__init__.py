"""The server around the pages."""
