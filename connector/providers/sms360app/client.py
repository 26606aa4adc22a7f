"""The typed client of 360 SMS App."""

from connector.providers.operation import Client
from connector.providers.sms360app.operations import Lookup, Messages


class SMS360AppClient(Client):
    """``client.messages.send(…)``, ``client.lookup.phone(…)``."""

    messages: Messages
    lookup: Lookup
