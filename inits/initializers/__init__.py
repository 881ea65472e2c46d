"""Keras initializers, optimizers and activations as data, and the exact distribution of each initializer."""
