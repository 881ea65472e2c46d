"""What every page has: header, notes, state, refusals, theme."""
