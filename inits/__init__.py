"""Keras weight initializers: their exact laws, what they draw, and how a network learns from them."""

__version__ = "0.1.0"
