"""360 SMS App."""
