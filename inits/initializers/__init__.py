"""Keras initializers and optimizers as data, and the exact law of each initializer."""
