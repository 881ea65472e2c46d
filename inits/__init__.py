"""The library of the app. Its own modules are the base: errors, settings, seeds, text, typed text, logs and files."""

__version__ = "0.1.0"
