"""The offline stand-in for MNIST: its digits, where they come from, and how they are framed."""
