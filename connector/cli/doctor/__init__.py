"""`connector doctor`: what is right and wrong around the connector, and what to do about each failure."""
