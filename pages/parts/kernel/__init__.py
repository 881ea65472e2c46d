"""Views of one kernel, and of all kernels of a network."""
