"""Real Keras models: drawn, trained and probed. Never imported by the web process."""
