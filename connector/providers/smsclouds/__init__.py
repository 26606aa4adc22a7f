"""Smsclouds: SMS campaigns by its API v3 guide, statuses polled, replies polled and pushed. `adapter` is the door."""
