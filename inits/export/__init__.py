"""What people take away: scripts, reports, tables, JSON."""
