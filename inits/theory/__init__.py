"""What theory predicts of a network: signals, gradients, trainability, recommendations."""
