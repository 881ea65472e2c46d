"""Predictions for a network: signals, gradients, trainability and recommendations."""
