"""The engine and its jobs as pages use them."""
