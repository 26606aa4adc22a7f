"""Smsclouds' operations, gathered."""

from connector.providers.operation import Client
from connector.providers.smsclouds.operations.account import User
from connector.providers.smsclouds.operations.lookups import Lookups


class SmscloudsClient(Client):
    """Every operation of Smsclouds' guide: ``client.user.routes()``."""

    user: User
    hlr: Lookups
