"""The commands: one file a group, put together in `connector.cli.entry`."""

from connector.cli.entry import main

__all__ = ["main"]
