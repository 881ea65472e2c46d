"""The frame of every page: header, notes, state, session, theme."""
