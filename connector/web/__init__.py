"""The web side: webhooks taken in."""
