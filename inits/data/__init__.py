"""The images that networks learn from: MNIST, and a stand-in for use without a network."""
