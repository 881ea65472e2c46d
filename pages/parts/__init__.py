"""What the pages share: the one chart, page set-up and, in time, pickers and URL state."""
