"""Keras initializers, optimizers and activations as data, and the exact law of each initializer."""
