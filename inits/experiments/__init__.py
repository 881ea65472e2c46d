"""What is trained and what came of it: networks, starts, experiments, records."""
