"""Bulk360's operations by name: ``client.messages.send(to="60123240066", text="Hi")``."""

from connector.providers.bulk360.operations import Messages, OAuth
from connector.providers.operation import Client


class Bulk360Client(Client):
    """Every operation of Bulk360's guide."""

    oauth: OAuth
    messages: Messages
