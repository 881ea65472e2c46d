"""Real Keras models, drawn, trained and measured; Keras is never imported in the web process."""
