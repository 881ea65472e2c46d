"""Controls of an experiment: network, optimizer and the cards of its starts."""
