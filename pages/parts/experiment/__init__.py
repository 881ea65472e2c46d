"""Building an experiment: network, optimizer, start cards."""
